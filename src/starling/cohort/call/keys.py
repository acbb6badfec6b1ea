"""Who shares a pattern: a 128-bit sum for each person and gene over everything that the gene's call can depend on.

Each statement of a record about a site of the gene has a random-looking number; a person's key is the sum over their
statements.  Most people state the usual at most records, so only the exceptions are added.  Two people with equal keys
made the same statements (the chance that any of a billion different patterns collide is below 1e-20); that equal
statements give equal results is then a matter of the pure functions that are called once for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from starling.assessment import Options
from starling.cohort.collect.evidence import FileProfile, Holdings, Row
from starling.definitions import GeneDefinition
from starling.errors import InputError
from starling.genotyping.call import Call, has_genotypes_alone, read_call, view
from starling.genotyping.effects import ANY_OTHER
from starling.genotyping.plan import RecordPlan, SlotPlan, plan_record
from starling.source.fill import Intervals, filled_slots
from starling.source.sites import SiteMap, SiteMaps
from starling.source.witness import Testimony, doubt_of, refuse
from starling.values import dataclass
from starling.vocabulary import BuildName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LANE = 1 << 64
#: Texts of which the statement is kept for the next records.
_KEPT_STATEMENTS = 50_000


@dataclass(frozen=True, slots=True)
class Patterns:
    """The distinct patterns of one gene: `inverse[i]` is person i's (-1: left out), `first[p]` one who has pattern p.

    `explicit`: (layer, person) of the representatives whose column names phase sets on the gene's chromosome.
    """

    gene: str
    first: NDArray[np.int64]
    inverse: NDArray[np.int64]
    explicit: frozenset[tuple[int, int]]


class GeneSites:
    """The sites of one gene in both builds."""

    def __init__(self, definition: GeneDefinition) -> None:
        self.definition = definition
        self._maps = SiteMaps({definition.gene: definition})

    def of(self, build: BuildName) -> SiteMap:
        """The gene's slots in the coordinates of a build."""
        return self._maps.of(build)

    @cached_property
    def regions(self) -> Mapping[tuple[str, str], Intervals]:
        """(build, chromosome) -> the intervals in which a record may speak of the gene's sites."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        builds: tuple[BuildName, ...] = ("GRCh38", "GRCh37")
        for build in builds:
            for chromosome, spans in self.of(build).spans.items():
                found.setdefault((build, chromosome), []).extend(spans)
        return {where: tuple(spans) for where, spans in found.items()}

    def filled(self, profile: FileProfile) -> frozenset[int]:
        """The slots that a file's silence makes reference: only where all of its records were kept."""
        sites = self.of(profile.build)
        genes = frozenset(profile.fillable)
        slots = filled_slots(sites, genes, profile.callable)
        return frozenset(
            number
            for number in slots
            if profile.covers((slot := sites.slots[number]).locus.chromosome, slot.start, slot.last)
        )


def find_patterns(
    rows: Iterable[Row], holdings: Holdings, genes: Sequence[GeneSites], options: Options
) -> dict[str, Patterns]:
    """The distinct patterns of each gene among the people of a shard."""
    keys = _Keys(holdings, genes, options)
    for row in rows:
        keys.add(row)
    return {each.definition.gene: keys.patterns(each.definition) for each in genes}


