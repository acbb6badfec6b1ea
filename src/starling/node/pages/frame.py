"""Templates: what they are given is escaped, invisible characters are written out, and nothing is missing."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from starling.node.pages import assets, words
from starling.report.frame import template as of_the_report
from starling.report.markup import Markup as Fragment
from starling.report.markup import text
from starling.report.text import visible
from starling.report.words import NOT_A_DEVICE_SHORT, dated, moment, plural

#: Nothing is evaluated, no style is written into the page, and no page of a patient is kept in the browser.
#: Errors are pages of ours, too, and are shown.
HTMX: Final = (
    '{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"historyEnabled":false,'
    '"historyCacheSize":0,"selfRequestsOnly":true,"attributesToSettle":["class"],"responseHandling":[{"code":"204","swap":false},'
    '{"code":"...","swap":true}]}'
)


@cache
def environment() -> Environment:
    """The templates of the dashboard."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "address": assets.address,
        "htmx_config": HTMX,
        "drawings": Fragment(of_the_report("icons.html")),
        "not_a_device": NOT_A_DEVICE_SHORT,
        "states": words.STATES,
        "roles": words.ROLES,
        "no_result": words.NO_RESULT,
        "plural": plural,
        "steps": words.steps,
    }
    made.filters |= {"lines": _lines, "moment": moment, "size": words.size, "dated": dated, "typed": words.typed}
    made.filters |= {"why": words.why, "advice": words.advice}
    return made


def _shown(value: Any) -> Any:
    """Markup as it is; everything else on one line, with what cannot be seen written out."""
    return value if hasattr(value, "__html__") else visible(str(value))


def _lines(said: str) -> Fragment:
    """Text of several lines, as they were written."""
    return Fragment("\n".join(map(text, said.splitlines())))


def written(name: str, **values: Any) -> str:
    """A template with its values."""
    return environment().get_template(name).render(**values)


def page(request: Request, whole: str, status: int = 200) -> Response:
    """The response that shows a page; never kept by a browser.

    Compressed although it holds a secret (the token of its forms): a cookie of ours goes with no request that another
    site causes, so that nobody else can have pages made to measure them.
    """
    plain = whole.encode()
    packed = gzip.compress(plain, 5, mtime=0)
    return assets.compressed(request, plain, packed, media_type="text/html; charset=utf-8", status=status)
