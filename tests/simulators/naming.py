"""Chromosome names and lengths of both builds, as files of different origins write them.

Source: NCBI assemblies GCF_000001405.40 (GRCh38.p14) and GCF_000001405.25 (GRCh37.p13); PLINK 1.9 chromosome codes.
"""

from __future__ import annotations

CHROMOSOMES = tuple(f"chr{name}" for name in (*range(1, 23), "X", "Y", "M"))

_LENGTHS_38 = (
    248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422,
    135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167,
    46709983, 50818468, 156040895, 57227415, 16569,
)  # fmt: skip
_LENGTHS_37 = (
    249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431, 135534747,
    135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983, 63025520,
    48129895, 51304566, 155270560, 59373566, 16569,
)  # fmt: skip
_REFSEQ_38 = (11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12, 11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10)
_REFSEQ_37 = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)

LENGTHS = {
    "GRCh38": dict(zip(CHROMOSOMES, _LENGTHS_38, strict=True)),
    "GRCh37": dict(zip(CHROMOSOMES, _LENGTHS_37, strict=True)),
}

#: Contigs that no caller of star alleles may look at, although some hold copies of the genes.
DECOYS = {
    "chr10_KI270825v1_alt": 188315,
    "chr22_KI270879v1_alt": 304135,
    "chrUn_KI270742v1": 186739,
    "chrEBV": 171823,
    "HLA-B*57:01:01": 3275,
    "hs37d5": 35477943,
}


def name_of(chromosome: str, naming: str, build: str) -> str:
    """What a file calls `chromosome` (given as chr10, chrX, chrM)."""
    bare = chromosome.removeprefix("chr")
    if naming == "chr":
        return chromosome
    if naming == "plain":
        return "MT" if bare == "M" else bare
    if naming == "plink":
        return {"X": "23", "Y": "24", "M": "26"}.get(bare, bare)
    if bare == "M":
        return "NC_012920.1"
    index = CHROMOSOMES.index(chromosome)
    version = (_REFSEQ_38 if build == "GRCh38" else _REFSEQ_37)[index]
    return f"NC_{index + 1:06d}.{version}"
