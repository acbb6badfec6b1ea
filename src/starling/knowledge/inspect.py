"""stub"""
from __future__ import annotations
from pathlib import Path
from starling.knowledge.tables import Tables, Violation, read_tables
def check(source: Path) -> tuple[Violation, ...]:
    return check_tables(read_tables(source))
def check_tables(tables: Tables) -> tuple[Violation, ...]:
    return tables.violations
