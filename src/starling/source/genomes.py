"""Genomes that are not read: known only so that a refusal can name them.

Source: NCBI assembly reports of GCF_009914755.1 (T2T-CHM13v2.0), GCF_000001405.12 (NCBI36), GCF_000001635.26 (GRCm38)
and GCF_000001635.27 (GRCm39); lengths in bases, of chromosomes 1, 2, ... in this order, then X and Y.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

_CHM13: Final = (
    *(248387328, 242696752, 201105948, 193574945, 182045439, 172126628, 160567428, 146259331, 150617247, 134758134),
    *(135127769, 133324548, 113566686, 101161492, 99753195, 96330374, 84276897, 80542538, 61707364, 66210255),
    *(45090682, 51324926, 154259566, 62460029),
)
_NCBI36: Final = (
    *(247249719, 242951149, 199501827, 191273063, 180857866, 170899992, 158821424, 146274826, 140273252, 135374737),
    *(134452384, 132349534, 114142980, 106368585, 100338915, 88827254, 78774742, 76117153, 63811651, 62435964),
    *(46944323, 49691432, 154913754, 57772954),
)
_GRCM38: Final = (
    *(195471971, 182113224, 160039680, 156508116, 151834684, 149736546, 145441459, 129401213, 124595110, 130694993),
    *(122082543, 120129022, 120421639, 124902244, 104043685, 98207768, 94987271, 90702639, 61431566, 171031299),
    91744698,
)
_GRCM39: Final = (
    *(195154279, 181755017, 159745316, 156860686, 151758149, 149588044, 144995196, 130127694, 124359700, 130530862),
    *(121973369, 120092757, 120883175, 125139656, 104073951, 98008968, 95294699, 90720763, 61420004, 169476592),
    91455967,
)
_HUMAN: Final = (*(f"chr{number}" for number in range(1, 23)), "chrX", "chrY")
_MOUSE: Final = (*(f"chr{number}" for number in range(1, 20)), "chrX", "chrY")

#: Name for a message -> chromosome -> length.
LENGTHS: Final[Mapping[str, Mapping[str, int]]] = {
    "T2T-CHM13": dict(zip(_HUMAN, _CHM13, strict=True)),
    "NCBI36 (hg18)": dict(zip(_HUMAN, _NCBI36, strict=True)),
    "the mouse, GRCm38 (mm10)": dict(zip(_MOUSE, _GRCM38, strict=True)),
    "the mouse, GRCm39 (mm39)": dict(zip(_MOUSE, _GRCM39, strict=True)),
}

#: Name for a message -> words in a file name, URL or accession that name it.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "T2T-CHM13": ("chm13", "chm13v1", "chm13v2", "hs1", "gca_009914755", "gcf_009914755"),
    "NCBI36 (hg18)": ("ncbi36", "hg18", "b36", "build36"),
    "NCBI35 (hg17)": ("ncbi35", "hg17", "b35", "build35"),
    "the mouse, GRCm38 (mm10)": ("grcm38", "mm10"),
    "the mouse, GRCm39 (mm39)": ("grcm39", "mm39"),
    "the mouse, NCBI37 (mm9)": ("mm9",),
    "NCBI34 (hg16)": ("ncbi34", "hg16", "b34", "build34"),
    "CHM1": ("chm1_1",),
    "HuRef": ("huref",),
    "an assembly of HG002": ("hg002v1", "hg002_maternal", "hg002_paternal"),
    "the Korean assembly": ("koref",),
    "the dog": ("canfam3", "canfam4", "canfam6", "ros_cfam_1"),
    "the rhesus macaque": ("rhemac8", "rhemac10", "mmul_8", "mmul_10"),
    "the chimpanzee": ("pantro4", "pantro5", "pantro6"),
    "the zebrafish": ("grcz10", "grcz11", "danrer10", "danrer11"),
    "the pig": ("sscrofa11", "susscr3", "susscr11"),
    "the cow": ("bostau8", "bostau9", "ars-ucd1", "ars-ucd2"),
    "the rat": ("rn6", "rn7", "mratbn7", "rnor_6"),
}

_CHM13_REFSEQ: Final = range(60925, 60949)
_CHM13_GENBANK: Final = range(68254, 68278)


def genome_of_length(chromosome: str, length: int) -> str | None:
    """The genome whose chromosome has this length; None when none is known."""
    return next((name for name, known in LENGTHS.items() if known.get(chromosome) == length), None)


def genome_of_accession(contig: str) -> str | None:
    """The genome of a sequence named by its accession, none of which belongs to a build that is read; None: unknown.

    A human chromosome of another version (`NC_000001.9`) is of an older assembly.
    """
    name, dot, _ = contig.upper().partition(".")
    prefix, digits = (name[:3], name[3:]) if name.startswith("NC_") else (name[:2], name[2:])
    number = int(digits) if dot and digits.isascii() and digits.isdigit() and len(digits) == 6 else 0
    if (prefix == "NC_" and number in _CHM13_REFSEQ) or (prefix == "CP" and number in _CHM13_GENBANK):
        return "T2T-CHM13"
    if prefix == "NC_" and 1 <= number <= 24:
        return "an older human assembly"
    return None


def words_of_other_genomes() -> Iterator[tuple[str, str]]:
    """(word, genome) of every word that names one."""
    for genome, words in WORDS.items():
        for word in words:
            yield word, genome
