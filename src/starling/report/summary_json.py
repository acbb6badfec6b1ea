"""A summary as JSON: the numbers of the table and what a reader must know of them, for another program."""

from __future__ import annotations

import json

from starling.report.summary_table import notes
from starling.summary import Cell, Summary

#: Raised when a field changes its meaning.
SCHEMA = 1


def document(summary: Summary) -> str:
    """The whole summary; a count that is withheld is null."""
    fields = {
        "schema": SCHEMA,
        "notes": list(notes(summary)),
        "min_cell": summary.min_cell,
        "by": summary.by,
        "people": summary.people,
        "groups": summary.groups,
        "cells": [_cell(cell) for cell in summary.cells],
    }
    return json.dumps(fields, indent=1, ensure_ascii=True) + "\n"


def _cell(cell: Cell) -> dict[str, object]:
    return {
        "section": cell.section,
        "subject": cell.subject,
        "group": cell.group,
        "item": cell.item,
        "count": cell.count,
        "of": cell.of,
        "frequency": cell.share,
        "interval95": cell.interval,
    }
