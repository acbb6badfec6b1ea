"""Whether a file is of the genome that it names, as its own records tell.

Sites used: CYP2C19 94781859 G>A (*2), 94780653 G>A (*3), 94781858 C>T; on chr10 of GRCh37 rs3758581 has another REF.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from starling.assessment import Assessment, Options
from starling.errors import InputError
from starling.source.sites import SiteMaps
from starling.source.witness import DISPLACED, REFUSED_SITES, SEVERAL
from starling.vocabulary import SampleGenotypes, Why
from tests.bundled import bundled_engine
from tests.genotyping.reading import at, collected, line, read, shown, site_maps, text_of
from tests.simulators.equivalents import STYLES, rows_of, save_rows
from tests.simulators.people import person

G38, G37 = "##reference=GRCh38", "##reference=GRCh37"
STAR2, STAR3 = "chr10:94781859", "chr10:94780653"
BLOCK = "chr10 94781840 A <NON_REF> GT 0/0 PASS END=94781900"
STATED = "chr10 94780653 G A 0/1"
#: Known sites where REF is G, and a record that writes A for it.
WRONG = tuple(
    f"chr10 {slot.position} A G 0/1"
    for slot in site_maps().of("GRCh38").chromosomes["chr10"].bases.values()
    if slot.reference == "G" and slot.position not in range(94_781_840, 94_781_900) and slot.position != 94_780_653
)


def in_order(records: Sequence[str]) -> list[str]:
    return sorted(records, key=lambda record: int(record.split()[1]))


def test_one_record_of_another_genome_takes_blocks_away_and_nothing_else() -> None:
    person = read(*in_order([BLOCK, STATED, WRONG[0]]), header=G38)
    assert shown(person, STAR2) == "nocall REFERENCE_IN_DOUBT"
    assert (shown(person, STAR3), at(person, STAR3).doubts) == ("G/A", ())
    assert shown(read(BLOCK, STATED, header=G38), STAR2) == "G/G"


def test_several_leave_nothing_certain() -> None:
    person = read(*in_order([STATED, *WRONG[:SEVERAL]]), header=G38)
    assert shown(person, STAR3) == "G/A REFERENCE_IN_DOUBT"
    assert at(person, STAR3).doubts == (Why.REFERENCE,)


def test_many_are_refused_in_one_line() -> None:
    message = r"REF is not the base of GRCh38 at 10 of 11 tested positions \(chr10:\d+ states A for G\)"
    with pytest.raises(InputError, match=message) as caught:
        read(*in_order([STATED, *WRONG[:REFUSED_SITES]]), header=G38)
    assert caught.value.code == "REFERENCE_DIFFERS"


def test_a_share_of_many_is_not_refused() -> None:
    wrong = WRONG[:REFUSED_SITES]
    taken = {record.split()[1] for record in (STATED, *wrong)}
    slots = [
        slot for slot in site_maps().of("GRCh38").chromosomes["chr10"].bases.values() if str(slot.position) not in taken
    ]
    right = [f"chr10 {slot.position} {slot.words[0]} {slot.words[1]} 0/0" for slot in slots]
    assert len(right) > 3 * len(wrong)
    person = read(*in_order([STATED, *right, *wrong]), header=G38)
    assert shown(person, STAR3) == "G/A REFERENCE_IN_DOUBT"


@pytest.mark.parametrize("unclear", ["N", "chrM"])
def test_what_is_no_witness(unclear: str) -> None:
    """N is no base, and which sequence chrM has is told elsewhere."""
    odd = {"N": "chr10 94780653 N A 0/1", "chrM": "chrM 1555 G A 1"}[unclear]
    records = [BLOCK, odd] if unclear == "chrM" else [odd, BLOCK]
    assert shown(read(*records, header=G38), STAR2) == "G/G"


def test_plink_says_which_reference_it_does_not_know() -> None:
    records = [f"{record.rsplit(' ', 1)[0]} GT 0/1 PASS PR" for record in WRONG]
    person = read(*in_order([STATED, *records]), header=G38)
    assert (shown(person, STAR3), at(person, STAR3).doubts) == ("G/A", ())


def test_the_bases_of_the_other_build_show_a_lifted_file() -> None:
    """Its blocks hold but where the builds differ: there they may mean the other base."""
    lifted = "chr10 94842866 G A 0/1"
    other = "chr7 99672900 A <NON_REF> GT 0/0 PASS END=99672950"
    person = read(BLOCK, lifted, other, header=G38)
    assert shown(person, STAR2) == "G/G"
    assert shown(person, "chr7:99672916") == "nocall REFERENCE_IN_DOUBT"
    assert shown(read(BLOCK, other, header=G38), "chr7:99672916") == "T/T"


def beside(count: int) -> list[str]:
    """Variants one base behind sites at which nothing else is tested."""
    bases = site_maps().of("GRCh38").chromosomes["chr10"].bases
    places = [slot for slot in bases.values() if not {slot.position + 1, slot.position + 2} & bases.keys()]
    return [f"chr10 {slot.position + 1} {slot.words[0]} {slot.words[1]} 0/1" for slot in places[:count]]


@pytest.mark.parametrize(("count", "doubted"), [(DISPLACED - 1, False), (DISPLACED, True)])
def test_variants_beside_their_place_show_that_records_were_displaced(count: int, *, doubted: bool) -> None:
    person = read(*in_order([STATED, *beside(count)]), header=G38)
    assert (Why.REFERENCE in at(person, STAR3).doubts) is doubted


def test_a_variant_that_nobody_has_shows_nothing() -> None:
    absent = [record.replace("0/1", "0/0") for record in beside(2 * DISPLACED)]
    assert at(read(*in_order([STATED, *absent]), header=G38), STAR3).doubts == ()


def test_another_file_of_the_person_may_know_what_a_disbelieved_block_does_not() -> None:
    texts = {
        "a.vcf": text_of(in_order([BLOCK, WRONG[0]]), header=G38),
        "b.vcf": text_of(["chr10 94781859 G A 0/1"], header=G38),
    }
    assert shown(collected(texts).samples[0], STAR2) == "G/A"


# --- the files of one person ------------------------------------------------------------------------------------------

CYP3A5 = "chr7:99672916"
ITS_BLOCK = "chr7 99672900 A <NON_REF> GT 0/0 PASS END=99672950"
LIFTED = "chr10 94842866 G A 0/1"


def together(
    *files: Sequence[str], options: Options = Options(), maps: SiteMaps | None = None, samples: Sequence[str] = "SSSSS"
) -> Sequence[SampleGenotypes]:
    """Everybody in files with these records, one sample each."""
    texts = {
        f"{number}.vcf": text_of(in_order(records), header=G38, samples=(sample,))
        for number, (records, sample) in enumerate(zip(files, samples, strict=False))
    }
    return collected(texts, options, maps=maps).samples


@pytest.mark.parametrize("files", [([LIFTED], [ITS_BLOCK]), ([ITS_BLOCK], [LIFTED])])
def test_one_lifted_file_of_a_person_was_not_lifted_alone(files: Sequence[Sequence[str]]) -> None:
    """A file of chr7 holds nothing that shows it; that of chr10 does, whichever is read first."""
    (one,) = together(*files)
    assert shown(one, CYP3A5) == "nocall REFERENCE_IN_DOUBT"
    assert shown(together([STATED], [ITS_BLOCK])[0], CYP3A5) == "T/T"


def test_a_header_that_says_so_speaks_for_the_other_files() -> None:
    header = f"{G38}\n##liftOverChainFile=hg19ToHg38.over.chain.gz"
    texts = {"a.vcf": text_of([STATED], header=header), "b.vcf": text_of([ITS_BLOCK], header=G38)}
    assert shown(collected(texts).samples[0], CYP3A5) == "nocall REFERENCE_IN_DOUBT"


def test_a_file_of_somebody_else_says_nothing() -> None:
    lifted, other = together([LIFTED, ITS_BLOCK], [ITS_BLOCK], samples="AB")
    assert shown(lifted, CYP3A5) == "nocall REFERENCE_IN_DOUBT"
    assert shown(other, CYP3A5) == "T/T"


def test_records_displaced_in_several_files_leave_nothing_certain_in_any() -> None:
    """Each file has one variant beside its place, which one person in ten has by chance."""
    (one,) = together([STATED], *([record] for record in beside(DISPLACED)))
    assert at(one, STAR3).doubts == (Why.REFERENCE,)
    (one,) = together([STATED], *([record] for record in beside(DISPLACED - 1)))
    assert at(one, STAR3).doubts == ()


def test_one_displaced_record_that_two_files_hold_is_one() -> None:
    (one,) = together([STATED], *([beside(1)[0]] for _ in range(DISPLACED)))
    assert at(one, STAR3).doubts == ()


def test_files_that_are_of_another_genome_together_are_refused() -> None:
    half = REFUSED_SITES // 2
    message = r"REF is not the base of GRCh38 at 10 of 11 tested positions"
    with pytest.raises(InputError, match=message) as caught:
        together([STATED, *WRONG[:half]], WRONG[half:REFUSED_SITES])
    assert (caught.value.code, caught.value.source) == ("REFERENCE_DIFFERS", "0.vcf, 1.vcf")


def test_silence_of_one_file_is_not_believed_when_another_contradicts_the_genome() -> None:
    options = Options(absent_is_reference="force")
    believed, other = together([STATED], options=options), together([STATED], [WRONG[0]], options=options)
    assert shown(believed[0], STAR2) == "G/G"
    assert shown(other[0], STAR2) == "notassayed"
    (lifted,) = together([STATED], [LIFTED], options=options)
    assert (shown(lifted, STAR2), shown(lifted, CYP3A5)) == ("G/G", "notassayed")


@pytest.mark.parametrize("files", [([LIFTED], [ITS_BLOCK]), ([LIFTED, ITS_BLOCK],)])
def test_a_narrow_question_believes_no_more_than_a_whole_one(files: Sequence[Sequence[str]]) -> None:
    """What shows the lift-over is a record of CYP2C19; asked is CYP3A5 alone."""
    (one,) = together(*files, maps=site_maps().about(["CYP3A5"]))
    assert shown(one, CYP3A5) == "nocall REFERENCE_IN_DOUBT"


def test_support_that_other_genes_have_is_missing_in_a_narrow_question(tmp_path: Path) -> None:
    """`0/0` without depth among records that have one was filled in, whatever is asked."""
    records = [STATED.replace("0/1", "GT:DP 0/1:30"), "chr7 99672916 T C GT:DP 0/0:."]
    for maps in (site_maps(), site_maps().about(["CYP3A5"])):
        (one,) = together(records, maps=maps)
        assert shown(one, CYP3A5) == "nocall NO_SUPPORT"


def assessed(folder: Path, records: Sequence[str], header: str) -> Assessment:
    columns = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "P"])
    path = folder / "one.vcf"
    path.write_text("\n".join(["##fileformat=VCFv4.3", header, columns, *map(line, records)]) + "\n", encoding="utf-8")
    return bundled_engine().assess(path)


def test_a_reference_that_is_not_published_is_not_certain_when_another_base_is_written(tmp_path: Path) -> None:
    """CYP2C19 94780544, T>C: REF and ALT may be exchanged, or the builds differ there; the file cannot tell which."""
    rows = [row for row in rows_of(person(0), STYLES["plain_37"]) if row[0] == "chr10"]
    turned = [(*row[:3], row[4], row[3], *row[5:]) if row[1] == "96540301" else row for row in rows]
    found = []
    for name, kept in (("as it is", rows), ("turned", turned)):
        (tmp_path / name).mkdir()
        (path,) = save_rows(tmp_path / name, person(0), STYLES["plain_37"], kept)
        found.append(bundled_engine().assess(path).gene("CYP2C19"))
    assert found[0].phenotype_certain
    assert not found[1].phenotype_certain
    assert "REFERENCE_IN_DOUBT" in {notice.code for notice in found[1].warnings}


def test_the_reason_is_said_in_words(tmp_path: Path) -> None:
    found = assessed(tmp_path, in_order([STATED, *WRONG[:SEVERAL]]), G38).gene("CYP2C19")
    assert not found.phenotype_certain
    assert "REFERENCE_IN_DOUBT" in {notice.code for notice in found.warnings}
