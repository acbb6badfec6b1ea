"""The compiled knowledge base, opened read-only: values for the rooms above, look-ups for the faces.

A knowledge base is a value that is handed on, never looked up from a global: two editions run side by side in one
process.  Asked about single drugs (`about`), it reads what bears on them and nothing else.
"""

from __future__ import annotations

import gc
from _thread import RLock
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from starling.condition_keys import kind_of
from starling.definitions import Drug, GeneDefinition, GuidanceRules, Inhibitor
from starling.errors import InputError
from starling.gene_places import GenePlaces, Ground
from starling.knowledge.names import canonical_when, is_atc_group, parts_of, plain_name, skeleton, without_form
from starling.knowledge.rows import Rows
from starling.knowledge.values import (
    definitions_of,
    drugs_of,
    ground_in,
    guidance_of,
    inhibitors_of,
    names_of,
    places_of,
)
from starling.once import once
from starling.terms import Term, Terms
from starling.values import dataclass
from starling.vocabulary import BuildName

#: the file that a wheel carries
BUNDLED: Final = Path(__file__).with_name("starling.kb")
#: How alike a name must be to be suggested, as `difflib` measures it (ours): one slip in five letters.
_CLOSE: Final = 0.8
#: tables that begin with a gene: what guidance says of it, and what it looks like
_MEANING: Final = frozenset({"phenotype_rule", "score_range", "dpwg_term", "uninformative"})
_SHAPE: Final = frozenset({"trait", "exception", "alias", "priority"})
#: tables that begin with a drug
_LIMITS: Final = "stated_limit"
_OF_DRUGS: Final = frozenset({"drug", "drug_exception", "required_test", "harm", _LIMITS, "condition_gene"})


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a narrowed knowledge base speaks of.

    `beside`: genes by which other drugs are judged of which the answers speak.  `near`: all these genes and the others
    on their chromosomes.
    """

    drugs: Set[str]
    genes: Set[str]
    beside: Set[str]
    near: Set[str]
    medicines: bool


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of the base and the record of its source that it was made from.

    `digest`: of the record's words (see knowledge/upstream.py).  `source_population`, `source_when`: as the source has
    it, genes and alleles from A to Z.
    """

    guideline: str
    drug: str
    population: str
    when: str
    record: str
    digest: str
    source_population: str
    source_when: str
    clinpgx_id: str


