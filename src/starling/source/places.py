"""Which site a marker of an array tests: its name and its place must say the same.

A marker that is named for one known site and stands elsewhere contradicts itself: nobody can know which of the two is
wrong, so it is not read, and it is named.  An insertion or deletion stands anywhere within its repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from starling.definitions import GeneDefinition, Site
from starling.errors import InputError
from starling.formats.markers import Marker, MarkerTable
from starling.gene_places import position_in
from starling.values import dataclass
from starling.vocabulary import BuildName, Locus, Remark

#: Sites that contradict the rest of a file (another place than their name's, the bases of the other strand), above
#: which the whole file is refused.  Source: this project's reading rules (docs/how-to/other-inputs.md).
MOST_CONTRADICTIONS: Final = 2
#: Last base of the chrM of build 37's rCRS; NC_001807 of older exports has two more.
#: Source: NC_012920.1 (16,569 bases), NC_001807.4 (16,571 bases).
_LAST_MITOCHONDRIAL: Final = 16_569
#: An rsid within a name of the array's own, as in GSA-rs1800460 or rs1800460_dup.
_RSID: Final = re.compile(r"(?<![a-z0-9])rs\d+(?![0-9])")
_BUILDS: Final[tuple[BuildName, ...]] = ("GRCh38", "GRCh37")
_LETTERS: Final = frozenset("ID")


@dataclass(frozen=True, slots=True)
class At:
    """A marker at a site, with what it states in the words of the file."""

    site: Site
    marker: Marker


class KnownSites:
    """The sites of all definitions, by name and by place in either build; made when first asked."""

    def __init__(self, definitions: Mapping[str, GeneDefinition]) -> None:
        self._definitions = definitions

    @cached_property
    def all(self) -> tuple[Site, ...]:
        """Every site."""
        return tuple([site for each in self._definitions.values() for site in (*each.sites, *each.extra_sites)])

    @cached_property
    def by_name(self) -> Mapping[str, Site]:
        """Rsid, in small letters -> its site."""
        return {site.rsid.casefold(): site for site in self.all if site.rsid}

    @cached_property
    def _by_place(self) -> Mapping[BuildName, Mapping[tuple[str, int], Sequence[Site]]]:
        found: dict[BuildName, dict[tuple[str, int], list[Site]]] = {build: {} for build in _BUILDS}
        for site in self.all:
            for build in _BUILDS:
                start = position_in(site, build)
                for at in range(start, _last(site, build) + 1):
                    found[build].setdefault((site.chromosome, at), []).append(site)
        return found

    def at(self, chromosome: str, place: int, build: BuildName) -> Sequence[Site]:
        """The sites that a marker of this place may test."""
        return self._by_place[build].get((chromosome, place), ())

    def needed(self, name: str, chromosome: str | None, place: int | None) -> bool:
        """Whether a marker can be of use: by its name, by its place, or for what it tells of the mitochondrion."""
        if chromosome == "chrM" or self.named(name) is not None:
            return True
        return (chromosome, place) in self._places

    @cached_property
    def _places(self) -> frozenset[tuple[str | None, int | None]]:
        """Every place of a site, in either build."""
        return frozenset(place for places in self._by_place.values() for place in places)

    def named(self, name: str) -> Site | None:
        """The site whose rsid the name is, or holds."""
        text = name.casefold()
        site = self.by_name.get(text)
        if site is not None or text[2:].isdecimal() or "rs" not in text:
            return site
        return next((self.by_name[each] for each in _RSID.findall(text) if each in self.by_name), None)


def _last(site: Site, build: BuildName) -> int:
    """The last place at which an array may write it; an indel at least at the base behind its anchor."""
    start = position_in(site, build)
    return max(start + site.last - site.position, start + 1) if site.is_indel else start


def stands_at(site: Site, marker: Marker, build: BuildName) -> bool:
    """Whether the marker stands where the site is, in files of the build."""
    if marker.position is None or marker.chromosome != site.chromosome:
        return False
    return position_in(site, build) <= marker.position <= _last(site, build)


class Placed:
    """The markers of a table at the known sites, and what is to be said of those that were not read.

    Raises: InputError BUILD_UNKNOWN, BUILD_CONFLICT, BUILD_NOT_READ, BAD_MARKERS.
    """

    def __init__(self, table: MarkerTable, known: KnownSites, stated: BuildName | None) -> None:
        self._table = table
        self._known = known
        self.notes: list[Remark] = []
        self.build: BuildName = self._found_build(stated)

    # --- which build --------------------------------------------------------------------------------------------------

    def _found_build(self, stated: BuildName | None) -> BuildName:
        """The build in which the markers that are known by name stand where they should."""
        fits: dict[BuildName, set[Site]] = {build: set() for build in _BUILDS}
        stands: dict[Site, Marker] = {}
        for site, marker in self._named(whole=stated is None):
            stands.setdefault(site, marker)
            for build in _BUILDS:
                if stands_at(site, marker, build):
                    fits[build].add(site)
        if not stands:
            return self._unproved(stated)
        best: BuildName = "GRCh37" if len(fits["GRCh37"]) >= len(fits["GRCh38"]) else "GRCh38"
        self._refuse_strangers(stands, fits, best)
        if stated is not None and stated != best:
            raise InputError("BUILD_CONFLICT", f"its markers stand where {best} has them", source=self._table.name)
        return best

    def _named(self, *, whole: bool) -> Iterator[tuple[Site, Marker]]:
        """Markers with a place that are named for a known site.  `whole`: by nothing but its rsid.

        A name of the array's own that holds an rsid proves nothing, but may contradict what is stated.
        """
        for marker in self._table.markers:
            if marker.position is not None and marker.chromosome != "chrM":
                own = self._known.by_name.get(marker.name.casefold())
                site = own if whole else self._known.named(marker.name)
                if site is not None and site.chromosome != "chrM":
                    yield site, marker

    def _refuse_strangers(
        self, stands: Mapping[Site, Marker], fits: Mapping[BuildName, set[Site]], best: BuildName
    ) -> None:
        """Raises: InputError BUILD_NOT_READ, BUILD_CONFLICT or BAD_MARKERS when too many stand elsewhere."""
        strangers = [marker for site, marker in stands.items() if site not in fits[best]]
        if fits[best] and len(strangers) <= MOST_CONTRADICTIONS and 2 * len(strangers) <= len(stands):
            return
        name, line = self._table.name, strangers[0].line
        shown = ", ".join(f"{each.name} at {each.position}" for each in strangers[:3])
        if self._table.stated_build == "old":
            message = f"it says itself that it is of a build before GRCh37 (as build 36), which is not read ({shown})"
            raise InputError("BUILD_NOT_READ", message, source=name, line=line)
        if not fits[best]:
            message = f"its markers stand neither where GRCh37 nor where GRCh38 has them ({shown}): as in build 36"
            raise InputError("BUILD_NOT_READ", message, source=name, line=line)
        if all(any(site in fits[build] for build in _BUILDS) for site in stands):
            raise InputError("BUILD_CONFLICT", f"its markers stand in places of both builds ({shown})", source=name)
        message = f"{len(strangers)} of {len(stands)} markers known by name stand elsewhere ({shown})"
        raise InputError("BAD_MARKERS", message, source=name, line=line)

    def _unproved(self, stated: BuildName | None) -> BuildName:
        """The build of a file of which no marker with a place is known by its name.

        Raises: InputError BUILD_UNKNOWN when neither the file nor an option states it; BUILD_NOT_READ.
        """
        table = self._table
        placed = any(marker.position is not None and marker.chromosome != "chrM" for marker in table.markers)
        said = table.stated_build
        if said == "old" and placed:
            message = "it says itself that it is of a build before GRCh37 (as build 36), which is not read"
            raise InputError("BUILD_NOT_READ", message, source=table.name)
        build = stated or (said if said in _BUILDS else None)
        if not placed:
            if table.markers and not table.tests:
                self._say("the file does not say where its markers stand: they were read by their rsids alone")
            return build or "GRCh38"  # their bases, which are all that is read, are the same in both
        if build is None:
            message = "no marker is named by the rsid of a known site, so nothing proves the build"
            raise InputError("BUILD_UNKNOWN", message, source=table.name)
        by = "as an option states" if stated else "as the file says of itself"
        self._say(f"the build is {build} {by}; no marker is named by the rsid of a known site, so nothing proves it")
        return build

    # --- which site ---------------------------------------------------------------------------------------------------

    def found(self) -> list[At]:
        """The markers at our sites: named for them and standing there, or one of both where the other is not known."""
        mitochondrial = self._mitochondrion_is_known()
        found: list[At] = []
        elsewhere: list[tuple[Site, Marker]] = []
        unsure: list[tuple[Site, Marker]] = []
        for marker in self._table.markers:
            named = self._known.named(marker.name)
            site: Site | None = None
            if marker.position is None:
                site = self._known.by_name.get(marker.name.casefold())
                if site is None and named is not None:
                    unsure.append((named, marker))
            elif named is None:
                site = self._by_place(marker, unsure)
            elif stands_at(named, marker, self.build):
                site = named
            elif named.chromosome != "chrM" or mitochondrial:
                elsewhere.append((named, marker))
            if site is not None and (site.chromosome != "chrM" or mitochondrial):
                found.append(At(site, marker))
        self._name_unread(elsewhere, unsure)
        return found

    def _by_place(self, marker: Marker, unsure: list[tuple[Site, Marker]]) -> Site | None:
        """The one site that a marker of an unknown name may test, by where it stands and what its letters are."""
        here = self._known.at(marker.chromosome or "", marker.position or 0, self.build)
        if not here:
            return None
        letters = set(marker.alleles or marker.forms)
        indel = bool(letters & _LETTERS) or any(len(each) > 1 for each in letters)
        fitting = [site for site in here if site.is_indel == indel] if letters else list(here)
        if len(fitting) == 1:
            return fitting[0]
        if letters and indel:
            unsure.extend((site, marker) for site in here[:1])
        return None

    def _name_unread(self, elsewhere: Sequence[tuple[Site, Marker]], unsure: Sequence[tuple[Site, Marker]]) -> None:
        if elsewhere:
            message = "not read, for a marker is named for one known site and stands at another place"
            places, names = [], []
            for site, marker in elsewhere:
                here = self._known.at(marker.chromosome or "", marker.position or 0, self.build)
                for one in (site, *here):
                    places.append(one.locus)
                    names.append(f"{marker.name} at {marker.chromosome or 'another chromosome'}:{marker.position}")
            self.notes.append(Remark("FILE_NOTE", message, tuple(places), tuple(names)))
        if unsure:
            message = "not read, for neither name nor place says which known site a marker tests"
            places = [site.locus for site, _ in unsure]
            self.notes.append(Remark("FILE_NOTE", message, tuple(places), tuple(each.name for _, each in unsure)))

    def _mitochondrion_is_known(self) -> bool:
        """Whether the positions on chrM are those of the revised Cambridge sequence."""
        places = [marker for marker in self._table.markers if marker.chromosome == "chrM" and marker.position]
        old = self._table.stated_build == "old" or any((each.position or 0) > _LAST_MITOCHONDRIAL for each in places)
        for marker in places:
            site = self._known.by_name.get(marker.name.casefold())
            old = old or (site is not None and site.chromosome == "chrM" and marker.position != site.position)
        if old and places:
            message = "chrM is numbered as in the old NC_001807; its positions are others and it was not read"
            self._say(message, [site.locus for site in self._known.all if site.chromosome == "chrM"])
        return not old

    def _say(self, message: str, places: Iterable[Locus] = ()) -> None:
        self.notes.append(Remark("FILE_NOTE", message, tuple(places)))
