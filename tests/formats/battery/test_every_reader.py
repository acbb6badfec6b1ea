"""What every registered reader must do.  A format that is registered and has no writer here fails the first test."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

import pytest

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.registry import formats, head_of, sniff
from starling.genotyping.collect import collect
from starling.source.door import Wanted, open_source
from starling.source.sites import SiteMaps
from starling.vocabulary import Locus, SampleGenotypes, State
from tests.bundled import bundled_knowledge
from tests.formats.battery.writers import WRITERS, Writer
from tests.simulators.arrays import Probe, patient, probes

NAMES = [each.name for each in formats()]
OPEN = Path("/proc/self/fd")
PAIRS = ({"A", "T"}, {"C", "G"})
Bases = dict[Locus, list[str]]


@cache
def person(seed: int) -> tuple[Probe, ...]:
    """What every format can write of a person: sites of one base whose one ALT is not that of the other strand."""
    found = {
        probe.name: probe
        for probe in probes(patient(seed))
        if len(probe.site.ref) == len("".join(probe.site.alts)) == 1
        and {probe.site.ref, *probe.site.alts} not in PAIRS
        and probe.site.ref_grch37 == probe.site.ref
        and probe.site.chromosome not in {"chrX", "chrM"}
    }
    return tuple(found.values())


def expected(found: Sequence[Probe]) -> Bases:
    return {probe.site.locus: sorted(probe.alleles) for probe in found if probe.alleles}


def called(sample: SampleGenotypes) -> Bases:
    return {
        locus: sorted(genotype.alleles)
        for locus, genotype in sample.genotypes.items()
        if genotype.state is State.CALLED
    }


@cache
def maps() -> SiteMaps:
    return SiteMaps(bundled_knowledge().definitions)


def read(
    path: str | Path,
    options: Options = Options(),
    samples: tuple[str, ...] | None = None,
    genes: Collection[str] | None = None,
) -> dict[str, Bases]:
    """sample -> what was called."""
    wanted = Wanted(maps() if genes is None else maps().about(genes), bundled_knowledge(), options, samples)
    with open_source(path, wanted) as source:
        return {sample.sample: called(sample) for sample in collect([source], wanted).samples}


def one_line(error: InputError, name: str) -> None:
    assert error.message.startswith(name)
    assert "\n" not in error.message
    assert error.advice


def test_every_registered_format_is_tested() -> None:
    assert set(NAMES) == set(WRITERS)
    assert len(NAMES) == len(set(NAMES))


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def writer(name: str) -> Writer:
    return WRITERS[name]


@pytest.fixture
def file(writer: Writer, tmp_path: Path) -> Path:
    """One person in the format, under a name that says nothing of it."""
    return writer.write(tmp_path / writer.name, {"S0": person(0)})


def test_the_content_decides_whatever_the_name(file: Path, name: str) -> None:
    found = sniff(head_of(file))
    assert found is not None
    assert found.name == name


def test_same_genotypes_for_the_same_person(file: Path) -> None:
    assert len(person(0)) > 100
    assert read(file) == {"S0": expected(person(0))}


def test_compressed_or_not(file: Path, writer: Writer, tmp_path: Path) -> None:
    if file.read_bytes()[:2] == b"\x1f\x8b":
        return  # it is compressed by nature
    packed = file.with_name(f"{file.name}.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert read(packed) == read(file)
    packed.write_bytes(packed.read_bytes()[:-200])
    with pytest.raises(InputError) as raised:
        read(packed)
    one_line(raised.value, packed.name)


def test_other_people(writer: Writer, tmp_path: Path) -> None:
    """Several people in one file are kept apart, those asked for are read, and a name that is not there is refused."""
    people = {f"S{seed}": person(seed) for seed in range(3 if writer.many else 1)}
    path = writer.write(tmp_path / writer.name, people)
    assert read(path) == {sample: expected(found) for sample, found in people.items()}
    last = list(people)[-1]
    assert read(path, samples=(last,)) == {last: expected(people[last])}
    with pytest.raises(InputError) as raised:
        read(path, samples=("nobody",))
    assert raised.value.code == "SAMPLE_NOT_FOUND"
    assert last in raised.value.message


def test_some_genes_only(file: Path) -> None:
    """A narrower question has the same answer for what it asks."""
    asked = ("CYP2C19", "TPMT")
    whole = expected([probe for probe in person(0) if probe.site.gene in asked])
    assert read(file, genes=asked) == {"S0": whole}


def test_an_empty_file(tmp_path: Path, writer: Writer) -> None:
    path = tmp_path / writer.name
    path.write_bytes(b"")
    with pytest.raises(InputError) as raised:
        read(path)
    assert raised.value.code == "FILE_EMPTY"
    one_line(raised.value, path.name)


def test_a_truncated_file_is_refused_or_says_less(file: Path, tmp_path: Path) -> None:
    """Wherever a copy was cut off, it says nothing of the person that the whole does not say."""
    data, whole = file.read_bytes(), read(file)["S0"]
    cut = tmp_path / "cut.txt"
    refused = 0
    for part in range(1, 40):
        cut.write_bytes(data[: len(data) * part // 40])
        try:
            found = read(cut).get("S0", {})
        except InputError as error:
            one_line(error, cut.name)
            refused += 1
            continue
        assert found.items() <= whole.items()
        assert len(found) < len(whole)
    assert refused


def test_garbage_behind_the_beginning_is_refused(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "garbage.txt"
    path.write_bytes(file.read_bytes()[:200] + b"\x00\xff\xfe\tgarbage\n" * 20)
    with pytest.raises(InputError) as raised:
        read(path)
    one_line(raised.value, path.name)


def test_another_build_than_stated_is_refused(file: Path, writer: Writer) -> None:
    if not writer.build:
        assert read(file, Options(build="GRCh37")) == read(file)
        return
    other = "GRCh38" if writer.build == "GRCh37" else "GRCh37"
    with pytest.raises(InputError) as raised:
        read(file, Options(build=other))  # type: ignore[arg-type]
    assert raised.value.code == "BUILD_CONFLICT"
    one_line(raised.value, file.name)


def test_no_site_of_ours(writer: Writer, tmp_path: Path) -> None:
    """A gene's neighbour is no site: nothing is called, or it is said that nothing can be."""
    from starling.values import replace

    strangers = [
        Probe(replace(probe.site, position=probe.site.position + 7_000_000, position_grch37=5), f"q{at}", probe.alleles)
        for at, probe in enumerate(person(0)[:5])
    ]
    path = writer.write(tmp_path / writer.name, {"S0": strangers})
    try:
        assert read(path) == {"S0": {}}
    except InputError as error:
        one_line(error, path.name)


