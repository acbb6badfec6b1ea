"""Files made at random: a person, a writer's dialect, and damage of one kind; what is said of them is judged.

    file = Mutation(seed=1, number=7)      the same numbers make the same bytes
    file.write(folder)                     its paths
    judged(file)                           what came of it

The truth is what the person was made of: the named alleles, put to the knowledge as another laboratory's diplotype,
without a file.  Where a name alone does not settle a gene, it is what the person's phased genotypes mean for certain.
Damage never makes a wrong answer right: certain means that nothing consistent with the file says otherwise, and who
damaged a file is consistent with it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from starling.assessment import GeneResult, Options, Question
from starling.errors import InputError
from starling.vocabulary import Genotype, Locus, OutsideCall, SampleGenotypes, State
from tests.bundled import bundled_engine
from tests.simulators.equivalents import DAMAGES, STYLES, Damage, Style, columns_of, render, rows_of, save_rows
from tests.simulators.genome import changes, table_sites
from tests.simulators.people import Person, person

#: People are drawn from so many, so that what is known of them is worked out once.
PEOPLE = 60
#: Styles that state on one line what lies on one chromosome cannot be written without phase.
_NEEDS_PHASE = ("mnp", "atomised")

Row = tuple[str, ...]
#: Of so many files one is assessed as a report is, and one is asked about a single gene; the others are called, and no
#: advice is looked up.
_WHOLE = 10
#: How many of the records a damage finds: few, half or all.
_SHARES = (0.05, 0.2, 0.5, 1.0)
_IMPUTED_HEADER = (
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">\n'
    '##FORMAT=<ID=GP,Number=G,Type=Float,Description="Genotype probabilities">\n'
    '##INFO=<ID=R2,Number=1,Type=Float,Description="Estimated accuracy">\n'
    '##INFO=<ID=IMP,Number=0,Type=Flag,Description="Imputed">\n'
)


@dataclass(frozen=True, slots=True)
class Damaged:
    """Rows on their way to a file, and by what they are damaged."""

    rows: list[Row]
    who: Person
    style: Style
    rng: random.Random
    share: float

    @property
    def column(self) -> int:
        """The field of the person."""
        return 9 + columns_of(self.who, self.style).index(self.who.name)

    def each(self, change: Callable[[Row], Row]) -> list[Row]:
        """The rows, of which a share was changed."""
        return [change(row) if self.rng.random() < self.share else row for row in self.rows]

    def genotype(self, row: Row) -> tuple[list[str], str]:
        """The allele indices of the person, as written, and what joins them."""
        text = row[self.column].split(":")[0]
        joint = "|" if "|" in text else "/"
        return text.split(joint), joint


def _with(row: Row, place: int, text: str) -> Row:
    return (*row[:place], text, *row[place + 1 :])


def _is_block(row: Row) -> bool:
    return row[4] in {".", "<NON_REF>", "<*>"}


def _dropped_fields(made: Damaged) -> list[Row]:
    """What stands behind the genotype is gone from the record, or from the person's column alone."""

    def change(row: Row) -> Row:
        if made.rng.random() < 0.5:
            return _with(row, made.column, row[made.column].split(":")[0])
        return (*row[:8], "GT", *(text.split(":")[0] for text in row[9:]))

    return made.each(change)


def _swapped_alleles(made: Damaged) -> list[Row]:
    """REF and ALT exchanged, the genotype as it was: what a converter writes that takes the minor allele as ALT.

    A deletion exchanged is an insertion: where no base is exchanged as well, nothing in the file could show it.
    """

    def change(row: Row) -> Row:
        if _is_block(row) or "," in row[4] or "<" in row[4]:
            return row
        return (*row[:3], row[4], row[3], *row[5:])

    rows = made.each(change)
    exchanged = [old for old, new in zip(made.rows, rows, strict=True) if old != new]
    return rows if any(len(row[3]) == len(row[4]) for row in exchanged) else made.rows


def _thinned_reads(made: Damaged) -> list[Row]:
    """A few reads are left, and the genotype is what they show: of two alleles often one."""

    def change(row: Row) -> Row:
        indices, joint = made.genotype(row)
        keys = row[8].split(":")
        if _is_block(row) or "AD" not in keys or not all(index.isdigit() for index in indices):
            return row
        reads = Counter(made.rng.choice(indices) for _ in range(made.rng.randint(1, 6)))
        shown = sorted(reads) * (len(indices) if len(reads) == 1 else 1)
        depth = sum(reads.values())
        alleles = 1 + row[4].count(",") + (row[4] != ".")
        facts = {
            "GT": joint.join(shown[: len(indices)]),
            "AD": ",".join(str(reads[str(index)]) for index in range(alleles)),
            "DP": str(depth),
            "GQ": str(min(99, 3 * depth)),
        }
        return _with(row, made.column, ":".join(facts.get(key, ".") for key in keys))

    return made.each(change)


def _merged(made: Damaged) -> list[Row]:
    """The records of a second laboratory, which saw a few reads, stand among those of the first."""
    again = _thinned_reads(replace(made, share=1.0))
    second = [row for row in again if not _is_block(row) and made.rng.random() < made.share]
    order = {name: place for place, name in enumerate(dict.fromkeys(row[0] for row in made.rows))}
    return sorted([*made.rows, *second], key=lambda row: (order[row[0]], int(row[1])))


