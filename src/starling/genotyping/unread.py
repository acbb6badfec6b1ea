"""A person of whom no genotypes were brought: what others state is all there is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starling.errors import InputError
from starling.genotyping.collect import Collected
from starling.source.stamps import SourceStamp
from starling.vocabulary import OutsideCall, Remark, SampleGenotypes


def stated_alone(
    outside: Sequence[OutsideCall], sites: int, genes: Sequence[str], samples: Sequence[str] | None
) -> Collected:
    """A person of whom nothing is known but what others state; named by the file where it names nobody.

    Raises: InputError UNKNOWN_GENE when nothing that is stated is about a gene known here.
    """
    first = outside[0]
    if not any(call.gene in genes for call in outside):
        message = f"{first.gene} is not in this knowledge base, and nothing else is stated"
        raise InputError("UNKNOWN_GENE", message, source=first.file or "outside calls", line=first.line)
    people = tuple(dict.fromkeys(call.sample for call in outside if call.sample))
    stem = re.sub(r"(\.[A-Za-z]{2,8})+$", "", first.file) or "patient"
    name = samples[0] if samples else people[0] if len(people) == 1 else stem
    remarks = [Remark("OUTSIDE_ONLY", "No genotypes were given: every result is as others state it.")]
    about = tuple(dict.fromkeys(call.gene for call in outside if call.gene in genes))
    if len(about) == 1:
        text = f"A single test: nothing but {about[0]} was looked at; confirm it before lasting decisions."
        remarks.insert(0, Remark("SINGLE_TEST", text))
    stamp = SourceStamp(
        ", ".join(dict.fromkeys(call.file or "outside calls" for call in outside)), None, None, "scan", None
    )
    return Collected([SampleGenotypes(name, {}, tuple(remarks))], {}, stamp, {name: stamp}, sites)
