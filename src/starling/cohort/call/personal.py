"""What is stated of single people -> patterns of their own, where a result is another for it."""

from __future__ import annotations

import json
from hashlib import blake2b

from starling.assessment import Options
from starling.cohort.call.calling import Called, Pattern
from starling.cohort.call.patterns import result_of
from starling.cohort.collect.evidence import Holdings
from starling.cohort.collect.people import Stated
from starling.engine import Engine
from starling.values import asdict, replace
from starling.vocabulary import OutsideCall


def personalise(called: Called, holdings: Holdings, engine: Engine, options: Options) -> None:
    """People whose results depend on what is stated of them have patterns of their own, named after both."""
    statements = {
        holdings.people[person]: statement_from(text)
        for text, people in holdings.statements.items()
        for person in people
    }
    concerned = [(place, statements[name]) for place, name in enumerate(called.people) if name in statements]
    for gene, patterns in called.patterns.items():
        places = {pattern.name: place for place, pattern in enumerate(patterns)}
        made: dict[tuple[str, Stated], int] = {}
        codes = called.codes[gene].copy()
        for person, stated in concerned:
            base = patterns[codes[person]]
            own = only_for(gene, stated)
            if (base.name, own) not in made:
                pattern = _pattern(base, own, engine, options)
                made[base.name, own] = places.setdefault(pattern.name, len(patterns))
                if places[pattern.name] == len(patterns):
                    patterns.append(pattern)
            codes[person] = made[base.name, own]
        called.codes[gene] = codes


def only_for(gene: str, stated: Stated) -> Stated:
    """As much of a statement as can matter for one gene."""
    return Stated(medication=stated.medication, outside=tuple(each for each in stated.outside if each.gene == gene))


def _pattern(base: Pattern, stated: Stated, engine: Engine, options: Options) -> Pattern:
    result = result_of(base.gene, base.genotypes, engine, options, stated)
    if result == base.result:
        return base
    text = statement_text(stated)
    name = blake2b(f"{base.name} {text}".encode(), digest_size=16).hexdigest()
    return Pattern(base.gene, name, base.genotypes, result, text)


def statement_text(stated: Stated) -> str:
    """What is stated, as canonical JSON; empty for nothing."""
    outside = [{**asdict(call), "line": None} for call in stated.outside]
    described = {"medication": stated.medication, "outside": outside}
    return json.dumps(described, sort_keys=True) if stated.changes_results else ""


def statement_from(text: str) -> Stated:
    """The way back of `statement_text`."""
    if not text:
        return Stated()
    described = json.loads(text)
    outside = tuple(replace(OutsideCall(**each), line=None) for each in described["outside"])
    return Stated(medication=tuple(described["medication"]), outside=outside)
