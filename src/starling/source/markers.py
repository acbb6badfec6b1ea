"""Rows of arrays and single tests -> records at the sites of the definitions, as a VCF would state them.

What is compared with what: the build, from the positions of markers that are known by name; the strand, from the bases
of every site that would look different on the other strand.  A site whose bases look the same on both (A/T, C/G) is
read only where the file states the plus strand and nothing contradicts that; elsewhere it is not called, never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from starling.definitions import GeneDefinition, Site
from starling.errors import InputError
from starling.formats.header import Header
from starling.formats.markers import Marker, MarkerTable
from starling.formats.record import Record
from starling.formats.regions import Region, by_chromosome
from starling.values import dataclass
from starling.vocabulary import BuildName, Remark

#: Sites that look as if read from the other strand (or another build), above which the whole file is refused.
#: Source: this project's reading rules (docs/how-to/other-inputs.md).
MOST_CONTRADICTIONS: Final = 2
#: Last base of the chrM of build 37's rCRS; NC_001807 of older exports has two more.
#: Source: NC_012920.1 (16,569 bases), NC_001807.4 (16,571 bases).
_LAST_MITOCHONDRIAL: Final = 16_569
_COMPLEMENT: Final = str.maketrans("ACGT", "TGCA")
_BASES: Final = frozenset("ACGT")
#: What a single test says -> GT of a diploid and of a haploid site.  Detected does not say on how many haplotypes.
_RESULTS: Final[Mapping[str, tuple[str, str]]] = {
    "detected": ("1/.", "1"),
    "positive": ("1/.", "1"),
    "not detected": ("0/0", "0"),
    "negative": ("0/0", "0"),
    "heterozygous": ("0/1", "./."),
    "homozygous": ("1/1", "1"),
    "invalid": ("./.", "."),
}
_ABSENT: Final = frozenset({"not detected", "negative"})


@dataclass(frozen=True, slots=True)
class _At:
    """A marker at a site, with what it states in the words of the file."""

    site: Site
    marker: Marker


class MarkerRecords:
    """A table of markers as an open variant file (see `starling.formats.content.VariantFile`).

    Raises: InputError BUILD_UNKNOWN, WRONG_STRAND, BAD_MARKERS, NO_GENOTYPES: the sender's.
    """

    reader: Final = "scan"
    is_gvcf = False

    def __init__(
        self,
        table: MarkerTable,
        definitions: Mapping[str, GeneDefinition],
        lengths: Mapping[str, Mapping[str, int]],
        build: BuildName | None,
    ) -> None:
        self.name = table.name
        self.size = table.size
        self.file_sha256 = table.file_sha256
        self._table = table
        self._sites = [site for each in definitions.values() for site in (*each.sites, *each.extra_sites)]
        self._definitions = definitions
        self._notes: list[Remark] = []
        self._words: dict[tuple[int, Site], str] = {}
        self._build: BuildName = self._found_build(build)
        found = self._assayed() if table.tests else self._placed()
        if not found:
            raise InputError("NO_GENOTYPES", "none of its markers is a site that is needed", source=self.name)
        self._found = found
        self._trusted = self._check_strand()
        contigs = dict(lengths[self._build])
        self.header = Header(samples=table.samples, contigs=contigs)

    @property
    def notes(self) -> tuple[Remark, ...]:
        """What the user should know about the reading, with the sites that it is about."""
        return tuple(self._notes)

    def _note(self, message: str, sites: Sequence[Site], names: tuple[str, ...] = ()) -> None:
        self._notes.append(Remark("FILE_NOTE", message, tuple(site.locus for site in sites), names))

    @property
    def record_count(self) -> int:
        """How many results the file has."""
        return len(self._table.markers)

    def has_record_near(self, chromosome: str, start: int, end: int) -> bool:
        """Never: the silence of an array is no statement."""
        return False

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        """Nobody: arrays state no phase."""
        return frozenset()

    def fetch(self, regions: Sequence[Region]) -> Iterator[Record]:
        """One record for each site that was tested."""
        wanted = by_chromosome(regions)
        columns = {name: place for place, name in enumerate(self._table.samples)}
        sites: dict[Site, list[Marker]] = {}
        for at in self._found:
            sites.setdefault(at.site, []).append(at.marker)
        for site, markers in sorted(sites.items(), key=lambda each: (each[0].chromosome, self._position(each[0]))):
            record = self._record(site, markers, columns)
            intervals = wanted.get(site.chromosome.encode())
            if record is not None and intervals is not None and intervals.overlaps(record.position, record.end):
                yield record

    # --- which build --------------------------------------------------------------------------------------------------

    def _position(self, site: Site) -> int:
        return site.position if self._build == "GRCh38" else site.position_grch37

    def _found_build(self, stated: BuildName | None) -> BuildName:
        """The build in which the markers that are known by name stand where they should."""
        known = self._by_name
        votes: Counter[BuildName] = Counter()
        strangers = []
        for marker in self._table.markers:
            site = known.get(marker.name.casefold())
            if site is None or marker.position is None or site.chromosome == "chrM":
                continue
            near = {"GRCh38": site.position, "GRCh37": site.position_grch37}
            fits: list[BuildName] = [name for name in ("GRCh38", "GRCh37") if abs(near[name] - marker.position) <= 1]
            votes.update(fits)
            if not fits:
                strangers.append(marker)
        if not votes and not strangers:
            return stated or self._table.usual_build
        best: BuildName = "GRCh37" if votes["GRCh37"] >= votes["GRCh38"] else "GRCh38"
        if not votes or len(strangers) > MOST_CONTRADICTIONS or 0 < votes.total() - votes[best] >= votes[best]:
            where = f"{strangers[0].name} at {strangers[0].position}" if strangers else "positions of both builds"
            message = f"its markers do not stand where GRCh37 or GRCh38 have them ({where})"
            raise InputError("BUILD_UNKNOWN", message, source=self.name, line=strangers[0].line if strangers else None)
        if stated is not None and stated != best:
            raise InputError("BUILD_CONFLICT", f"its markers stand where {best} has them", source=self.name)
        return best

    @cached_property
    def _by_name(self) -> dict[str, Site]:
        return {site.rsid.casefold(): site for site in self._sites if site.rsid}

    # --- which site ---------------------------------------------------------------------------------------------------

    def _placed(self) -> list[_At]:
        """The markers at our sites: by name where it stands at the site's place, else by place."""
        by_place = {(site.chromosome, self._position(site)): site for site in self._sites}
        mitochondrial = self._mitochondrion_is_known()
        found = []
        for marker in self._table.markers:
            named = self._by_name.get(marker.name.casefold())
            site = named
            if marker.position is not None and marker.chromosome is not None:
                here = by_place.get((marker.chromosome, marker.position))
                site = here if here is not None else (named if self._is_beside(named, marker) else None)
            if site is not None and (site.chromosome != "chrM" or mitochondrial):
                found.append(_At(site, marker))
        return found

    def _is_beside(self, site: Site | None, marker: Marker) -> bool:
        """Whether an indel is placed at the base behind its anchor, as some arrays do."""
        return site is not None and site.is_indel and marker.position == self._position(site) + 1

    def _mitochondrion_is_known(self) -> bool:
        """Whether the positions on chrM are those of the revised Cambridge sequence."""
        places = [marker for marker in self._table.markers if marker.chromosome == "chrM" and marker.position]
        old = self._table.old_mitochondrion or any((each.position or 0) > _LAST_MITOCHONDRIAL for each in places)
        for marker in places:
            site = self._by_name.get(marker.name.casefold())
            old = old or (site is not None and site.chromosome == "chrM" and marker.position != site.position)
        if old and places:
            message = "chrM is numbered as in the old NC_001807; its positions are others and it was not read"
            self._note(message, [site for site in self._sites if site.chromosome == "chrM"])
        return not old

    def _assayed(self) -> list[_At]:
        """Single tests by name: an rsid, a variant or an allele.  What nobody knows is named; alone it is refused."""
        from starling.source.analytes import analytes, plain

        known = analytes(self._definitions)
        found, strange = list[_At](), list[Marker]()
        looked_at = [(marker, known.get(plain(marker.name))) for marker in self._table.markers]
        detected = {
            site
            for marker, analyte in looked_at
            if analyte is not None and analyte.compound and marker.result not in _ABSENT
            for site, _ in analyte.places
        }
        for marker, analyte in looked_at:
            if analyte is None:
                strange.append(marker)
                continue
            self._check_result(marker)
            self._note(marker.note, [site for site, _ in analyte.places])
            if marker.result in _ABSENT and (analyte.compound or detected.intersection(dict(analyte.places))):
                continue  # its absence is no statement on each position, and another allele was found there
            for site, word in analyte.places:
                if self._is_told(site, marker):
                    self._words[id(marker), site] = word
                    found.append(_At(site, marker))
        self._name_unread(strange, found)
        return found

    def _check_result(self, marker: Marker) -> None:
        if marker.result not in _RESULTS and not marker.alleles:
            message = f"result is {marker.result!r}, not one of: {', '.join(_RESULTS)}"
            raise InputError("BAD_MARKERS", message, source=self.name, line=marker.line)

    def _is_told(self, site: Site, marker: Marker) -> bool:
        """Whether the result tells the bases of the site: not where one of several variants is absent."""
        if len(site.alts) == 1 or marker.result not in _ABSENT:
            return True
        self._note(f"{marker.name} is absent, but other variants of its position were not tested; not read", [site])
        return False

    def _name_unread(self, strange: Sequence[Marker], found: Sequence[_At]) -> None:
        if strange and not found:
            message = f"{strange[0].name!r} is no rsid, variant or allele that one known position defines"
            raise InputError("BAD_MARKERS", message, source=self.name, line=strange[0].line)
        for marker in strange:
            self._notes.append(Remark("FILE_NOTE", f"{marker.note}; not read: no known position tells it"))
        names = ", ".join(dict.fromkeys(marker.name for marker in self._table.markers))
        message = f"a single test: nothing but {names} was looked at; confirm it before lasting decisions"
        self._notes.insert(0, Remark("SINGLE_TEST", message))

    # --- which strand -------------------------------------------------------------------------------------------------

    def _check_strand(self) -> bool:
        """Whether sites that look alike on both strands may be read."""
        contradictions = [
            at for at in self._found if not _is_symmetric(at.site) and _looks_turned(at.marker.alleles, at.site)
        ]
        if len(contradictions) > MOST_CONTRADICTIONS:
            shown = ", ".join(
                f"{at.marker.name} {'/'.join(at.marker.alleles)} where the genome has {'/'.join(_words(at.site))}"
                for at in contradictions[:3]
            )
            message = f"{len(contradictions)} sites have the bases of the other strand ({shown})"
            raise InputError("WRONG_STRAND", message, source=self.name, line=contradictions[0].marker.line)
        for at in contradictions:
            self._note(f"{at.marker.name} was not read: its bases are those of the other strand", [at.site])
        self._turned = {id(at.marker) for at in contradictions}
        trusted = self._table.strand == "plus" and not contradictions
        symmetric = [at for at in self._found if _is_symmetric(at.site) and at.marker.alleles]
        if symmetric and not trusted:
            message = "not read, for A/T and C/G look alike on both strands, which is not proved"
            self._note(message, [at.site for at in symmetric], tuple(at.marker.name for at in symmetric))
        return trusted

    # --- records ------------------------------------------------------------------------------------------------------

    def _record(self, site: Site, markers: Sequence[Marker], columns: Mapping[str, int]) -> Record | None:
        if len(site.ref) > 1 and not site.is_indel:
            return None
        # the bases found are what counts; where the build's own base is not known, any word may stand for it
        ref = site.ref if self._build == "GRCh38" else site.ref_grch37 or site.ref
        alts = [word for word in (site.ref, *site.alts) if word != ref]
        texts = ["./."] * len(columns)
        stated: dict[str, set[str]] = {}
        for marker in markers:
            stated.setdefault(marker.sample, set()).add(self._genotype(site, marker, ref, alts))
        for sample, own in stated.items():
            called = {text for text in own if "." not in text}
            # two probes of one site that differ say nothing
            texts[columns[sample]] = next(iter(called or own)) if len(called or own) == 1 else "./."
        return Record(
            chromosome=site.chromosome,
            position=self._position(site),
            ref=ref,
            alts=tuple(alts),
            filter="PASS",
            info="",
            format=("GT",),
            columns=tuple(texts),
            end=self._position(site) + len(ref) - 1,
            source=self.name,
            line=markers[0].line,
        )

    def _genotype(self, site: Site, marker: Marker, ref: str, alts: list[str]) -> str:
        """GT in the words of the record; `alts` grows by a base that no definition names."""
        haploid = site.chromosome == "chrM"
        if marker.result:
            word = self._words.get((id(marker), site), "")
            index = 1 + alts.index(word) if word in alts else 1
            return _RESULTS[marker.result][haploid].replace("1", str(index))
        if id(marker) in self._turned or not marker.alleles or (_is_symmetric(site) and not self._trusted):
            return "." if haploid else "./."
        words = [self._word(site, allele, ref, alts) for allele in marker.alleles]
        if None in words:
            return "." if haploid else "./."
        return "/".join(str([ref, *alts].index(word)) for word in words if word is not None)

    def _word(self, site: Site, allele: str, ref: str, alts: list[str]) -> str | None:
        """What an allele of the file is at the site: a base, or the long or the short form of an indel."""
        if not site.is_indel:
            if allele not in _BASES:
                return None
            if allele not in (ref, *alts):
                alts.append(allele)
            return allele
        forms = sorted({ref, *alts}, key=len)
        if len(forms) != 2 or allele not in {"I", "D"}:
            return None  # several insertions or deletions are possible here, and the file does not say which
        return forms[-1] if allele == "I" else forms[0]

    def close(self) -> None:
        """Nothing is open."""


def _words(site: Site) -> tuple[str, ...]:
    return tuple(dict.fromkeys((site.ref, *site.alts)))


def _is_symmetric(site: Site) -> bool:
    """Whether the bases of a site are those of the other strand, too: A with T, or C with G."""
    words = set(_words(site))
    return not site.is_indel and any(word.translate(_COMPLEMENT) in words for word in words)


def _looks_turned(alleles: Sequence[str], site: Site) -> bool:
    """Whether the bases found fit the site on the other strand alone."""
    words, found = set(_words(site)), set(alleles)
    if not found or not found <= _BASES or site.is_indel:
        return False
    return not found <= words and {each.translate(_COMPLEMENT) for each in found} <= words
