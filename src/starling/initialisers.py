"""`__init__` of values with up to sixteen fields, as Python itself takes parameters: a third of the time of a loop.

Nothing is compiled when a class is made, and no text is evaluated: so each number of fields stands here once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

#: By number of fields: from what puts each field (`p0` ...) to the method that is given them (`f0` ...).  A slot that
#: is set gives None, so that `or` goes on to the next.
_BY_NUMBER: Final[tuple[Callable[..., Any], ...]] = (
    lambda: lambda s: None,
    lambda p0: lambda s, f0: p0(s, f0),
    lambda p0, p1: lambda s, f0, f1: p0(s, f0) or p1(s, f1),
    lambda p0, p1, p2: lambda s, f0, f1, f2: p0(s, f0) or p1(s, f1) or p2(s, f2),
    lambda p0, p1, p2, p3: lambda s, f0, f1, f2, f3: p0(s, f0) or p1(s, f1) or p2(s, f2) or p3(s, f3),
    lambda p0, p1, p2, p3, p4: (
        lambda s, f0, f1, f2, f3, f4: p0(s, f0) or p1(s, f1) or p2(s, f2) or p3(s, f3) or p4(s, f4)
    ),
    lambda p0, p1, p2, p3, p4, p5: (
        lambda s, f0, f1, f2, f3, f4, f5: p0(s, f0) or p1(s, f1) or p2(s, f2) or p3(s, f3) or p4(s, f4) or p5(s, f5)
    ),
    lambda p0, p1, p2, p3, p4, p5, p6: (
        lambda s, f0, f1, f2, f3, f4, f5, f6: (
            p0(s, f0) or p1(s, f1) or p2(s, f2) or p3(s, f3) or p4(s, f4) or p5(s, f5) or p6(s, f6)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7: (
            p0(s, f0) or p1(s, f1) or p2(s, f2) or p3(s, f3) or p4(s, f4) or p5(s, f5) or p6(s, f6) or p7(s, f7)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8, p9: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
            or p9(s, f9)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
            or p9(s, f9)
            or p10(s, f10)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
            or p9(s, f9)
            or p10(s, f10)
            or p11(s, f11)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
            or p9(s, f9)
            or p10(s, f10)
            or p11(s, f11)
            or p12(s, f12)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
            or p9(s, f9)
            or p10(s, f10)
            or p11(s, f11)
            or p12(s, f12)
            or p13(s, f13)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
            or p9(s, f9)
            or p10(s, f10)
            or p11(s, f11)
            or p12(s, f12)
            or p13(s, f13)
            or p14(s, f14)
        )
    ),
    lambda p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15: (
        lambda s, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15: (
            p0(s, f0)
            or p1(s, f1)
            or p2(s, f2)
            or p3(s, f3)
            or p4(s, f4)
            or p5(s, f5)
            or p6(s, f6)
            or p7(s, f7)
            or p8(s, f8)
            or p9(s, f9)
            or p10(s, f10)
            or p11(s, f11)
            or p12(s, f12)
            or p13(s, f13)
            or p14(s, f14)
            or p15(s, f15)
        )
    ),
)


def initialiser(
    kind: type, puts: tuple[Any, ...], names: tuple[str, ...], defaults: Mapping[str, Any]
) -> Callable[..., None] | None:
    """The method that sets every field through its slot; None for more fields than there is one for."""
    if len(names) >= len(_BY_NUMBER):
        return None
    method: Any = _BY_NUMBER[len(names)](*puts)
    method.__code__ = method.__code__.replace(co_varnames=("self", *names))
    method.__defaults__ = tuple([defaults[name] for name in names if name in defaults])
    method.__name__, method.__qualname__ = "__init__", f"{kind.__qualname__}.__init__"
    made: Callable[..., None] = method
    return made
