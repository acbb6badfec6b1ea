"""RDE^O11 of a pharmacy system, and what is answered: RRE^O12 with the answers for its drugs.

An answer never stops an order: ORC-1 says that the message was understood, ERR and NTE what the prescriber should know.
Source: HL7 v2.5.1, 4A.3.13 (RDE/RRE), 4A.4.4 (RXE), 2.15.5 (ERR), table 0516 (W warning, I information).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from starling.assessment import Assessment
from starling.exchange.hl7.envelope import LOCAL, Interface, header, patient
from starling.formats.hl7 import Message, Segment, segment
from starling.report.glance import drug_line
from starling.values import dataclass

#: the usual use of a drug: nothing to warn of
_USUAL: Final = "standard"
#: systems of drugs whose codes the knowledge holds, as they are written.  Source: HL7 table 0396.
_SYSTEMS: Final = frozenset({"RXNORM", "RXN", "ATC", "WC"})


@dataclass(frozen=True, slots=True)
class Dispensed:
    """One drug that is to be dispensed.  `names`: its codes and words, all of which mean it.  `placer`: ORC-2."""

    names: tuple[str, ...]
    shown: str
    placer: str


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one drug."""

    severity: Literal["W", "I"]
    code: str
    text: str
    notes: tuple[str, ...] = ()


def dispensed(message: Message) -> tuple[Dispensed, ...]:
    """Every drug of an order, in its order: RXE-2, else RXO-1."""
    found, placer = [], ""
    for each in message.segments:
        if each.name == "ORC":
            placer = each.text(2)
        elif each.name == "RXE":
            found.append(Dispensed(tuple(_names(each)), each.text(2, 2) or each.text(2), placer))
    return tuple(found)


def _names(encoded: Segment) -> Iterator[str]:
    """Codes of systems that are known here, and the words beside them; a number of any other system means nothing."""
    for code, words, system in ((1, 2, 3), (4, 5, 6)):
        is_known = encoded.text(2, system).strip().upper() in _SYSTEMS
        names = (encoded.text(2, code) if is_known else "", encoded.text(2, words))
        yield from (name for name in names if name.strip())


def said_of(person: Assessment, drug: str) -> Said:
    """The answer for a drug in one line, and its limits."""
    answer = person.drug(drug)
    line = drug_line(answer, {gene.gene: gene for gene in person.genes})
    notes = (*(f"{doubt}." for doubt in line.doubts), *line.asks, *line.required_tests)
    if answer.status != "advice":
        missing = ", ".join(answer.genes_missing)
        why = f"{missing} not known" if missing else "no guideline advises by this result"
        return Said("I", answer.status, f"{drug}: no answer, {why}; that is not a statement of safety", notes)
    text = f"{drug}: {line.words.word}." + (f" {line.summary}" if line.summary else "")
    return Said("I" if answer.headline_action == _USUAL else "W", answer.headline_action or "", text, notes)


def reply(
    message: Message, said: Sequence[Said], drugs: Iterable[Dispensed], at: str, facility: str
) -> tuple[Segment, ...]:
    """The segments of RRE^O12."""
    pid = message.first("PID")
    body = [segment("MSA", "AA", message.control)]
    for each in said:
        error = ("0", "Message accepted", "HL70357")
        body.append(segment("ERR", "", "", error, each.severity, (each.code, "", LOCAL), "", "", each.text))
    notes = [note for each in said for note in each.notes]
    body += [segment("NTE", str(number), "L", note) for number, note in enumerate(notes, 1)]
    subject = {"id": pid.text(3), "name": ", ".join(filter(None, (pid.text(5), pid.text(5, 2))))}
    body.append(patient(subject, ""))
    body += [segment("ORC", "OK", placer) for placer in dict.fromkeys(each.placer for each in drugs)]
    return (header(("RRE", "O12", "RRE_O12"), Interface.answering(message, facility), at, body), *body)