def _imputed(made: Damaged) -> list[Row]:
    """Positions that no chip reads, guessed from neighbours: the likeliest genotype, of which nobody can be sure."""

    def change(row: Row) -> Row:
        indices, _ = made.genotype(row)
        if _is_block(row) or "," in row[4] or "<" in row[4] or len(row) > 10:
            return row
        zero = "|".join("0" * len(indices))
        odds = "0.55,0.40,0.05" if len(indices) == 2 else "0.55,0.45"
        return (*row[:7], "IMP;R2=0.31", "GT:DS:GP", f"{zero}:0.50:{odds}")

    return made.each(change)


def _displaced(made: Damaged) -> list[Row]:
    """Positions counted from 0, or one too far."""
    step = made.rng.choice([-1, 1])
    return made.each(lambda row: _with(row, 1, str(int(row[1]) + step)))


def _renamed(made: Damaged) -> list[Row]:
    """The records of some chromosomes stand under the name of others."""
    names = list(dict.fromkeys(row[0] for row in made.rows))
    others = names.copy()
    made.rng.shuffle(others)
    taken = {name: other for name, other in zip(names, others, strict=True) if made.rng.random() < made.share}
    renamed = [_with(row, 0, taken.get(row[0], row[0])) for row in made.rows]
    return sorted(renamed, key=lambda row: (names.index(row[0]), int(row[1])))


_ROW_DAMAGES: Mapping[str, Callable[[Damaged], list[Row]]] = {
    "dropped_fields": _dropped_fields,
    "swapped_alleles": _swapped_alleles,
    "thinned_reads": _thinned_reads,
    "merged": _merged,
    "imputed": _imputed,
    "displaced": _displaced,
    "renamed": _renamed,
}
KINDS = ("whole", *(f"site_{kind}" for kind in DAMAGES), *_ROW_DAMAGES, "wrong_build", "lifted", "truncated")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One file of a series: everything about it is drawn from these two numbers."""

    seed: int
    number: int

    @property
    def rng(self) -> random.Random:
        """The same numbers every time."""
        return random.Random(f"{self.seed} {self.number}")

    def drawn(self) -> tuple[Person, str, Style, str, float, random.Random]:
        """Whose file it is, the name of its style and the style, the kind of damage and its share."""
        rng = self.rng
        who = person(rng.randrange(PEOPLE))
        name = rng.choice(sorted(STYLES))
        phased = rng.random() < 0.5 or any(word in name for word in _NEEDS_PHASE)
        kind = rng.choice(KINDS)
        return who, name, replace(STYLES[name], phased=phased), kind, rng.choice(_SHARES), rng

    def __str__(self) -> str:
        """What the file is."""
        who, name, style, kind, share, _ = self.drawn()
        return f"{who.name} {name}{'' if style.phased else ' unphased'} {kind} {share}"

    @property
    def kind(self) -> str:
        """The kind of damage."""
        return self.drawn()[3]

    def write(self, folder: Path) -> list[Path]:
        """The file, or its parts."""
        who, _, style, kind, share, rng = self.drawn()
        if kind.startswith("site_"):
            keys = [(site.chromosome, site.position) for site in table_sites()]
            sites = frozenset(key for key in keys if rng.random() < share)
            return render(who, style, folder, Damage(kind.removeprefix("site_"), sites))
        if kind in _ROW_DAMAGES:
            rows = _ROW_DAMAGES[kind](Damaged(rows_of(who, style), who, style, rng, share))
            # an index made for other positions is another kind of damage
            style = replace(style, index=style.index and kind not in {"displaced", "renamed"})
            return save_rows(folder, who, style, rows, _IMPUTED_HEADER if kind == "imputed" else "")
        return self._whole_file(folder, who, style, kind, rng)

    def _whole_file(self, folder: Path, who: Person, style: Style, kind: str, rng: random.Random) -> list[Path]:
        if kind == "wrong_build":
            other = "GRCh37" if style.build == "GRCh38" else "GRCh38"
            # names of contigs that state their build would be a header without what stands below it
            named = replace(style, naming="chr") if style.naming == "refseq" else style
            return save_rows(folder, who, replace(named, build=other), rows_of(who, named))
        if kind == "lifted":
            rows = rows_of(who, replace(style, build="GRCh37"), lifted=True)
            return save_rows(folder, who, replace(style, build="GRCh38"), rows)
        paths = render(who, style, folder)
        if kind == "truncated":
            path = rng.choice(paths)
            data = path.read_bytes()
            path.write_bytes(data[: rng.randrange(len(data))])
        return paths


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one file.  `end`: "read", "refused" or "crash", with its message; else the genes are judged."""

    mutation: Mutation
    end: str
    message: str = ""
    right: int = 0
    uncertain: int = 0
    wrong: tuple[str, ...] = ()


