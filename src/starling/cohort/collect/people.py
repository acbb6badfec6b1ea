"""What is known of people beside their genotypes: a table of sex, medication and groups, and outside calls.

It counts after the patterns: people of one pattern differ only where something is stated of them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from starling.calling.senders import named, sender_notices
from starling.errors import InputError
from starling.formats.outside import parse_outside_calls
from starling.guidance.facts import checked
from starling.knowledge.base import KnowledgeBase
from starling.knowledge.medicines import ingredients_of, notices_of, stated_medicines
from starling.values import dataclass, replace
from starling.vocabulary import OutsideCall, Sex

_SEXES: Final[Mapping[str, Sex]] = {
    "male": "male", "m": "male", "1": "male", "female": "female", "f": "female", "2": "female",
    "unknown": "unknown", "": "unknown", "0": "unknown", "u": "unknown",
}  # fmt: skip


#: Columns that conditions of advice ask for (docs/explanation/conditions.md); several indications with `;` between.
FACTS: Final = ("age", "weight", "pregnant", "breastfeeding", "indication")


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated of one person.

    `medication`: ingredients, sorted.  `unknown`: whether a medicine beside them is not known here.  `remarks`: names
    of medicines that were not read as they stand, those that nobody here knows and that were not considered, and
    outside calls that were passed over, in words.  `facts`: what conditions of advice ask for, as canonical JSON;
    empty: nothing.
    """

    sex: Sex = "unknown"
    medication: tuple[str, ...] = ()
    outside: tuple[OutsideCall, ...] = ()
    remarks: tuple[str, ...] = ()
    facts: str = ""
    unknown: bool = False

    @property
    def changes_results(self) -> bool:
        """Whether a result can be another than that of the pattern alone."""
        return bool(self.medication or self.outside)


#: Nothing is stated of most people.
NOTHING: Final = Stated()


def read_people(path: Path, knowledge: KnowledgeBase) -> dict[str, Stated]:
    """Sample -> what the table says: sample, sex, medication (`;` between) and FACTS; other columns are for summaries.

    Sex: male, female, M, F, or 1 and 2 as in PLINK files.  Medicines by any name, with strength and form, as for one
    patient; one that nobody knows is named in the person's remarks.
    Raises: InputError BAD_PEOPLE with the line, FILE_NOT_FOUND.
    """
    found: dict[str, Stated] = {}
    known: dict[str, Stated] = {}
    for number, row in table_rows(path):
        sample = row["sample"]
        if sample in found:
            raise InputError("BAD_PEOPLE", f"{sample!r} stands here twice", source=path.name, line=number)
        sex = _SEXES.get(row.get("sex", "").strip().casefold())
        if sex is None:
            raise InputError("BAD_PEOPLE", f"sex is {row['sex']!r}", source=path.name, line=number)
        text = row.get("medication", "")
        if text not in known:
            known[text] = _medicated(text, knowledge)
        found[sample] = replace(known[text], sex=sex, facts=_facts(row, sex, path.name, number))
    return found


def _facts(row: Mapping[str, str], sex: Sex, source: str, line: int) -> str:
    """The facts of one row; that somebody is a man is one, since a man is not asked whether he is pregnant.

    Raises: InputError BAD_PEOPLE on an age that nobody has and the like.
    """
    facts = {name: row[name] for name in FACTS if row.get(name)}
    if sex == "male":
        facts["sex"] = sex
    if not facts:
        return ""
    try:
        checked(facts, date.today())
    except InputError as error:
        raise InputError("BAD_PEOPLE", error.message, source=source, line=line) from None
    return json.dumps(facts, sort_keys=True)


def table_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, column -> text) of a tab-separated table whose header names `sample`.

    Raises: InputError BAD_PEOPLE, FILE_NOT_FOUND or FILE_UNREADABLE.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = [name.strip() for name in next(rows, [])]
            if "sample" not in header or len(set(header)) < len(header):
                message = "the first line must name the columns, one of them `sample`, each once"
                raise InputError("BAD_PEOPLE", message, source=path.name, line=1)
            for number, row in enumerate(rows, 2):
                if len(row) != len(header):
                    message = f"{len(row)} columns, not {len(header)}"
                    raise InputError("BAD_PEOPLE", message, source=path.name, line=number)
                yield number, dict(zip(header, (text.strip() for text in row), strict=True))
    except FileNotFoundError:
        raise InputError("FILE_NOT_FOUND", "no such file", source=str(path)) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("FILE_UNREADABLE", "not a readable table", source=str(path)) from error


def _medicated(text: str, knowledge: KnowledgeBase) -> Stated:
    """What is stated of a person by the cell of medicines."""
    medicines = stated_medicines(knowledge, text.split(";"))
    return Stated(
        medication=tuple(sorted(ingredients_of(medicines))),
        remarks=tuple(notice.message for notice in notices_of(knowledge, medicines)),
        unknown=not all(each.is_known for each in medicines),
    )


def read_outside(path: Path, knowledge: KnowledgeBase) -> dict[str, Stated]:
    """Sample -> what another laboratory stated: a table of outside calls with a column `sample`.

    As in a report, genes that nobody here knows are named in the person's remarks and passed over, and so are words for
    no result.  Raises: InputError BAD_OUTSIDE_CALL or BAD_PEOPLE, with the line.
    """
    found: dict[str, list[OutsideCall]] = {}
    for number, row in table_rows(path):
        sample = row.pop("sample")
        text = "\t".join(row) + "\n" + "\t".join(row.values())
        try:
            calls = named(parse_outside_calls(text, source=""), knowledge.genes, knowledge.definitions)
        except InputError as error:
            message = error.message.partition(": ")[2]
            raise InputError(error.code, message, source=path.name, line=number) from None
        found.setdefault(sample, []).extend(replace(call, line=number) for call in calls)
    return {
        sample: Stated(
            outside=tuple(call for call in calls if call.gene in knowledge.genes),
            remarks=tuple(notice.message for notice in sender_notices(calls, knowledge.genes, sample)),
        )
        for sample, calls in found.items()
    }


def with_outside_calls(stated: Mapping[str, Stated], outside: Mapping[str, Stated]) -> dict[str, Stated]:
    """Both tables as one."""
    everyone = {sample: stated.get(sample, NOTHING) for sample in (*stated, *outside)}
    theirs = {sample: outside.get(sample, NOTHING) for sample in everyone}
    return {
        sample: replace(own, outside=theirs[sample].outside, remarks=(*own.remarks, *theirs[sample].remarks))
        for sample, own in everyone.items()
    }