def test_standard_input(file: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as the file is, where the format can be; else refused in one line."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    (reader,) = (each for each in formats() if each.name == name)
    if reader.pipes:  # a format that names its only sample after the file has no other name for it here
        assert list(read("-").values()) == list(read(file).values())
        return
    with pytest.raises(InputError) as raised:
        read("-")
    one_line(raised.value, "stdin")


def test_from_an_archive_or_a_pipe(file: Path, name: str, tmp_path: Path) -> None:
    """The one text in a ZIP archive is read as the file is, and what cannot be is refused in one line."""
    archive = file.with_name(f"{file.stem}.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(file, "folder/content.txt")
        packed.writestr("__MACOSX/._content.txt", b"\0")
    (reader,) = (each for each in formats() if each.name == name)
    if reader.pipes:
        assert read(archive) == read(file)
        return
    with pytest.raises(InputError) as raised:
        read(archive)
    one_line(raised.value, archive.name)


@pytest.mark.skipif(not OPEN.is_dir(), reason="the system does not list open files")
def test_everything_is_closed(file: Path, tmp_path: Path) -> None:
    """Whether it was read or refused, no file stays open."""
    read(file)  # what is opened once and for all (a database, a module) is open now
    before = len(list(OPEN.iterdir()))
    read(file)
    cut = tmp_path / "cut.txt"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    for path, options in ((cut, Options()), (file, Options(build="GRCh37")), (file, Options(build="GRCh38"))):
        try:
            read(path, options)
        except InputError:
            continue
    assert len(list(OPEN.iterdir())) == before


def test_reading_again_gives_the_same(file: Path) -> None:
    wanted = Wanted(maps(), bundled_knowledge())
    digests = []
    for _ in range(2):
        with open_source(file, wanted) as source:
            found = collect([source], wanted)
            digests.append((found.evidence_sha256(found.samples[0]), found.samples[0].notices, source.stamp))
    assert digests[0] == digests[1]


def test_some_stretches_only(file: Path) -> None:
    """Whoever asks for a stretch gets the records in it and no others."""
    wanted = Wanted(maps(), bundled_knowledge())
    with open_source(file, wanted) as source:
        spans = {name: source.sites.spans[name][:1] for name in ("chr10", "chr22")}
        found = [(name, record) for name, record in source.fetch(spans)]
        assert found
        for name, record in found:
            assert any(start <= record.end and record.position <= end for start, end in spans[name])
