"""What of a knowledge base decides a result, as digests: an unchanged gene need not be called again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from starling.definitions import GeneDefinition
from starling.knowledge.base import KnowledgeBase


def gene_digests(knowledge: KnowledgeBase) -> dict[str, dict[str, str]]:
    """Gene -> {sites: digest of the positions that are read, rules: of everything that its result depends on}."""
    digests = {}
    for gene in knowledge.genes:
        definition = knowledge.definitions.get(gene)
        rules = knowledge.guidance.phenotypes.get(gene)
        terms = knowledge.guidance.dpwg_terms.get(gene)
        digests[gene] = {"sites": digest_of(_read_from(definition)), "rules": digest_of([definition, rules, terms])}
    return digests


def guidance_digest(knowledge: KnowledgeBase) -> str:
    """The digest of all guidance: guidelines, drugs, inhibitors and whom they concern, and populations."""
    rules = knowledge.guidance
    concerned = {gene: [each.adjusted_by_inhibitors, each.inhibited_as] for gene, each in rules.phenotypes.items()}
    stated = [rules.guidelines, rules.drugs, rules.inhibitors, concerned, rules.populations, rules.dpwg_terms]
    stated += [rules.required_tests, rules.harms, rules.limits, rules.population_keys, rules.indications]
    return digest_of(stated)


def _read_from(definition: GeneDefinition | None) -> object:
    """What genotypes are read by: everything of a definition but its alleles."""
    if definition is None:
        return None
    return [
        definition.chromosome,
        definition.start,
        definition.end,
        definition.sites,
        definition.extra_sites,
        definition.ignored_variants,
    ]


#: What is its own canonical form.
_SCALARS: Final = frozenset({type(None), bool, int, float, str})


def digest_of(value: object) -> str:
    """SHA-256 over the value as canonical JSON, in hex; equal values of one program version have equal digests."""
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [each if type(each) in _SCALARS else _plain(each) for each in value]
    if isinstance(value, Mapping):
        return sorted(([_plain(key), _plain(each)] for key, each in value.items()), key=json.dumps)
    if isinstance(value, frozenset | set):
        return sorted((_plain(each) for each in value), key=json.dumps)
    if isinstance(value, Fraction):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    names: tuple[str, ...] = type(value).__match_args__  # type: ignore[attr-defined]  # every value has it
    fields = ((name, getattr(value, name)) for name in names)
    return {name: each if type(each) in _SCALARS else _plain(each) for name, each in fields}