class KnowledgeBase:
    """The facts of one compiled file.  Values are built on first use and kept; equal calls give equal objects.

    `is_bundled`: it is the one that came with the program, byte for byte.
    """

    def __init__(self, rows: Rows, path: Path, *, is_bundled: bool = False) -> None:
        self._rows = rows
        self._scope: _Scope | None = None
        self._whole = self
        self._grounds: dict[BuildName, Ground] = {}
        self._asked: dict[str, Drug] = {}
        self.lock = RLock()
        self.path = path
        self.stamp = rows.stamp
        self.is_bundled = is_bundled

    def __repr__(self) -> str:
        about = (
            ""
            if self._scope is None
            else f", about {', '.join(sorted(self._scope.drugs | self._scope.genes)[:3])}, ..."
        )
        return f"<KnowledgeBase {self.stamp.version}, as of {self.stamp.as_of}, {self.stamp.sha256[:12]}{about}>"

    @classmethod
    def open(cls, path: Path | None = None) -> Self:
        """A knowledge base whose rows are those that the compiler wrote; without a path, the bundled one.

        Raises: KnowledgeError when the file is missing, unreadable, damaged, or of another schema version; also later,
        from whatever first reads a row that was altered.
        """
        path = path or BUNDLED
        return cls(Rows.open(path), path, is_bundled=path == BUNDLED or _same_bytes(path, BUNDLED))

    def about(self, drugs: Collection[str], *, genes: Collection[str] = (), medicines: bool = True) -> KnowledgeBase:
        """The same knowledge, narrowed to what bears on `drugs` (names as of this knowledge base) and `genes`.

        Answers for these drugs are the same; everything else is not there.  `medicines`: with what other medicines do
        to enzymes, and the genes that they adjust whatever drug is asked about.
        """
        asked = [row for row in self._select("drug") if row[0] in drugs]
        guidelines = {id_ for row in asked for id_ in row[3].split()}
        concerned = {gene for row in self._rows.at("guideline", guidelines) for gene in row[3].split()}
        concerned |= {
            value for drug, kind, value, _ in self._select("drug_exception") if drug in drugs and kind == "other_enzyme"
        }
        traits = self._select("trait")
        if medicines:
            concerned |= {gene for gene, trait, _ in traits if trait == "adjusted_by_inhibitors"}
        concerned |= set(genes)
        beside = {gene for row in asked for gene in row[7].split()} - concerned
        read = concerned | beside
        places = {value for gene, trait, value in traits if trait == "chrom" and gene in read}
        near = {gene for gene, trait, value in traits if trait == "chrom" and value in places}
        scope = _Scope(frozenset(drugs), concerned, beside, near, medicines)
        narrow = KnowledgeBase(self._rows, self.path, is_bundled=self.is_bundled)
        narrow._scope, narrow._whole = scope, self._whole
        return narrow

    def close(self) -> None:
        """The file is released; values already built stay usable."""
        self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @once
    def definitions(self) -> Mapping[str, GeneDefinition]:
        """Every gene's definition table, by gene, alphabetical."""
        scope = self._scope
        return {gene: each for gene, each in self.neighbours.items() if scope is None or gene in scope.genes}

    @once
    def beside(self) -> Mapping[str, GeneDefinition | None]:
        """Of a narrowed knowledge base the genes by which the alternatives to its drugs are judged, alphabetical.

        Their definitions; None of a gene whose results come from other laboratories.
        """
        scope = self._scope
        return {gene: self.neighbours.get(gene) for gene in sorted(scope.beside)} if scope is not None else {}

    @once
    def neighbours(self) -> Mapping[str, GeneDefinition]:
        """The definitions, and those of all other genes on their chromosomes."""
        with _bulk():
            return definitions_of(self._select)

    @once
    def places(self) -> Mapping[str, GenePlaces]:
        """Where the sites of every gene are, by gene, alphabetical."""
        with _bulk():
            return places_of(self._select)

    def ground(self, build: BuildName) -> Ground:
        """Where every gene has its sites in files of the build, narrowed or not, and what is the reference there."""
        whole = self._whole
        if build not in whole._grounds:
            whole._grounds[build] = ground_in(whole._select, build)
        return whole._grounds[build]

    @once
    def guidance(self) -> GuidanceRules:
        """Phenotype rules, guidelines, drugs and inhibitors as one value."""
        with _bulk():
            drugs = None if self._scope is None else self._scope.drugs
            return guidance_of(self._select, self._drug_list, self._inhibitor_list, drugs)

    @once
    def genes(self) -> tuple[str, ...]:
        """Every gene that a result can be given for, alphabetical."""
        known = {row[0] for row in self._select("trait")}
        return tuple(sorted(known if self._scope is None else known & self._scope.genes))

    @once
    def contigs(self) -> Mapping[str, tuple[str, str | None]]:
        """A chromosome's name in a file -> `chrN`, and the build that the name implies (None: either)."""
        return {name: (chromosome, build or None) for name, chromosome, build in self._select("contig")}

    @once
    def terms(self) -> Terms:
        """The codes under which other systems know a thing; what is not confirmed is not among them."""
        rows = self._rows.table("term")
        return {(row[0], row[1]): Term(*row[2:5]) for row in rows if row[6] == "yes"}

    @once
    def contig_lengths(self) -> Mapping[str, Mapping[str, int]]:
        """Build -> `chrN` -> length in bases."""
        lengths: dict[str, dict[str, int]] = {}
        for build, chromosome, length in self._select("contig_length"):
            lengths.setdefault(build, {})[chromosome] = length
        return lengths

    def find_drug(self, name: str, *, as_prescribed: bool = True) -> Drug:
        """The drug of this ingredient, synonym, brand, RxNorm or ATC code, whatever its case and hyphens.

        `as_prescribed`: also as on a prescription, see `read_medicine`; of a combination the only drug with advice, or
        else the only one that is known.
        Raises: InputError when no drug, or (an ATC group, a combination) more than one, answers to `name`.
        """
        found = self._named_as_listed(plain_name(name)) or self._drugs.get(plain_name(name))
        if found is not None:
            return found
        whole = self._combination(name) if as_prescribed else None
        if whole is not None and plain_name(whole) in self._drugs:
            return self._drugs[plain_name(whole)]
        read = self.read_medicine(name)[0] if as_prescribed else ()
        known = [self._drugs[plain] for plain in map(plain_name, read) if plain in self._drugs]
        drugs = [drug for drug in known if not drug.unadvised] or known
        if len(drugs) > 1:
            named = ", ".join(drug.name for drug in drugs)
            raise InputError("UNKNOWN_NAME", f"{name.strip()!r} is a combination; ask about one of them: {named}")
        if drugs:
            return drugs[0]
        group = name.strip().upper()
        members = sorted({drug.name for code, drug in self._codes.items() if code.startswith(group)})
        if is_atc_group(group) and members:
            raise InputError("UNKNOWN_NAME", f"{group} is a group of drugs; name one of them: {', '.join(members)}")
        sentence = "not in this knowledge base; that is not a statement of safety"
        raise InputError("UNKNOWN_DRUG", f"{name.strip()!r}: {sentence}{self._near(name)}")

    def _named_as_listed(self, plain: str) -> Drug | None:
        """The drug of this name, under which the tables know it: no other drug has the name, and no other is made."""
        name = self._listed.get(plain) if self._scope is None else None
        if name is None or name in self._asked:
            return self._asked.get(name or "")
        own = drugs_of(lambda table: [row for row in self._select(table) if row[0] == name], self._medicine_names)
        return self._asked.setdefault(name, own[0])

    @once
    def _listed(self) -> Mapping[str, str]:
        """Plain name -> drug, of the names under which drugs are listed."""
        return {plain_name(row[0]): row[0] for row in self._select("drug")}

    def known_drug(self, name: str) -> Drug | None:
        """The drug of exactly this name or code; what resembles it is not looked for."""
        return self._drugs.get(plain_name(name))

    def _near(self, name: str) -> str:
        return _nearest(without_form(name), self._drug_names(), self._meaning)

    def find_gene(self, name: str) -> str:
        """The gene of this name, whatever its case.  Raises: InputError UNKNOWN_GENE, with the nearest names."""
        known = {gene.casefold(): gene for gene in self.genes}
        found = known.get(name.strip().casefold())
        if found is None:
            nearest = _nearest(name, {plain_name(gene): gene for gene in self.genes})
            raise InputError("UNKNOWN_GENE", f"{name.strip()!r} is not in this knowledge base{nearest}")
        return found

    def read_medicine(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """A medicine as prescribed -> its substances under names of this knowledge base, and parts that nobody knows.

        Strengths, forms and salts are passed over, combinations are split, and a substance may be spelled as in German,
        French, Dutch, Spanish, Italian or Latin.  Where a spelling could mean two substances, none is taken.
        """
        whole = self._combination(name)
        if whole is not None:
            return (whole,), ()
        parts = parts_of(name) or (name.strip(),)
        found = [(part, self._substance(part)) for part in parts]
        known = tuple(dict.fromkeys(substance for _, substance in found if substance is not None))
        return known, tuple(part for part, substance in found if substance is None) if known else (name.strip(),)

    def components(self, substance: str) -> tuple[str, ...]:
        """The substances of a drug that is a combination, as far as they are known by themselves; () of any other."""
        parts = parts_of(substance)
        found = [self._substance(part) for part in parts] if len(parts) > 1 else []
        return tuple(each for each in found if each is not None)

    def _combination(self, name: str) -> str | None:
        """The one substance that a name means, or the combination of which it names the parts, in whatever order."""
        return self._substance(name) or self._combinations.get(self._joined(name))

    def _joined(self, name: str) -> frozenset[str]:
        """The parts of a combination under their own names; none of a name that is none."""
        parts = parts_of(name)
        return frozenset(plain_name(self._substance(part) or part) for part in parts) if len(parts) > 1 else frozenset()

    @once
    def _combinations(self) -> Mapping[frozenset[str], str]:
        """The parts -> the drug that is a combination of them."""
        named = {drug.name: self._joined(drug.name) for drug in self._drugs.values()}
        return {parts: name for name, parts in named.items() if parts}

    def _substance(self, name: str) -> str | None:
        exact = self._identity(plain_name(name))
        if exact is not None:
            return exact
        bare = without_form(name)
        exact = self._identity(plain_name(bare))
        if exact is not None:
            return exact
        alike = self._skeletons.get(skeleton(bare), frozenset())
        return next(iter(alike)) if len(alike) == 1 else None

    def _identity(self, plain: str) -> str | None:
        """The one name of the substance that a plain name means: its drug's, else that of the inhibitor."""
        if plain in self._drugs:
            return self._drugs[plain].name
        inhibitors = self._inhibitors.get(plain)
        if not inhibitors:
            return None
        drug = self._drugs.get(plain_name(inhibitors[0].ingredient))
        return drug.name if drug else inhibitors[0].ingredient

    @once
    def _skeletons(self) -> Mapping[str, frozenset[str]]:
        """Skeleton -> the substances whose names have it; brands are not spelled otherwise elsewhere."""
        found: dict[str, set[str]] = {}
        for name in (*self._drug_names().values(), *self._inhibitor_names().values()):
            identity = self._identity(plain_name(name))
            if identity is not None and "/" not in identity and (name.islower() or name == identity):
                found.setdefault(skeleton(name), set()).add(identity)
        return {bones: frozenset(names) for bones, names in found.items() if bones}

    def find_inhibitors(self, name: str) -> tuple[Inhibitor, ...]:
        """Every statement on the enzymes that this medicine inhibits or induces, by any of its names; () when none."""
        return self._inhibitors.get(plain_name(name), ())

    def find_class(self, name: str) -> str:
        """The class (`CYP2D6 strong inhibitor`) of which some medicine is known; empty when there is none.

        A family of enzymes of which one is listed stands for that one.
        """
        enzyme, _, strength = name.partition(" ")
        known = {each.enzyme for each in self._inhibitor_list if name and kind_of(each.strength) == strength}
        found = [each for each in known if each == enzyme] or [each for each in known if each.startswith(enzyme)]
        return f"{found[0]} {strength}" if len(found) == 1 else ""

    def knows_medicine(self, name: str) -> bool:
        """Whether the name is a drug or an inhibitor of this knowledge base."""
        plain = plain_name(name)
        return plain in self._listed or plain in self._drugs or plain in self._inhibitors

    def nearest_medicines(self, name: str) -> tuple[str, ...]:
        """Up to three medicine names that resemble this one, the most similar first, each as `_near_names` says it."""
        return _near_names(without_form(name), self._drug_names() | self._inhibitor_names(), self._meaning)

    def _meaning(self, name: str) -> str | None:
        return self._identity(plain_name(name))

    def verify_content(self) -> bool:
        """Whether the rows of every table still give the digest of the stamp (a slow check, for diagnosis)."""
        return self._rows.verify()

    @once
    def source_rows(self) -> tuple[SourceRow, ...]:
        """Which record of which source every row was made from: for maintainers, read on no way to an answer."""
        ids = {each.id: each.clinpgx_id for each in self.guidance.guidelines}
        return tuple(
            SourceRow(
                guideline=guideline,
                drug=drug,
                population=population,
                when=when,
                record=record,
                digest=digest,
                source_population=(source_population or population).strip("-"),
                source_when=source_when or canonical_when(when),
                clinpgx_id=ids[guideline],
            )
            for guideline, drug, population, when, record, digest, source_population, source_when in self._select(
                "upstream"
            )
        )

    @once
    def source_differences(self) -> Mapping[tuple[str, str, str, str], str]:
        """Guideline, drug, population and condition of rows that differ from their source, and why."""
        return {row[:4]: f"{row[4]}: {row[5]}" for row in self._select("upstream_difference")}

    def _drug_names(self) -> dict[str, str]:
        """Plain name -> the name as it is written."""
        return {plain_name(name): name for drug in self._drug_list for name in (drug.name, *drug.names)}

    def _inhibitor_names(self) -> dict[str, str]:
        return {plain_name(name): name for each in self._inhibitor_list for name in (each.ingredient, *each.names)}

    @once
    def _drug_list(self) -> tuple[Drug, ...]:
        """Every drug that a question may name."""
        scope = self._scope
        if scope is not None:
            return drugs_of(self._select, self._whole._medicine_names)
        made = drugs_of(self._select, self._medicine_names)
        return tuple([self._asked.setdefault(drug.name, drug) for drug in made])

    @once
    def _inhibitor_list(self) -> tuple[Inhibitor, ...]:
        scope = self._scope
        if scope is not None:
            return self._whole._inhibitor_list if scope.medicines else ()
        return inhibitors_of(self._select, self._medicine_names)

    @once
    def _medicine_names(self) -> Mapping[str, tuple[str, ...]]:
        return names_of(self._select)

    @once
    def _codes(self) -> Mapping[str, Drug]:
        return {code: drug for drug in self._drug_list for code in drug.atc}

    @once
    def _drugs(self) -> Mapping[str, Drug]:
        """Every plain name and code of one drug only; a code that several drugs share is in `_codes` alone."""
        named: dict[str, Drug] = {}
        for drug in self._drug_list:
            for text in (drug.name, *drug.names, drug.rxnorm, *drug.atc):
                if text:
                    named[plain_name(text)] = drug
        return named

    @once
    def _inhibitors(self) -> Mapping[str, tuple[Inhibitor, ...]]:
        named: dict[str, tuple[Inhibitor, ...]] = {}
        for inhibitor in self._inhibitor_list:
            for text in (inhibitor.ingredient, *inhibitor.names):
                named[plain_name(text)] = (*named.get(plain_name(text), ()), inhibitor)
        return named

    def _select(self, table: str) -> list[tuple[Any, ...]]:
        """The rows of one table, in key order; of a narrowed knowledge base those in its scope."""
        scope = self._scope
        if scope is None:
            return self._rows.table(table)
        if table == "gene":
            return self._rows.at(table, scope.near)
        if table == "guideline":
            return self._rows.at(table, {id_ for row in self._select("drug") for id_ in row[3].split()})
        if table == _LIMITS and scope.medicines:  # what is taken has limits, too, and may bar the drug asked about
            return self._rows.table(table)
        if table in _OF_DRUGS:
            return [row for row in self._rows.table(table) if row[0] in scope.drugs]
        rows, genes = self._rows.table(table), scope.near if table in _SHAPE else scope.genes | scope.beside
        return [row for row in rows if row[0] in genes] if table in _SHAPE | _MEANING else rows


def _same_bytes(path: Path, other: Path) -> bool:
    """Whether two files hold the same: a stamp can be made anew by whoever alters a fact, the bytes cannot."""
    try:
        return path.stat().st_size == other.stat().st_size and path.read_bytes() == other.read_bytes()
    except OSError:
        return False


def _near_names(name: str, spelled: Mapping[str, str], meaning: Callable[[str], str | None]) -> tuple[str, ...]:
    """Up to three of the spelled names that resemble this one; what a name means, where it is another, in brackets."""
    import difflib  # takes as long to load as the whole knowledge base to open

    close = [spelled[plain] for plain in difflib.get_close_matches(plain_name(name), spelled, cutoff=_CLOSE)]
    return tuple(near if meaning(near) in {None, near} else f"{near} [{meaning(near)}]" for near in close)


def _nearest(name: str, spelled: Mapping[str, str], meaning: Callable[[str], str | None] = lambda _: None) -> str:
    """The end of a sentence that does not know the name."""
    said = ", ".join(_near_names(name, spelled, meaning))
    return f" (nearest names: {said})" if said else ""


@contextmanager
def _bulk() -> Iterator[None]:
    """Garbage collection rests while tens of thousands of values, none of them garbage, are made: a third faster."""
    resting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if resting:
            gc.enable()
