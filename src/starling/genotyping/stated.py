"""What one column states beside GT, as the file has it, and the numbers in it."""

from __future__ import annotations

from typing import Final, NamedTuple

from starling.source.support import READS

_INFINITE: Final = float("inf")

#: Indices into REF and ALTs; None where GT has a dot.
Haplotypes = tuple[int | None, ...]


class Support(NamedTuple):
    """All that speaks for or against a genotype, as the column has it; `.`: not stated.  Fields as in `SUPPORT`."""

    min_dp: str
    dp: str
    gq: str
    rgq: str
    gqx: str
    rnc: str
    gp: str
    ds: str
    hds: str
    ap1: str
    ap2: str
    pl: str
    gl: str
    ad: str
    rd: str
    cga_rdp: str
    ro: str
    ao: str
    nr: str
    nv: str
    adf: str
    adr: str
    dpr: str
    clcad2: str
    dp4: str
    dv: str
    vaf: str
    vaf1: str
    freq: str
    af: str
    fdp: str
    fro: str
    fao: str
    fq: str


#: A column that says nothing but GT.
NOT_STATED: Final = Support(*["."] * len(Support._fields))
#: The FORMAT key of each field of `Support`.
SUPPORT: Final = tuple(name.upper() for name in Support._fields)
#: What counts where AD states nothing: see `starling.genotyping.reads`.
INSTEAD_OF_AD: Final = READS - {"AD", "RD", "CGA_RDP"}


def number(text: str | None) -> float | None:
    """None for what is missing or no finite number."""
    if text is None or text == ".":
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < _INFINITE else None


def numbers(text: str) -> tuple[float | None, ...]:
    """The numbers of a list, None for each that is missing."""
    return tuple(map(number, text.split(",")))


def stated_numbers(*texts: str) -> list[float]:
    """Those that are there."""
    return [value for text in texts if (value := number(text)) is not None]