def judged(mutation: Mutation) -> Judged:
    """The file is made, read and compared with what its person was made of."""
    who = mutation.drawn()[0]
    with TemporaryDirectory() as folder:
        paths = mutation.write(Path(folder))
        try:
            genes = _ways(mutation.number)(paths, who)
        except InputError as error:
            return Judged(mutation, "refused", error.code)
        except Exception as error:  # noqa: BLE001 - a crash is what is looked for
            return Judged(mutation, "crash", f"{type(error).__name__}: {error}")
    right, uncertain, wrong = 0, 0, []
    for gene, found in genes.items():
        truth = truths(who.seed).get(gene)
        if truth is None:
            continue
        if not found.phenotype_certain:
            uncertain += 1
        elif found.phenotype == truth:
            right += 1
        else:
            told = f"certain {found.phenotype} ({found.label}), is {truth} ({'/'.join(who.alleles[gene])})"
            wrong.append(f"{gene}: {told}")
    return Judged(mutation, "read", "", right, uncertain, tuple(wrong))


def _ways(number: int) -> Callable[[list[Path], Person], Mapping[str, GeneResult]]:
    """How a file of the series is asked."""
    if number % _WHOLE == 1:
        return partial(_asked, number // _WHOLE)
    return _assessed if number % _WHOLE == 0 else _called


def _asked(number: int, paths: list[Path], who: Person) -> Mapping[str, GeneResult]:
    """One gene alone, by a question that reads no more than it must."""
    genes = sorted(truths(who.seed))
    options = Options(sex=who.sex)  # type: ignore[arg-type]  # one of two words
    question = Question(genes=(genes[number % len(genes)],))
    assessment = bundled_engine().assess(paths, question, sample=who.name, options=options)
    return {each.gene: each for each in assessment.genes if each.gene in question.genes}


def _called(paths: list[Path], who: Person) -> Mapping[str, GeneResult]:
    """Calls and phenotypes of all genes that are judged, without the advice that follows from them."""
    engine, options = bundled_engine(), Options(sex=who.sex)  # type: ignore[arg-type]  # one of two words
    (genotypes,) = engine.read(paths, options, samples=(who.name,)).samples
    calls = {gene: engine.call(gene, genotypes, options) for gene in truths(who.seed)}
    return {each.gene: each for each in engine.interpreted(calls, calls)}


def _assessed(paths: list[Path], who: Person) -> Mapping[str, GeneResult]:
    """The same by a whole assessment."""
    options = Options(sex=who.sex)  # type: ignore[arg-type]  # one of two words
    assessment = bundled_engine().assess(paths, sample=who.name, options=options)
    return {each.gene: each for each in assessment.genes}


@cache
def truths(seed: int) -> Mapping[str, str]:
    """Gene -> the phenotype of a person, where there is one."""
    who = person(seed)
    found = {gene: _meaning(gene, alleles) for gene, alleles in who.alleles.items()}
    made_of, engine = _genotypes(who), bundled_engine()
    left = {gene: engine.call(gene, made_of) for gene, phenotype in found.items() if phenotype is None}
    results = engine.interpreted(left, left)
    found |= {result.gene: result.phenotype for result in results if result.phenotype_certain}
    return {gene: phenotype for gene, phenotype in found.items() if phenotype is not None}


def _genotypes(who: Person) -> SampleGenotypes:
    """The person as phased genotypes at all positions, without a file."""
    words = {key: {edit: word for word, edit in known.items()} for key, known in changes().items()}
    genotypes = {}
    for key, pair in who.edits.items():
        locus, alleles = Locus(*key), tuple(words[key][edit] for edit in pair)
        phase = locus.chromosome if len(set(alleles)) > 1 else None
        genotypes[locus] = Genotype(locus, alleles, phase, State.CALLED)
    return SampleGenotypes(who.name, genotypes, hemizygous_x=who.sex == "male")


def _meaning(gene: str, alleles: Iterable[str]) -> str | None:
    """What a diplotype means, stated without a file."""
    engine = bundled_engine()
    nothing = {gene: engine.call(gene, SampleGenotypes("", {}))}
    stated = OutsideCall(gene=gene, diplotype="/".join(alleles))
    (result,) = engine.interpreted(engine.combined(nothing, [stated]), nothing)
    return result.phenotype if result.phenotype_certain else None


def table(outcomes: Iterable[Judged]) -> Iterator[str]:
    """Counts for each kind of damage: of files, and of the genes in those that were read.

    What is certain of a person without a file is certain before.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for each in outcomes:
        own = counts[each.mutation.kind]
        before = each.right + len(each.wrong) + each.uncertain
        own.update(["files", each.end])
        own.update({"before": before, "right": each.right, "wrong": len(each.wrong), "uncertain": each.uncertain})
    names = {
        "files": "files",
        "refused": "refused",
        "before": "certain before",
        "right": "still certain",
        "uncertain": "became uncertain",
        "wrong": "certain and wrong",
        "crash": "crashes",
    }
    yield f"{'damage':24}" + "".join(f"{name:>19}" for name in names.values())
    for kind, own in [*counts.items(), ("all", sum(counts.values(), Counter[str]()))]:
        yield f"{kind:24}" + "".join(f"{own[name]:>19,}" for name in names)
