"""An engine is handed its knowledge: editions do not know of each other, threads share one, questions narrow it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import starling
from starling.assessment import Assessment, DrugResult, GeneResult, Options, Question
from starling.engine import Engine
from starling.errors import InputError
from starling.knowledge.compile import compile_knowledge
from starling.values import replace
from starling.vocabulary import OutsideCall
from starling_workshop.simulation import Layout, Request, simulate, write_vcf
from tests.bundled import bundled_engine
from tests.effort import WHOLE
from tests.knowledge.small import SOURCE
from tests.simulators.blocks import write_bgzf

OUTSIDE = (
    OutsideCall("CYP2D6", diplotype="*1/*4"),
    OutsideCall("HLA-B", diplotype="*57:01/*07:02"),
    OutsideCall("TPMT", phenotype="Poor Metabolizer"),
)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two simulated people, one of them unphased and with sites missing."""
    engine, folder = bundled_engine(), tmp_path_factory.mktemp("people")
    knowledge, paths = engine.knowledge, []
    loci = [site.locus for each in knowledge.definitions.values() for site in each.sites]
    layouts = [Layout(), Layout(phased=False, missing=frozenset(loci[::7]))]
    for seed, layout in enumerate(layouts, 3):
        path = folder / f"{seed}.vcf"
        patient = simulate(knowledge.definitions, Request(sample=f"S{seed}", seed=seed, sex="male"))
        write_vcf(patient, path, layout, knowledge.contig_lengths)
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Another edition: CYP2C19*2 has normal function."""
    folder = tmp_path_factory.mktemp("edition")
    source = Path(shutil.copytree(SOURCE, folder / "source"))
    table = source / "alleles.tsv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [
        line.replace("No function", "Normal function") if line.startswith("CYP2C19\t*2\t") else line for line in lines
    ]
    assert changed != lines
    table.write_text("".join(changed), encoding="utf-8")
    compile_knowledge(source, folder / "other.kb")
    engine = Engine.open(folder / "other.kb")
    yield engine
    engine.knowledge.close()


def content(assessment: Assessment) -> tuple[object, ...]:
    """What an assessment says, without when it was made."""
    return assessment.sample, assessment.result_sha256, assessment.genes, assessment.drugs


# --- a question narrows the engine, and the answer is the same --------------------------------------------------------


@pytest.mark.parametrize(
    ("turn", "person", "medication", "outside"),
    [(0, 0, (), ()), (1, 1, ("paroxetine", "fluconazole"), OUTSIDE), (2, 1, (), OUTSIDE)],
    ids=["own", "outside and medicines", "outside"],
)
def test_the_answer_about_a_drug_is_that_of_the_whole(
    people: list[Path], turn: int, person: int, medication: tuple[str, ...], outside: tuple[OutsideCall, ...]
) -> None:
    """Every drug in one of the three ways; in all of them with `make exhaustive`."""
    engine = bundled_engine()
    asked = Question(outside=outside, medication=medication, subject={"ancestry": "african", "sex": "male"})
    whole = engine.assess(people[person], asked, options=Options(sex="male"))
    for answer in whole.drugs if WHOLE else whole.drugs[turn::3]:
        narrow = engine.assess(people[person], replace(asked, drugs=(answer.drug,)), options=Options(sex="male"))
        assert narrow.drugs == (answer,)
        for gene in narrow.genes:
            assert gene == whole.gene(gene.gene)
        involved = {*answer.genes_missing, *(gene for row in answer.recommendations for gene in row.genes)}
        assert involved <= {gene.gene for gene in narrow.genes}


def test_several_drugs_and_genes_are_asked_at_once(people: list[Path]) -> None:
    engine = bundled_engine()
    found = engine.assess(people[0], Question(drugs=("Plavix", "codeine"), genes=("NAT2",)))
    assert [each.drug for each in found.drugs] == ["clopidogrel", "codeine"]
    assert {"CYP2C19", "CYP2D6", "NAT2"} <= {each.gene for each in found.genes} < set(engine.knowledge.genes)
    assert found.provenance.options["drugs"] == ("clopidogrel", "codeine")


def test_genes_alone_are_answered_without_advice(people: list[Path]) -> None:
    found = bundled_engine().assess(people[0], Question(genes=("NAT2",)))
    assert ([each.gene for each in found.genes], found.drugs) == (["NAT2"], ())
    assert found.provenance.positions["called"] < 60


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Question(drugs=("nothing",)), "UNKNOWN_DRUG"),
        (Question(genes=("XYZ1",)), "UNKNOWN_GENE"),
    ],
)
def test_what_is_not_known_is_refused_however_narrow_the_question(
    people: list[Path], question: Question, code: str
) -> None:
    with pytest.raises(InputError) as raised:
        bundled_engine().assess(people[0], question)
    assert raised.value.code == code


def test_a_narrow_question_reads_what_bears_on_it(people: list[Path]) -> None:
    engine = bundled_engine().about(Question(drugs=("clopidogrel",)))
    collected = engine.read(people[0])
    assert {locus.chromosome for locus in collected.samples[0].genotypes} == {"chr10"}


def test_other_genes_are_read_only_where_a_file_contradicts_the_ground(people: list[Path], tmp_path: Path) -> None:
    engine, question = Engine.bundled(), Question(drugs=("clopidogrel",))
    assert engine.assess(people[0], question).drugs[0].drug == "clopidogrel"
    assert "places" not in vars(engine) and "maps" not in vars(engine)
    text = people[0].read_text()
    wrong = re.sub(r"(?m)^(chr1\t\d+\t\S+\t)G(\tA\t)", r"\1C\2", text, count=1)  # DPYD, of which nothing was asked
    assert wrong != text
    contradicting = tmp_path / "contradicting.vcf"
    contradicting.write_text(wrong)
    engine.assess(contradicting, question)
    assert "places" in vars(engine)


# --- editions side by side, and threads -------------------------------------------------------------------------------


def test_an_edition_answers_as_it_knows(people: list[Path], other: Engine) -> None:
    question = Question(genes=("CYP2C19",), outside=(OutsideCall("CYP2C19", diplotype="*2/*2"),))
    here, there = (engine.assess(people[0], question).gene("CYP2C19") for engine in (bundled_engine(), other))
    assert (here.phenotype, there.phenotype) == ("Poor Metabolizer", "Normal Metabolizer")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 1), st.sampled_from(["clopidogrel", "codeine", "warfarin", ""])),
        min_size=4,
        max_size=10,
    )
)
def test_two_editions_in_threads_give_what_each_gives_alone(
    people: list[Path], other: Engine, work: list[tuple[bool, int, str]]
) -> None:
    engines = {False: bundled_engine(), True: other}

    def ask(item: tuple[bool, int, str]) -> tuple[object, ...]:
        edition, person, drug = item
        return content(engines[edition].assess(people[person], Question(drugs=(drug,) if drug else ())))

    alone = [ask(item) for item in work]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, work)) == alone


def test_threads_that_open_the_same_engine_at_once_agree(people: list[Path]) -> None:
    engine = Engine.bundled()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: content(engine.assess(people[1])), range(4)))
    assert found == [found[0]] * 4


def test_an_engine_is_replaced_while_others_finish(people: list[Path], other: Engine) -> None:
    held = [Engine.bundled()]
    running = held[0].assess_all(people, Question(drugs=("clopidogrel",)))
    first = next(running)
    held[0] = other
    rest = list(running)
    stamps = {each.provenance.knowledge.sha256 for each in (first, *rest)}
    assert stamps == {bundled_engine().knowledge.stamp.sha256}
    assert held[0].assess(people[0]).provenance.knowledge.sha256 not in stamps


# --- the library ------------------------------------------------------------------------------------------------------


def test_the_library_takes_knowledge_as_it_comes(people: list[Path], other: Engine) -> None:
    answers = [
        content(starling.assess(people[0], drugs="clopidogrel", knowledge=knowledge))
        for knowledge in (other, other.knowledge, other.knowledge.path, str(other.knowledge.path))
    ]
    assert answers == [answers[0]] * 4
    assert answers[0] != content(starling.assess(people[0], drugs="clopidogrel"))


def test_one_name_is_a_list_of_one(people: list[Path]) -> None:
    one = starling.assess(people[0], drugs="codeine", medication="paroxetine")
    assert content(one) == content(starling.assess(people[0], drugs=["codeine"], medication=("paroxetine",)))
    assert not one.provenance.notices or all(note.code != "UNKNOWN_MEDICINE" for note in one.provenance.notices)


def test_an_assessment_survives_its_json_and_is_short_to_look_at(people: list[Path]) -> None:
    found = starling.assess(people[0], medication=["paroxetine"], outside=OUTSIDE)
    assert starling.from_json(starling.to_json(found)) == found
    assert repr(found) == f"<Assessment of S3: {len(found.genes)} genes, {len(found.drugs)} drugs>"
    assert all(isinstance(each, GeneResult) for each in found.genes)
    assert all(isinstance(each, DrugResult) for each in found.drugs)
    assert {"assess", "Engine", "Question"} <= set(dir(starling))


# --- what is proved of a file does not depend on the question ---------------------------------------------------------


def genome(folder: Path, arrange: Callable[[list[str]], None]) -> Path:
    """A BGZF file of a genome, reference everywhere, its records as `arrange` leaves them."""
    knowledge = bundled_engine().knowledge
    known = knowledge.contig_lengths["GRCh38"]
    lengths = {name: known[name] for name in sorted(known, key=lambda name: (len(name), name)) if name != "chrM"}
    rows = [
        (site.chromosome, site.position, f"{site.ref}\t{site.alts[0]}\t.\tPASS\t.\tGT\t0/0")
        for definition in knowledge.definitions.values()
        for site in definition.sites
        if definition.chromosome in lengths
    ]
    for name, length in lengths.items():
        rows += [(name, at, "A\tG\t.\tPASS\t.\tGT\t0/0") for at in range(50_000, length, 150_000)]
    order = {name: number for number, name in enumerate(lengths)}
    lines = [f"{name}\t{at}\t.\t{rest}" for name, at, rest in sorted(rows, key=lambda row: (order[row[0]], row[1]))]
    arrange(lines)
    head = "##fileformat=VCFv4.2\n" + "".join(f"##contig=<ID={name},length={lengths[name]}>\n" for name in lengths)
    path = folder / "genome.vcf.gz"
    text = head + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n" + "\n".join(lines) + "\n"
    write_bgzf(path, text, index=False, size=16_000)
    return path


def last_and_homozygous(place: str) -> Callable[[list[str]], None]:
    def arrange(lines: list[str]) -> None:
        late = next(line for line in lines if line.startswith(place))
        lines.remove(late)
        lines.append(late.replace("0/0", "1/1"))

    return arrange


def swapped(place: str) -> Callable[[list[str]], None]:
    def arrange(lines: list[str]) -> None:
        at = next(number for number, line in enumerate(lines) if line.startswith(place))
        lines[at], lines[at + 1] = lines[at + 1], lines[at]

    return arrange


@pytest.mark.parametrize(
    "arrange",
    [last_and_homozygous("chr1\t97450058\t"), last_and_homozygous("chr10\t94781859\t"), swapped("chr7\t117530955\t")],
    ids=["DPYD *2A last", "CYP2C19*2 last", "CFTR swapped"],
)
@pytest.mark.parametrize("drug", ["capecitabine", "clopidogrel"])
def test_a_narrow_question_believes_of_a_file_what_a_whole_one_does(
    tmp_path: Path, arrange: Callable[[list[str]], None], drug: str
) -> None:
    path = genome(tmp_path, arrange)
    whole, narrow = bundled_engine().assess(path), bundled_engine().assess(path, Question(drugs=(drug,)))
    assert narrow.drug(drug) == whole.drug(drug)
    assert narrow.genes == tuple(whole.gene(each.gene) for each in narrow.genes)
    assert narrow.provenance.input.reader == whole.provenance.input.reader


def test_what_contradicts_the_order_of_one_gene_is_said_of_another(tmp_path: Path) -> None:
    """A record of CFTR out of place: the file is read whole, whatever is asked."""
    path = genome(tmp_path, swapped("chr7\t117530955\t"))
    narrow = bundled_engine().assess(path, Question(drugs=("clopidogrel",)))
    assert narrow.provenance.input.reader == "scan"
    assert any("not sorted" in note.message for note in narrow.provenance.notices)


def test_hla_alone_is_answered_alone(people: list[Path]) -> None:
    stated = (OutsideCall("HLA-B", diplotype="*57:01/*07:02"),)
    found = bundled_engine().assess(people[0], Question(drugs=("abacavir",), outside=stated))
    assert [each.gene for each in found.genes] == ["HLA-B"]
    assert found.drug("abacavir").headline_action in {"avoid", "contraindicated"}


def test_a_question_that_does_not_exist_is_refused(people: list[Path]) -> None:
    with pytest.raises(TypeError, match=r"has no drug\b"):
        starling.assess(people[0], drug="codeine")  # type: ignore[call-arg]
    with pytest.raises(InputError, match="no source"):
        starling.assess([])
    assert starling.assess(people[0], genes="nat2", medication=None).genes[0].gene == "NAT2"
    with pytest.raises(InputError, match="CYP2D6"):
        starling.assess(people[0], genes="CYP2D7")


def test_the_sex_of_the_subject_is_that_of_the_genes_on_x() -> None:
    """A woman with one allele on X is a no-call, however her sex was stated; two sexes are refused."""
    example = Path(starling.__file__).parent / "examples" / "example.vcf"
    stated = starling.assess(example, subject={"sex": "male"}, genes="G6PD")
    option = starling.assess(example, options=Options(sex="male"), genes="G6PD")
    assert stated.gene("G6PD").diplotypes == option.gene("G6PD").diplotypes
    assert stated.provenance.options["sex"] == "male"
    with pytest.raises(InputError) as caught:
        starling.assess(example, subject={"sex": "female"}, options=Options(sex="male"))
    assert caught.value.code == "BAD_OPTION"