class _Keys:
    """Sums over rows; everything that is no record is added at the end."""

    def __init__(self, holdings: Holdings, genes: Sequence[GeneSites], options: Options) -> None:
        import numpy as np

        self._holdings = holdings
        self._options = options
        definitions = [each.definition for each in genes]
        self._sites = {each.definition.gene: each for each in genes}
        self._on: dict[str, list[GeneDefinition]] = {}
        for definition in definitions:
            self._on.setdefault(definition.chromosome, []).append(definition)
        people = len(holdings.people)
        self._sums = {definition.gene: np.zeros((2, people), np.uint64) for definition in definitions}
        self._explicit: dict[tuple[int, str], NDArray[np.bool_]] = {}
        self._statements = _Statements(options)
        for (layer, chromosome), users in holdings.phase_sets.items():
            self._named(layer, chromosome)[list(users)] = True

    def add(self, row: Row) -> None:
        """What the row states counts for every gene with a site that it speaks of."""
        import numpy as np

        speaks = self._plans(row)
        if not speaks:
            return
        calls, places = self._statements.of(row)
        coded = row.coded
        for gene, plan in speaks.items():
            tokens = np.array(_tokens(row, calls, plan, self._sites[gene].of(row.build)), np.uint64)[places].T
            usual = tokens[:, coded.default]
            extra = tokens[:, coded.codes] - usual[:, None]
            sums = self._sums[gene]
            sums += usual[:, None]
            sums[:, coded.people] += extra
        explicit = np.array([isinstance(call, Call) and call.explicit for call in calls])[places]
        if explicit.any():
            named = self._named(row.layer, row.chromosome)
            if explicit[coded.default]:
                others = np.ones(len(named), bool)
                others[coded.people] = False
                named |= others
            named[coded.people] |= explicit[coded.codes]

    def _named(self, layer: int, chromosome: str) -> NDArray[np.bool_]:
        import numpy as np

        return self._explicit.setdefault((layer, chromosome), np.zeros(len(self._holdings.people), bool))

    def _plans(self, row: Row) -> dict[str, RecordPlan]:
        """What the row means at the sites of each gene of which it speaks."""
        found: dict[str, RecordPlan] = {}
        for definition in self._on.get(row.chromosome, ()):
            sites = self._sites[definition.gene]
            spans = sites.regions.get((row.build, row.chromosome), ())
            if any(first <= row.end and row.position <= last for first, last in spans):
                plan = plan_record(row.record(()), sites.of(row.build).chromosomes[row.chromosome])
                if plan is not None:
                    found[definition.gene] = plan
        return found

    def patterns(self, definition: GeneDefinition) -> Patterns:
        """The distinct sums of a gene, with one person for each."""
        import numpy as np

        sums = self._sums[definition.gene] + self._context(definition)
        present = np.flatnonzero(np.any(np.array(self._holdings.layers) >= 0, axis=0))
        pairs = np.ascontiguousarray(sums.T[present]).view([("high", np.uint64), ("low", np.uint64)]).ravel()
        _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
        whole = np.full(sums.shape[1], -1, np.int64)
        whole[present] = inverse
        representatives = present[first]
        explicit = frozenset(
            (layer, int(person))
            for (layer, chromosome), named in self._explicit.items()
            if chromosome == definition.chromosome
            for person in representatives[named[representatives]]
        )
        return Patterns(definition.gene, representatives, whole, explicit)

    def _context(self, definition: GeneDefinition) -> NDArray[np.uint64]:
        """What decides beside the records: how far files are believed, their kind, what they fill, phase sets, sex."""
        import numpy as np

        holdings, sites = self._holdings, self._sites[definition.gene]
        total = self._doubts.copy()
        profiles = [
            f"{each.build} {each.mitochondrial_reference_known} {each.is_gvcf} {each.supported} "
            f"{sorted(sites.filled(each))}"
            for each in holdings.files
        ]
        for number, layer in enumerate(holdings.layers):
            kinds = np.array([*(_hashed(f"file {number} {text}") for text in profiles), (0, 0)], np.uint64)
            total += kinds[np.array(layer)].T
            named = self._explicit.get((number, definition.chromosome))
            if named is not None:
                total[:, named] += np.array(_hashed(f"phase sets {number}"), np.uint64)[:, None]
        if definition.chromosome == "chrX":
            for sex, people in holdings.sex.items():
                total[:, list(people)] += np.array(_hashed(f"sex {sex}"), np.uint64)[:, None]
        return total

    @cached_property
    def _doubts(self) -> NDArray[np.uint64]:
        """A number for what is not believed of each person's files together, or that they are of another genome."""
        import numpy as np

        total = np.zeros((2, len(self._holdings.people)), np.uint64)
        files = self._holdings.files
        if not total.size or all(each.testimony.is_clean for each in files):
            return total
        sets, own = np.unique(np.array(self._holdings.layers), axis=1, return_inverse=True)
        told = [_believed([files[number].testimony for number in each if number >= 0]) for each in sets.T.tolist()]
        total += np.array([_hashed(text) for text in told], np.uint64)[own.ravel()].T
        return total


