"""Rows of arrays and single tests -> records at the sites of the definitions, as a VCF would state them.

What is compared with what: the build, from the positions of markers that are known by name; the strand, from the bases
of every site that would look different on the other strand.  A site whose bases look the same on both (A/T, C/G) is
read only where the file states the plus strand and nothing contradicts that; elsewhere it is not called, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from starling.definitions import GeneDefinition, Site
from starling.errors import InputError
from starling.formats.header import Header
from starling.formats.markers import Marker, MarkerTable
from starling.formats.record import Record
from starling.formats.regions import Region, by_chromosome
from starling.gene_places import position_in
from starling.source.normalise import COMPLEMENT
from starling.source.places import MOST_CONTRADICTIONS, At, KnownSites, Placed
from starling.vocabulary import BuildName, Remark

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


#: What an array or a consumer file is no proof of.
#: Source: 23andMe, AncestryDNA and MyHeritage state in their downloads that the data are not for medical use; of rare
#: variants that such files reported, two in five were not confirmed (DOI 10.1038/gim.2018.38).
_CONFIRM: Final = (
    "the genotypes come from an array or a consumer file ({kind}), which is not made for diagnosis: confirm by a "
    "clinical test what is to be acted on"
)


class MarkerRecords:
    """A table of markers as an open variant file (see `starling.formats.content.VariantFile`).

    Raises: InputError BUILD_UNKNOWN, BUILD_CONFLICT, BUILD_NOT_READ, WRONG_STRAND, BAD_MARKERS: the sender's.
    """

    reader: Final = "scan"
    order: Final = "whole"
    is_gvcf = False

    def __init__(
        self,
        table: MarkerTable,
        definitions: Mapping[str, GeneDefinition],
        known: KnownSites,
        lengths: Mapping[str, Mapping[str, int]],
        build: BuildName | None,
    ) -> None:
        self.name = table.name
        self.size = table.size
        self.file_sha256 = table.file_sha256
        self._table = table
        self._known = known
        self._definitions = definitions
        self._notes: list[Remark] = []
        self._words: dict[tuple[int, Site], str] = {}
        if not table.tests:
            self._notes.append(Remark("ARRAY_INPUT", _CONFIRM.format(kind=table.kind)))
        placed = Placed(table, known, build)
        self._build: BuildName = placed.build
        found = self._assayed() if table.tests else placed.found()
        self._notes += placed.notes
        if not found:
            raise InputError("BAD_MARKERS", self._why_nothing(placed.notes), source=self.name)
        self._found = found
        self._trusted = self._check_strand()
        self.header = Header(samples=table.samples, contigs=dict(lengths[self._build]))
        self._records = self._made_records()

    @property
    def notes(self) -> tuple[Remark, ...]:
        """What the user should know about the reading, with the sites that it is about."""
        return tuple(self._notes)

    def _note(self, message: str, sites: Sequence[Site], names: tuple[str, ...] = ()) -> None:
        self._notes.append(Remark("FILE_NOTE", message, tuple(site.locus for site in sites), names))

    def _why_nothing(self, notes: Sequence[Remark]) -> str:
        said = " ".join(note.notice.message for note in notes if note.places)[:300]
        if any(marker.position is not None for marker in self._table.markers):
            return f"none of its markers can be read at a site that is needed. {said}".rstrip(". ")
        return (
            "none of its markers is named by the rsid of a known site; where names are not rsids, export Chr and "
            + ("Position, too")
        )

    @property
    def record_count(self) -> int:
        """How many results the file has."""
        return self._table.rows

    def has_record_near(self, chromosome: str, start: int, end: int) -> bool:
        """Never: the silence of an array is no statement."""
        return False

    def phase_set_users(self, chromosome: str) -> frozenset[int]:
        """Nobody: arrays state no phase."""
        return frozenset()

    def fetch(self, regions: Sequence[Region]) -> Iterator[Record]:
        """One record for each site that was tested."""
        wanted = by_chromosome(regions)
        for record in self._records:
            intervals = wanted.get(record.chromosome.encode())
            if intervals is not None and intervals.overlaps(record.position, record.end):
                yield record

    # --- single tests -------------------------------------------------------------------------------------------------

    def _assayed(self) -> list[At]:
        """Single tests by name: an rsid, a variant or an allele.  What nobody knows is named; alone it is refused."""
        from starling.source.analytes import analytes, on_plus, plain

        known = analytes(self._definitions)
        found, strange = list[At](), list[Marker]()
        named = [(marker, known.get(plain(marker.name))) for marker in self._table.markers]
        looked_at = [(on_plus(marker, analyte), analyte) for marker, analyte in named]
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
                    found.append(At(site, marker))
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

    def _name_unread(self, strange: Sequence[Marker], found: Sequence[At]) -> None:
        if strange and not found:
            message = f"{strange[0].name!r} is no rsid, variant or allele that one known position defines"
            raise InputError("BAD_MARKERS", message, source=self.name, line=strange[0].line)
        for marker in strange:
            apart = "; pass HLA results as a file of their own" if marker.name.upper().startswith("HLA") else ""
            self._notes.append(Remark("FILE_NOTE", f"{marker.note}; not read: no known position tells it{apart}"))
        names = ", ".join(dict.fromkeys(marker.name for marker in self._table.markers))
        message = f"a single test: nothing but {names} was looked at; confirm it before lasting decisions"
        self._notes.insert(0, Remark("SINGLE_TEST", message))

    # --- which strand -------------------------------------------------------------------------------------------------

    def _check_strand(self) -> bool:
        """Whether sites that look alike on both strands may be read."""
        turned: dict[Site, Marker] = {}
        for at in self._found:
            if _looks_turned(at.marker.alleles, at.site):
                turned.setdefault(at.site, at.marker)
        if len(turned) > MOST_CONTRADICTIONS:
            shown = ", ".join(
                f"{marker.name} {'/'.join(marker.alleles)} where the genome has {'/'.join(_words(site))}"
                for site, marker in list(turned.items())[:3]
            )
            message = f"{len(turned)} sites have the bases of the other strand ({shown})"
            line = next(iter(turned.values())).line
            raise InputError("WRONG_STRAND", message, source=self.name, line=line)
        for site, marker in turned.items():
            self._note(f"{marker.name} was not read: its bases are those of the other strand", [site])
        # one person's bases show it; the probe is turned for everybody
        self._turned = {(site, marker.name) for site, marker in turned.items()}
        trusted = self._table.strand == "plus" and not turned
        symmetric = {at.site: at.marker for at in self._found if _looks_alike(at.marker.alleles, at.site)}
        if symmetric and not trusted:
            message = "not read, for A/T and C/G look alike on both strands, which is not proved"
            self._note(message, list(symmetric), tuple(marker.name for marker in symmetric.values()))
        return trusted

    # --- records ------------------------------------------------------------------------------------------------------

    def _made_records(self) -> tuple[Record, ...]:
        """One record for each site that was tested, in order; what its markers do not say is noted."""
        columns = {name: place for place, name in enumerate(self._table.samples)}
        sites: dict[Site, list[Marker]] = {}
        for at in self._found:
            sites.setdefault(at.site, []).append(at.marker)
        ordered = sorted(sites.items(), key=lambda each: (each[0].chromosome, position_in(each[0], self._build)))
        unread: dict[Site, Marker] = {}
        differing: dict[Site, Marker] = {}
        found = []
        for site, markers in ordered:
            if len(site.ref) > 1 and not site.is_indel:
                unread[site] = markers[0]
                continue
            found.append(self._record(site, markers, columns, unread, differing))
        for message, about in (
            ("not called, for its letters do not say which of the known alleles was found", unread),
            ("not called, for two probes of the site differ", differing),
        ):
            if about:
                self._note(message, list(about), tuple(marker.name for marker in about.values()))
        return tuple(found)

    def _record(
        self,
        site: Site,
        markers: Sequence[Marker],
        columns: Mapping[str, int],
        unread: dict[Site, Marker],
        differing: dict[Site, Marker],
    ) -> Record:
        # the bases found are what counts; where the build's own base is not known, any word may stand for it
        ref = site.ref if self._build == "GRCh38" else site.ref_grch37 or site.ref
        alts = [word for word in (site.ref, *site.alts) if word != ref]
        texts = ["./."] * len(columns)
        stated: dict[str, set[str]] = {}
        for marker in markers:
            text = self._genotype(site, marker, ref, alts)
            if "." in text and marker.alleles and self._is_read(site, marker):
                unread.setdefault(site, marker)
            stated.setdefault(marker.sample, set()).add(text)
        for sample, own in stated.items():
            agreed = _agreed(own, site.chromosome)
            texts[columns[sample]] = agreed or "./."
            if agreed is None:
                differing.setdefault(site, next(each for each in markers if each.sample == sample))
        return Record(
            chromosome=site.chromosome,
            position=position_in(site, self._build),
            ref=ref,
            alts=tuple(alts),
            filter="PASS",
            info="",
            format=("GT",),
            columns=tuple(texts),
            end=position_in(site, self._build) + len(ref) - 1,
            source=self.name,
            line=markers[0].line,
        )

    def _is_read(self, site: Site, marker: Marker) -> bool:
        """Whether the strand of the marker at the site is known."""
        return (site, marker.name) not in self._turned and (self._trusted or not _looks_alike(marker.alleles, site))

    def _genotype(self, site: Site, marker: Marker, ref: str, alts: list[str]) -> str:
        """GT in the words of the record; `alts` grows by a base that no definition names."""
        haploid = site.chromosome == "chrM"
        if marker.result:
            word = self._words.get((id(marker), site), "")
            index = 1 + alts.index(word) if word in alts else 1
            return _RESULTS[marker.result][haploid].replace("1", str(index))
        alleles = marker.alleles
        if haploid and len(set(alleles)) == 1:  # written twice, as everything is in some formats
            alleles = alleles[:1]
        words = [self._word(site, allele, marker, ref, alts) for allele in alleles]
        if not words or None in words or (haploid and len(words) > 1) or not self._is_read(site, marker):
            return "." if haploid else "./."
        return "/".join(map(str, sorted([ref, *alts].index(word) for word in words if word is not None)))

    def _word(self, site: Site, allele: str, marker: Marker, ref: str, alts: list[str]) -> str | None:
        """What an allele of the file is at the site: a base, or the long or the short form of an indel."""
        if not site.is_indel:
            if allele not in _BASES:
                return None
            if allele not in (ref, *alts):
                alts.append(allele)
            return allele
        forms = sorted({ref, *alts}, key=len)
        spelled = set(marker.forms or marker.alleles)
        if any(len(each) > 1 for each in spelled):  # as a VCF spells them, at the anchor
            return allele if spelled <= set(forms) and marker.position == position_in(site, self._build) else None
        if len(forms) != 2 or allele not in {"I", "D"}:
            return None  # several insertions or deletions are possible here, and the file does not say which
        return forms[-1] if allele == "I" else forms[0]

    def close(self) -> None:
        """Nothing is open."""


def _agreed(texts: set[str], chromosome: str) -> str | None:
    """The genotype that the probes of a site state together, of which a no-call contradicts none; None: they differ."""
    called = {text for text in texts if text.replace(".", "").replace("/", "")} or texts
    if len(called) == 1:
        return next(iter(called))
    if chromosome == "chrX" and len({base for text in called for base in text.split("/")}) == 1:
        return max(called, key=len)  # one X, written once and twice
    return None


def _words(site: Site) -> tuple[str, ...]:
    return tuple(dict.fromkeys((site.ref, *site.alts)))


def _looks_alike(alleles: Sequence[str], site: Site) -> bool:
    """Whether the bases found could as well be those of the other strand: A with T, or C with G."""
    words, found = set(_words(site)), set(alleles)
    return not site.is_indel and bool(found) and {each.translate(COMPLEMENT) for each in found} <= words


def _looks_turned(alleles: Sequence[str], site: Site) -> bool:
    """Whether the bases found fit the site on the other strand alone."""
    words, found = set(_words(site)), set(alleles)
    if not found or not found <= _BASES or site.is_indel:
        return False
    return not found <= words and {each.translate(COMPLEMENT) for each in found} <= words
