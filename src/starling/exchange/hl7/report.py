"""An assessment as the segments of `ORU^R01`; several people as one batch.

Source: HL7 v2.5.1, 7.3.1 (ORU), 2.10.3 (batches); the codes of the observations: LOINC, as the knowledge confirms them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from starling.assessment import Assessment
from starling.exchange.codes import Codes
from starling.exchange.hl7.envelope import APPLICATION, Interface, Ordered, header, moment, patient
from starling.exchange.hl7.observations import notes, observations
from starling.formats.hl7 import Segment, encoded, segment
from starling.report.glance import caveats
from starling.report.words import NOT_A_DEVICE, ONLY_KNOWN, stated_subject

_NOBODY, _NOTHING = Interface(), Ordered()
#: kind of the message: code, trigger event, structure
ORU = ("ORU", "R01", "ORU_R01")


def report(
    assessment: Assessment, codes: Codes, *, interface: Interface = _NOBODY, ordered: Ordered = _NOTHING
) -> tuple[Segment, ...]:
    """The segments of one message about one person; every observation names its call (`observations`)."""
    subject, at = stated_subject(assessment), assessment.run.created
    body = [patient(subject, assessment.sample)]
    if ordered.placer:
        body.append(segment("ORC", "RE", ordered.placer, _filler(assessment, ordered)))
    body += [
        _request(assessment, codes, ordered),
        *notes((*caveats(assessment), ONLY_KNOWN, NOT_A_DEVICE)),
        *observations(assessment, codes),
    ]
    if subject.get("specimen", "").strip():
        body.append(segment("SPM", "1", ("", subject["specimen"].strip()), "", ("", "not stated")))
    return (header(ORU, interface, at, body), *body)


def _filler(assessment: Assessment, ordered: Ordered) -> tuple[str, str]:
    return ordered.filler or assessment.result_sha256, APPLICATION


def _request(assessment: Assessment, codes: Codes, ordered: Ordered) -> Segment:
    term = codes.term("resource", "report")
    what = (term.code, term.display, "LN") if term is not None else ("", "Genetic analysis report")
    return segment(
        "OBR", "1", ordered.placer, _filler(assessment, ordered), what, "", "",
        moment(assessment.subject.get("collected", "")), *[""] * 14, moment(assessment.run.created), "", "GE",
        ordered.status,
    )  # fmt: skip


def report_parts(people: Iterable[Assessment], codes: Codes, interface: Interface = _NOBODY) -> Iterator[str]:
    """The text of one message, or of one batch where there are several people, in parts that follow one another."""
    each = iter(people)
    first = list(islice(each, 2))
    if len(first) < 2:
        yield from (encoded(report(person, codes, interface=interface)) for person in first)
        return
    at, count = moment(first[0].run.created), 0
    sender, receiver = (interface.application, interface.facility), (interface.to_application, interface.to_facility)
    ends = ("|", "^~\\&", *sender, *receiver, at)
    yield encoded([segment("FHS", *ends), segment("BHS", *ends)])
    for waiting in (first, each):
        for person in waiting:
            yield encoded(report(person, codes, interface=interface))
            count += 1
    yield encoded([segment("BTS", str(count)), segment("FTS", "1")])
