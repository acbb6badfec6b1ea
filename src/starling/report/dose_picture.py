"""A prediction as the first section of the HTML report: apart from guideline advice, with a picture of the reasons."""

from __future__ import annotations

from starling.prediction import Contribution, Explanation, Prediction
from starling.report.dose import caution, certainty, headline, marks, notes, origin, similar, steps_taken
from starling.report.markup import Markup, join, tag
from starling.report.parts import bullets, table

#: widths of the picture in its own units
_LABEL, _HALF, _ROW = 250, 180, 20
_WHAT_IF = "Had one thing been different"
#: lowers, raises: told apart by side and sign too, never by colour alone
_LOWER, _RAISE = "#1f5f8b", "#a85b00"


def section(prediction: Prediction, *, sample: str = "") -> Markup:
    """The section, to be given to `starling.report.html.page`, which puts it first; a page of its own when printed.

    `sample`: whose dose it is, as on the first page of the report: the printed page may lie alone.
    """
    told = prediction.explanation
    alike = similar(prediction)
    steps = list(steps_taken(prediction))
    said = [*prediction.evidence, *(each.message for each in notes(prediction))]
    first = marks(prediction)
    return tag(
        "section",
        tag("h2", f"Dose model: {prediction.drug}, {prediction.quantity}"),
        tag("p", sample, class_="whose") if sample else None,
        tag("div", tag("strong", "Read this first"), bullets(list(first)), class_="caveats") if first else None,
        tag("p", tag("strong", caution(prediction))),
        tag("p", tag("strong", headline(prediction)), class_="dose"),
        tag("p", certainty(prediction)),
        tag("p", origin(prediction), class_="quiet small"),
        bullets(steps) if steps else None,
        _beside(prediction),
        _reasons(prediction, told) if told else None,
        tag("p", alike) if alike else None,
        bullets(said) if said else None,
        id="dose-model",
        style="break-after:page;margin-bottom:2.5rem",
    )


def _beside(prediction: Prediction) -> Markup:
    rows = [
        (join(each.name, tag("span", each.source, class_="why")), f"{each.value:.1f}", f"{each.difference:+.1f}")
        for each in prediction.beside
    ]
    columns = ("Published formula", prediction.unit, "The dose above differs by")
    return table(columns, rows, caption="Beside it: what published formulas give", class_="numbers")


def _reasons(prediction: Prediction, told: Explanation) -> Markup:
    rows = [(each.change, f"{each.value:.1f}", f"{each.difference:+.1f}") for each in told.what_if]
    return join(
        tag("h3", "Why"),
        tag("p", f"From a typical patient ({told.typical}): {told.start:.1f} {prediction.unit}, "
                 f"to this patient: {told.end:.1f} {prediction.unit}. Each bar: what that fact adds or takes away "
                 "(exact Shapley values)."),
        bars(told.contributions, prediction.unit),
        table(("What if", prediction.unit, "Difference"), rows, caption=_WHAT_IF, class_="numbers"),
    )  # fmt: skip


def bars(contributions: tuple[Contribution, ...], unit: str) -> Markup:
    """The contributions as bars to the left (lower) and right (raise) of a line, each with its number."""
    most = max((abs(each.amount) for each in contributions), default=0.0) or 1.0
    middle, height = _LABEL + _HALF, _ROW * len(contributions)
    raising = max((each.amount for each in contributions if each.amount > 0), default=0.0) / most
    width = (
        middle + raising * (_HALF - 50) + 60
    )  # no room for what is not drawn: on a telephone it makes the words small
    drawn = [_bar(each, at * _ROW, middle, most) for at, each in enumerate(contributions)]
    axis = tag("line", x1=str(middle), x2=str(middle), y1="0", y2=str(height), stroke="currentColor")
    words = ", ".join(f"{each.factor} {each.amount:+.1f}" for each in contributions)
    return tag(
        "svg",
        tag("title", f"Contributions in {unit}: {words}"),
        axis,
        *drawn,
        role="img",
        viewBox=f"0 0 {width:.0f} {height}",
        width="100%",
        style=f"max-width:{width / 14:.0f}em",
    )


def _bar(each: Contribution, top: int, middle: int, most: float) -> Markup:
    length = abs(each.amount) / most * (_HALF - 50)
    left = middle - length if each.amount < 0 else middle
    number_at = middle - length - 6 if each.amount < 0 else middle + length + 6
    return join(
        _text(f"{each.factor}: {each.value}", 0.0, top, "start"),
        tag(
            "rect",
            x=f"{left:.1f}",
            y=str(top + 4),
            width=f"{length:.1f}",
            height="12",
            fill=_LOWER if each.amount < 0 else _RAISE,
        ),
        _text(f"{each.amount:+.1f}", number_at, top, "end" if each.amount < 0 else "start"),
    )


def _text(words: str, x: float, top: int, anchor: str) -> Markup:
    return tag("text", words, x=f"{x:.1f}", y=str(top + 14), font_size="12", text_anchor=anchor, fill="currentColor")
