"""A prediction in words, for the terminal: the number, what it must be compared with, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from starling.notices import KNOWLEDGE_OTHER, MODEL_UNSIGNED
from starling.prediction import Prediction
from starling.report.text import visible
from starling.vocabulary import Notice

NOT_ADVICE: Final = "A calculation, not guideline advice. Not a medical device."
#: What stands before the number on every page: that it is not the program's own word.
_FIRST: Final = frozenset({KNOWLEDGE_OTHER, MODEL_UNSIGNED})
_BAR: Final = 20
_LABEL: Final = 34


def render(prediction: Prediction, *, sample: str = "", width: int = 100) -> str:
    """The prediction as lines of at most `width` columns."""
    lines: list[str] = []
    for line in _lines(prediction, sample):
        line = visible(line)
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        lines += textwrap.wrap(line, max(40, width), subsequent_indent=indent, drop_whitespace=True) or [""]
    return "\n".join(lines) + "\n"


def marks(prediction: Prediction) -> tuple[str, ...]:
    """What every page of it must show: a model that nobody vouches for, a knowledge base of somebody else."""
    return tuple(each.message for each in prediction.notices if each.code in _FIRST)


def notes(prediction: Prediction) -> tuple[Notice, ...]:
    """The notices that are not `marks`."""
    return tuple(each for each in prediction.notices if each.code not in _FIRST)


def caution(prediction: Prediction) -> str:
    """What kind of number it is, and what the drug's own program says beside it."""
    return " ".join(filter(None, (NOT_ADVICE, prediction.caution)))


def headline(prediction: Prediction) -> str:
    """The number with its unit; by the day too when it is a weekly dose."""
    text = f"{prediction.value:.1f} {prediction.unit}"
    if prediction.unit == "mg/week":
        text += f" ({prediction.value / 7:.1f} mg/day)"
    if prediction.steps:
        text += f", range {prediction.steps[-1].low:.1f} to {prediction.steps[-1].high:.1f}"
    return text


def origin(prediction: Prediction) -> str:
    """Which calculation gave the number, and with which model."""
    stamp = f", {prediction.model.sha256[:12]}" if prediction.model else ""
    fallback = " (the model was not used, see the notes)" if prediction.method == "formula" else ""
    return f"by {prediction.label}{stamp}{fallback}"


def certainty(prediction: Prediction) -> str:
    """The interval with what it promises, or that there is none."""
    interval = prediction.interval
    if interval is None:
        return "no interval"
    span = f"{interval.low:.0f} to {interval.high:.0f} {prediction.unit}"
    return f"{interval.coverage:.0%} interval {span}. {interval.statement}"


def steps_taken(prediction: Prediction) -> Iterator[str]:
    """What happened between the model's number and the one shown."""
    if prediction.clamped:
        yield "The output lay outside the range seen in training and was set to the end of that range."
    local = prediction.local
    if local is not None:
        bound = ", limited to 15%" if local.limited else ""
        yield (
            f"Local calibration: {local.uncalibrated:.1f} -> {local.calibrated:.1f} {prediction.unit} "
            f"({local.patients} patients of this hospital, activated by {local.activated_by}{bound})"
        )
    for step in prediction.steps:
        yield f"{step.text}: {step.before:.1f} -> {step.low:.1f} to {step.high:.1f} {prediction.unit} ({step.source})"


def similar(prediction: Prediction) -> str | None:
    """How many training patients are like this one, by group."""
    group = prediction.similar
    if group is None:
        return None
    if group.patients is None:
        return f"Fewer than five training patients with {group.group}: little is known about such patients."
    median = f"; median stable dose {group.median:.1f} {prediction.unit}" if group.median is not None else ""
    return f"{group.patients} training patients with {group.group}{median}."


def _lines(prediction: Prediction, sample: str) -> Iterator[str]:
    yield f"DOSE MODEL: {prediction.drug}, {prediction.quantity}{f', {sample}' if sample else ''}"
    yield from marks(prediction)
    yield caution(prediction)
    yield ""
    yield f"  {headline(prediction)}"
    yield f"  {certainty(prediction)}"
    yield f"  {origin(prediction)}"
    yield from (f"  {line}" for line in steps_taken(prediction))
    yield ""
    yield "BESIDE IT"
    for each in prediction.beside:
        yield f"  {each.name:<{_LABEL}} {each.value:6.1f}  (the dose above: {each.difference:+.1f})  {each.source}"
    yield from _why(prediction)
    alike = similar(prediction)
    if alike:
        yield ""
        yield f"  {alike}"
    yield from (f"  {line}" for line in prediction.evidence)
    if notes(prediction):
        yield ""
        yield "NOTES"
        yield from (f"  {each.message}" for each in notes(prediction))


def _why(prediction: Prediction) -> Iterator[str]:
    told = prediction.explanation
    if told is None:
        return
    yield ""
    yield f"WHY: {prediction.unit} that each fact adds or takes away (exact Shapley values)"
    yield f"  {'typical patient':<{_LABEL}} {told.start:6.1f}  {told.typical}"
    most = max((abs(each.amount) for each in told.contributions), default=0.0) or 1.0
    for each in told.contributions:
        bar = ("+" if each.amount > 0 else "-") * round(abs(each.amount) / most * _BAR)
        yield f"  {f'{each.factor}: {each.value}':<{_LABEL}} {each.amount:+6.1f}  {bar}".rstrip()
    yield f"  {'this patient':<{_LABEL}} {told.end:6.1f}"
    yield ""
    yield "WHAT IF (the model's number)"
    for change in told.what_if:
        yield f"  {change.change:<{_LABEL}} {change.value:6.1f}  ({change.difference:+.1f})"
