"""A person's observation grows: whatever the portions in which records come, what follows from them is the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starling.assessment import Options
from starling.errors import InputError
from starling.formats.record import Record
from starling.genotyping.collect import collect
from starling.genotyping.evidence import canonical_lines
from starling.genotyping.observed import Observed
from starling.source.door import OpenSource, Wanted, open_source
from starling.vocabulary import SampleGenotypes
from tests.effort import examples
from tests.genotyping.reading import knowledge, shown, site_maps, text_of
from tests.simulators.equivalents import STYLES, render
from tests.simulators.people import person

Records = list[tuple[str, Record]]
STYLES_READ = ("plain", "plain_37", "gvcf_gatk", "gvcf_vcf45", "gvcf_dots", "split", "atomised", "star", "many_samples")


@cache
def source_of(style: str, seed: int, absent: str) -> tuple[OpenSource, Records, SampleGenotypes]:
    """A source that was read, its records, and what follows from all of them at once."""
    options = Options(absent_is_reference=absent)  # type: ignore[arg-type]
    name = person(seed).name
    wanted = Wanted(site_maps(), knowledge(), options, (name,))
    with TemporaryDirectory() as folder:
        (path,) = render(person(seed), STYLES[style], Path(folder))
        with open_source(path, wanted) as source:
            records = list(source.fetch())
        with open_source(path, wanted) as again:
            return source, records, collect([again], wanted).samples[0]


@settings(max_examples=examples(20, 60), deadline=None)
@given(
    style=st.sampled_from(STYLES_READ),
    seed=st.sampled_from([3, 4]),
    absent=st.sampled_from(["no", "force"]),
    data=st.data(),
)
def test_any_split_of_the_records_gives_what_all_at_once_give(
    style: str, seed: int, absent: str, data: st.DataObject
) -> None:
    source, records, whole = source_of(style, seed, absent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=6)))
    seen = Observed(whole.sample, Options(absent_is_reference=absent))  # type: ignore[arg-type]
    for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True):
        seen = seen.plus(source, records[start:end])
    assert seen.genotypes() == whole


@settings(max_examples=examples(15, 40), deadline=None)
@given(style=st.sampled_from(STYLES_READ), data=st.data())
def test_an_observation_stays_what_it_was_when_it_is_read_on(style: str, data: st.DataObject) -> None:
    source, records, whole = source_of(style, 3, "no")
    cut = data.draw(st.integers(0, len(records)))
    first = Observed(whole.sample, Options()).plus(source, records[:cut])
    before = list(canonical_lines(first.genotypes()))
    assert list(canonical_lines(first.plus(source, records[cut:]).genotypes())) == list(canonical_lines(whole))
    assert list(canonical_lines(first.genotypes())) == before


def opened(folder: Path, texts: dict[str, Sequence[str]]) -> list[OpenSource]:
    wanted = Wanted(site_maps(), knowledge())
    for name, records in texts.items():
        (folder / name).write_text(text_of(records))
    return [open_source(folder / name, wanted) for name in texts]


def test_records_of_one_place_in_two_portions_are_parts_of_one_genotype(tmp_path: Path) -> None:
    """A site with two ALTs, one in each portion."""
    (source,) = opened(tmp_path, {"a.vcf": ["chr10 94781859 G A 0/1", "chr10 94781859 G C 0/1"]})
    with source:
        first, second = source.fetch()
        seen = Observed("S", Options()).plus(source, [first])
        assert shown(seen.genotypes(), "chr10:94781859") == "G/A"
        assert shown(seen.plus(source, [second]).genotypes(), "chr10:94781859") == "A/C UNDOCUMENTED_VARIANT"


def test_two_sources_of_one_person_stay_apart(tmp_path: Path) -> None:
    """The second does not add to the first: where they differ, that is said."""
    one, other = opened(tmp_path, {"a.vcf": ["chr10 94781859 G A 0/1"], "b.vcf": ["chr10 94781859 G A 1/1"]})
    with one, other:
        seen = Observed("S", Options()).plus(one, one.fetch()).plus(other, other.fetch())
        with pytest.raises(InputError) as raised:
            seen.genotypes()
    assert raised.value.code == "CONFLICTING_PARTS"


def test_collected_people_can_be_read_on(tmp_path: Path) -> None:
    (source,) = opened(tmp_path, {"a.vcf": ["chr10 94781859 G A 0/1", "chr10 94780653 G A 0/1"]})
    with source:
        wanted = Wanted(site_maps(), knowledge())
        seen = collect([source], wanted).observed["S"]
    assert seen.plus(source, []).genotypes() == seen.genotypes()
