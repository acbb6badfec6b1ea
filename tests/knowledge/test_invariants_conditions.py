"""What stated facts decide, and what conditions can do: every check has a case that breaks it, with file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from starling.condition_keys import NAMES, WORDS, either_of, parse_condition
from starling.knowledge.inspect import check
from starling.knowledge.invariants_conditions import condition_keys
from starling.knowledge.tables import read_tables
from starling.values import replace
from tests.knowledge.small import SOURCE, read
from tests.knowledge.test_invariants import Defect, damage, is_reported

#: the key of a label's limit, and an indication beside others
INDUCER = "irinotecan|taking: CYP3A4 strong inducer"
WHOLE = "Gaucher disease|Gaucher disease"


def keyed(key: str, **fields: Any) -> dict[str, Any]:
    """An advice with one condition that has this key."""
    return {"conditions": [{"when": "so", "action": "avoid", "key": key}], **fields}


DEFECTS = [
    # keys that cannot be decided
    Defect("advice", "A0430", keyed("takes: CYP3A4 strong inducer"), "is not NAME: VALUE with a name of"),
    Defect("advice", "A0430", keyed("taking: "), "is not NAME: VALUE"),
    Defect("advice", "A0430", keyed("taking: frobnicol"), "'frobnicol' is neither a known medicine nor ENZYME CLASS"),
    Defect("advice", "A0430", keyed("taking: TPMT strong inhibitor"), "no medicine of inhibitors.tsv is a TPMT"),
    Defect("advice", "A0430", keyed("age: adult"), "'adult' is not a comparison such as <12"),
    Defect("advice", "A0430", keyed("indication: gloom"), "'gloom' is not one of"),
    Defect("advice", "A0430", keyed("after: appendectomy"), "'appendectomy' is not one of adenoidectomy"),
    Defect("advice", "A0430", keyed("pregnant: perhaps"), "'perhaps' is not yes"),
    Defect("advice", "A0430", keyed("gene: NAT2=Poor Metabolizer"), "NAT2 is not a gene of the drug's guidelines"),
    Defect("advice", "A0430", keyed("gene: CYP2C9=Slow Metabolizer"), "Slow Metabolizer are not terms of CYP2C9"),
    Defect("advice", "A0430", keyed("gene: CYP2C9:*1/*200"), "*1/*200 are not diplotypes of CYP2C9"),
    Defect("advice", "A0430", keyed("gene: CYP2C9"), "is neither GENE=term, term nor GENE:diplotype"),
    Defect("advice", "A0361", keyed("gene: HLA-B=*15:02 perhaps"), "*15:02 perhaps are not terms of HLA-B"),
    Defect("populations", "adults", {"key": "age: grown"}, "'grown' is not a comparison"),
    # limits of labels
    Defect("interactions", INDUCER, {"drug": "irinotecane"}, "'irinotecane' is neither in drugs.tsv nor"),
    Defect("interactions", INDUCER, {"key": ""}, "a limit has a key and one of the known actions"),
    Defect("interactions", INDUCER, {"action": "shun"}, "a limit has a key and one of the known actions"),
    Defect("interactions", INDUCER, {"says": "Avoid."}, "a limit says a sentence without a full stop"),
    Defect("interactions", INDUCER, {"source": "general knowledge"}, "does not begin with US label of"),
    Defect("interactions", INDUCER, {"key": "age: <12"}, "what other medicines decide stands in interactions.tsv"),
    # indications
    Defect("indications", "HIV infection|HIV infection", {"name": "HIV 3"}, "'HIV infection' is not a name of itself"),
    Defect("indications", WHOLE, {"+name": "Gaucher’s Disease"}, "is named twice for 'Gaucher disease'"),
    Defect("indications", "leukaemia|leukaemia", {"+name": "hairy cells"}, "is not a name of 'cancer' as well"),
    # texts that a program cannot decide
    Defect("advice", "A0002", {"detail": "Not with a strong CYP3A4 inhibitor."}, "A0002: says 'inhibitor' and no key"),
    Defect("advice", "A0002", {"detail": "Not below 12 years."}, "A0002: says 'below 12' and no key"),
    # keys that are never true
    Defect("advice", "A0430", keyed("age: <12 & age: >=18"), "can be true of nobody to whom one of its rows applies"),
    Defect("advice", "A0430", keyed("weight: not <40 & weight: <=39.5"), "can be true of nobody"),
    Defect("advice", "A0430", keyed("indication: pain & indication: not pain | cough"), "can be true of nobody"),
    Defect("advice", "A0430", keyed("pregnant: yes & pregnant: not yes"), "can be true of nobody"),
    Defect("advice", "A0089", keyed("gene: TPMT=Poor Metabolizer"), "can be true of nobody"),
    Defect("advice", "A0361", keyed("gene: HLA-B=*15:02 positive & gene: HLA-B=*15:02 negative"), "can be true of no"),
    Defect("populations", "adults", {"key": "age: >=18 & age: <18"}, "can be true of nobody"),
    Defect("interactions", INDUCER, {"key": "taking: CYP3A4 strong inducer & age: <2 & age: >2"}, "can be true of nob"),
    Defect("interactions", INDUCER, {"key": "taking: irinotecan"}, "nothing but irinotecan itself is meant"),
    # a green tick over a danger
    Defect(
        "advice", "A0002", {"summary": "As usual; never in porphyria"}, "usual advice says 'never' and no condition"
    ),
    Defect(
        "advice",
        "A0002",
        {"conditions": [{"when": "the kidneys fail", "action": "avoid"}]},
        "'the kidneys fail' rules the drug out under usual advice, and nothing decides it",
    ),
    Defect(
        "advice", "A0002", keyed("pregnant: yes & reader: she is ill"), "'so' rules the drug out under usual advice"
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: f"{each.table}: {each.message}")
def test_a_broken_invariant_is_reported_with_file_and_line(small: Path, defect: Defect) -> None:
    is_reported(small, defect)


def test_a_key_that_somebody_can_fulfil_is_no_defect(small: Path) -> None:
    """A danger under usual advice that can be asked for, and ranges that touch at one number."""
    key = "age: >=12 & age: <=12 & indication: pain | cough & indication: not pain"
    damage(small, Defect("advice", "A0002", keyed(key), ""))
    assert check(small) == ()


def test_every_kind_of_key_and_every_word_is_used() -> None:
    """The words that keys may say are those that some key of the project does say."""
    tables = read_tables(SOURCE)
    keys = [each for row in tables["populations"] for each in either_of(row["key"])]
    keys += [row["key"] for name in ("interactions", "label_conditions") for row in tables[name]]
    for record in tables.records["advice.jsonl"]:
        keys += [each.get("key", "") for each in record.values.get("conditions", [])]
    keys += [row["unless"] for row in read("uninformative_results.tsv")]
    clauses = [clause for key in keys for clause in parse_condition(key)]
    assert {clause.name for clause in clauses} == NAMES
    said = {(clause.name, value) for clause in clauses for value in clause.values}
    unused = {(name, word) for name, words in WORDS.items() for word in words or () if (name, word) not in said}
    assert sorted(unused) == sorted(UNUSED)


#: Words that may be stated and that no key says: they decide the keys of the others.
UNUSED = {
    *(("formulation", word) for word in ("Aristada", "conventional", "oral", "single")),
    *(("transplant", word) for word in ("heart", "kidney", "lung", "none", "stem cell")),
}


def test_what_an_exception_asks_for_can_be_decided(small: Path) -> None:
    rows = read("uninformative_results.tsv")
    tables = read_tables(SOURCE)
    line = next(number for number, row in enumerate(rows, 2) if row["unless"])
    wrong = [
        replace(row, values={**row.values, "unless": "indication: gloom"}) for row in tables["uninformative_results"]
    ]
    found = list(condition_keys(replace(tables, rows={**tables.rows, "uninformative_results.tsv": tuple(wrong)})))
    assert line in {each.line for each in found} and all("'gloom' is not one of" in each.message for each in found)


def test_no_key_is_in_two_spellings() -> None:
    tables = read_tables(SOURCE)
    keys = {row["key"] for name in ("interactions", "label_conditions") for row in tables[name]}
    plain = [re.sub(r"\W+", " ", key).casefold() for key in keys]
    assert len(plain) == len(set(plain))
