"""The proof that no result falls through: every one reaches one row, or a gap that a person has named.

For each guideline, drug and population the possible results of its genes are combined: every term (and score) that
the phenotype rules can give, `Indeterminate`, presence and absence of each HLA allele, and `No Result` beside another
gene's result.  A row answers when its keys are contained in the result; else a row of the same term does.
FDA associations list affected subgroups only, so that no match there is an answer of its own.
Diplotype rows are extra: they win over a term row and replace none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from starling.knowledge.invariants_genes import at
from starling.knowledge.invariants_guidance import outside_genes
from starling.knowledge.tables import TableRow, Tables, Violation
from starling.knowledge.values import parse_key
from starling.values import dataclass

NO_RESULT: Final = "No Result"

Block = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One possible result of a gene: how a gap names it, and every key by which a row may ask for it."""

    name: str
    keys: frozenset[str]
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conditions:
    """A row as gene -> key; diplotype rows are left out beforehand."""

    row: TableRow
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One result, the rows that name it exactly, and whether any row answers it."""

    when: str
    genes: tuple[str, ...]
    exact: tuple[Conditions, ...]
    answered: bool


def check_coverage(tables: Tables) -> Iterator[Violation]:
    """A violation for each result without a row and without a named gap, each gap that is none, each tie."""
    proof = _Proof(tables)
    named = {(row["guideline"], row["drug"], row["population"], row["when"]): row for row in tables["known_gaps"]}
    genes = {(row["guideline"], gene) for row in tables["guidelines"] for gene in row["genes"].split()}
    open_gaps = set()
    for block, conditions in proof.blocks.items():
        yield from proof.divided_terms(conditions)
        for verdict in proof.verdicts(conditions):
            yield from proof.ties(verdict)
            if not verdict.answered:
                open_gaps.add((*block, verdict.when))
                if (*block, verdict.when) not in named:
                    where = f"{block[0]}, {block[1]} ({block[2] or 'no population'})"
                    yield at(conditions[0].row, f"{where}: no row for {verdict.when}, and no known gap names it")
    for key, row in named.items():
        is_gene = (key[0], key[3]) in genes and "=" not in key[3]
        if key not in open_gaps and not is_gene:
            yield at(row, "this gap is none: a row answers, or there is no such guideline, drug or result")


class _Proof:
    def __init__(self, tables: Tables) -> None:
        self.outside = outside_genes(tables)
        self.sources = {row["guideline"]: row["source"] for row in tables["guidelines"]}
        self.scores: dict[str, dict[str, str]] = {}
        self.terms: dict[str, set[str]] = {}
        for row in tables["phenotype_rules"]:
            self.terms.setdefault(row["gene"], {"Indeterminate"}).add(row["phenotype"])
            if row["method"] == "activity_score":
                scores = self.scores.setdefault(row["gene"], {"n/a": "Indeterminate"})
                scores[row["function_1_or_score"]] = row["phenotype"]
        self.dpwg = {(row["gene"], row["our_term"]): row["dpwg_term"] for row in tables["dpwg_terms"]}
        self.ranged = {gene for gene, ours in self.dpwg if ours.startswith("score ")}
        self.actions = {record.id: record.values.get("action") for record in tables.records["advice.jsonl"]}
        self.blocks = self._blocks(tables)

    def _blocks(self, tables: Tables) -> dict[Block, list[Conditions]]:
        """Rows by guideline, drug and population: what must answer every result on its own."""
        blocks: dict[Block, list[Conditions]] = {}
        for row in tables["recommendations"]:
            keys = [parse_key(part) for part in row["when"].split(" & ")]
            if self.sources[row["guideline"]] != "FDA" and not any(key.is_diplotype for key in keys):
                conditions = Conditions(row, {key.gene: key.key for key in keys})
                blocks.setdefault((row["guideline"], row["drug"], row["population"]), []).append(conditions)
        return blocks

    def verdicts(self, conditions: Sequence[Conditions]) -> Iterator[Verdict]:
        """What the rows of a block say to every result."""
        source = self.sources[conditions[0].row["guideline"]]
        for result in self._results(conditions, source):
            exact = [one for one in conditions if all(key in result[gene].keys for gene, key in one.keys.items())]
            answered = bool(exact) or any(self._answers(one, result, source) for one in conditions)
            when = " & ".join(f"{gene}={outcome.name}" for gene, outcome in result.items())
            yield Verdict(when, tuple(result), tuple(exact), answered)

    def ties(self, verdict: Verdict) -> Iterator[Violation]:
        """Two rows that name one result exactly; allele presences and a measured activity may stand side by side.

        A row for a score wins over one for its term, which speaks for results whose score is not known.
        """
        if self.outside & set(verdict.genes):
            return
        plain = [one for one in verdict.exact if not any(key.endswith("(Phenotyping)") for key in one.keys.values())]
        plain = [one for one in plain if self._by_scores(one)] or plain
        for other in plain[1:]:
            yield at(other.row, f"{verdict.when} is also answered by line {plain[0].row.line}")

    def _by_scores(self, one: Conditions) -> bool:
        """Whether every gene that has scores is asked for by its score."""
        return all(key not in self.terms.get(gene, ()) for gene, key in one.keys.items() if gene in self.scores)

    def divided_terms(self, conditions: Sequence[Conditions]) -> Iterator[Violation]:
        """DPWG rows that a term cannot choose between: scores of one term whose actions differ."""
        if self.sources[conditions[0].row["guideline"]] != "DPWG":
            return
        first: dict[tuple[str, str], Conditions] = {}
        for one in conditions:
            for gene, key in one.keys.items():
                if gene not in self.ranged or key not in self.scores[gene]:
                    continue
                other = first.setdefault((gene, self._term(gene, key, "DPWG")), one)
                if self.actions.get(one.row["advice"]) != self.actions.get(other.row["advice"]):
                    yield at(one.row, f"{gene}={key} advises another action than line {other.row.line} of its term")

    def _results(self, conditions: Sequence[Conditions], source: str) -> Iterator[Mapping[str, Outcome]]:
        """Every combination of results of the genes that the block's rows name, except none at all."""
        genes = sorted({gene for one in conditions for gene in one.keys})
        choices = []
        for gene in genes:
            asked = {one.keys[gene] for one in conditions if gene in one.keys}
            untested = [Outcome(NO_RESULT, frozenset({NO_RESULT}), frozenset())] if len(genes) > 1 else []
            choices.append([*self._outcomes(gene, asked, source), *untested])
        for combination in product(*choices):
            if any(outcome.name != NO_RESULT for outcome in combination):
                yield dict(zip(genes, combination, strict=True))

    def _outcomes(self, gene: str, asked: set[str], source: str) -> Iterator[Outcome]:
        if gene in self.outside:
            alleles = sorted({key.split()[0] for key in asked if key.startswith("*")})
            for presences in product(("positive", "negative"), repeat=len(alleles)):
                present = [f"{allele} {presence}" for allele, presence in zip(alleles, presences, strict=True)]
                yield Outcome(", ".join(present), frozenset(present), frozenset())
        elif gene in self.scores:
            for score, term in self.scores[gene].items():
                keys = {score, term} | {key for key in asked if key.split(" ")[0] == score}
                yield Outcome(score, frozenset(keys), frozenset({self._term(gene, score, source)}))
        else:
            for term in sorted(self.terms[gene]):
                yield Outcome(term, frozenset({term}), frozenset({self._term(gene, term, source)}))

    def _term(self, gene: str, key: str, source: str) -> str:
        """The term by which a row with this key is looked up."""
        term = self.scores.get(gene, {}).get(key.split(" ")[0], key)
        return self.dpwg.get((gene, term), term) if source == "DPWG" else term

    def _answers(self, one: Conditions, result: Mapping[str, Outcome], source: str) -> bool:
        return all(
            key in result[gene].keys or self._term(gene, key, source) in result[gene].terms
            for gene, key in one.keys.items()
        )