def _believed(testimonies: Sequence[Testimony]) -> str:
    try:
        refuse(testimonies, "")
    except InputError as error:
        return error.code
    return doubt_of(testimonies)


class _Statements:
    """What texts state: read once for all records that are alike in everything that a call is read by."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._known: dict[tuple[str, int, str, tuple[str, ...]], dict[str | None, int]] = {}
        self._numbers: dict[Call | None, int] = {None: 0}
        self._statements: list[Call | None] = [None]

    def of(self, row: Row) -> tuple[list[Call | str | None], list[int]]:
        """The distinct statements of a row, and which of them each of its texts makes.

        The quality of a call, which no result depends on, is left out.
        """
        texts = row.coded.texts
        if has_genotypes_alone(row.format, row.filter):
            return list(texts), list(range(len(texts)))
        known = self._alike(row)
        prepared = view(row.record(()), row.chromosome)
        for text in texts:
            if text is not None and text not in known:
                known[text] = self._number(read_call(prepared, text, self._options)._replace(quality=None))
        stated = [known[text] for text in texts]
        places = {number: place for place, number in enumerate(dict.fromkeys(stated))}
        return [self._statements[number] for number in places], [places[number] for number in stated]

    def _number(self, statement: Call) -> int:
        number = self._numbers.setdefault(statement, len(self._statements))
        if number == len(self._statements):
            self._statements.append(statement)
        return number

    def _alike(self, row: Row) -> dict[str | None, int]:
        """Text -> number of its statement, from the records before.

        The chromosome counts on chrM, and where it is part of the names of phase sets.
        """
        if sum(map(len, self._known.values())) > _KEPT_STATEMENTS:
            self._known, self._numbers, self._statements = {}, {None: 0}, [None]
        named = row.chromosome == "chrM" or any("|" in text for text in row.coded.texts if text is not None)
        alike = (row.chromosome if named else "", len(row.alts), row.filter, row.format)
        return self._known.setdefault(alike, {None: 0})


def _tokens(row: Row, calls: Sequence[Call | str | None], plan: RecordPlan, sites: SiteMap) -> list[tuple[int, int]]:
    """A number for each distinct statement of a record; none at all where there is no such record.

    Reference blocks of different people begin and end anywhere: of each block only the sites inside it count.
    """
    if ANY_OTHER.issuperset(row.alts):
        places = [_within(slot, sites) for slot in plan.slots]
    else:
        places = [f"{row.position} {row.end} {row.ref} {row.alts}"]
    record = f"{row.layer} {row.build} {row.chromosome} {row.filter}"
    tokens = []
    for call in calls:
        text = "" if call is None else _stable(call)
        parts = [(0, 0)] if call is None else [_hashed(f"{record} {place} {text}") for place in places]
        tokens.append((sum(high for high, _ in parts) % _LANE, sum(low for _, low in parts) % _LANE))
    return tokens


def _within(plan: SlotPlan, sites: SiteMap) -> str:
    """What a block says of one slot, without where it begins and ends outside of it."""
    slot = sites.slots[plan.slot]
    start, end = max(plan.start, slot.start), min(plan.end, slot.last)
    return f"{plan.slot} {plan.speaks} {plan.words} {start} {end}"


def _stable(call: Call | str) -> str:
    if isinstance(call, str):
        return call
    return repr(call._replace(unread=frozenset(), length=None)) + repr(sorted(call.unread))


def _hashed(text: str) -> tuple[int, int]:
    digest = blake2b(text.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def texts_of(row: Row, people: NDArray[np.int64]) -> Iterator[str | None]:
    """What each of `people` has in a row."""
    import numpy as np

    coded = row.coded
    places = np.searchsorted(coded.people, people)
    inside = np.minimum(places, max(len(coded.people) - 1, 0))
    if len(coded.people) == 0:
        return (coded.texts[coded.default] for _ in people)
    found = coded.people[inside] == people
    numbers = np.where(found, coded.codes[inside], coded.default)
    return (coded.texts[number] for number in numbers)
