"""The sample columns of a record as few distinct texts and, for each person, which one: most people say the same.

Only the FORMAT fields that a call can depend on are kept, so that a genome's evidence stays small and two people who
differ in nothing else share a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from starling.formats.record import Columns, Record
from starling.genotyping.call import REFERENCES
from starling.genotyping.stated import INSTEAD_OF_AD, SUPPORT
from starling.source.support import MISSING, NO_READS
from starling.values import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Every FORMAT field that `starling.genotyping.call` reads.
FIELDS: Final = frozenset({"GT", *SUPPORT, "CN", "PS", "PSL", "PGT", "PID", "FT", "LEN"})
#: A genotype of three characters and its tab: the width of a column in a panel of GT alone.
_WIDTH: Final = 4
_TAB: Final = 9
_REFERENCES: Final = (b"0|0\t", b"0/0\t")


@dataclass(frozen=True, slots=True)
class Coded:
    """`texts[codes[i]]` is what `people[i]` has; everyone not listed has `texts[default]`.  None: no such record.

    `people` is sorted, uint32; `codes` is uint32, of equal length.
    """

    texts: tuple[str | None, ...]
    default: int
    people: NDArray[np.uint32]
    codes: NDArray[np.uint32]


def kept_fields(keys: Sequence[str]) -> tuple[int, ...]:
    """The places in FORMAT of the fields to keep."""
    return tuple(place for place, key in enumerate(keys) if key in FIELDS)


def code_columns(
    record: Record, columns: Sequence[int] | None, kept: tuple[int, ...], *, mitochondrial: bool = False
) -> Coded:
    """What each person states in `record`.  `columns`: the sample columns to read, None for all of them in order.

    `mitochondrial`: shares of reads matter beside reads, too.
    """
    text = record.columns.text if isinstance(record.columns, Columns) else "\t".join(record.columns)
    if columns is None and kept == (0,) and len(record.format) == 1:
        coded = _code_fixed_width(text)
        if coded is not None:
            return coded
    chosen = text.split("\t") if columns is None else [record.columns[column] for column in columns]
    whole = len(kept) == len(record.format)
    reduced = str if whole else _reducer(kept)
    names = tuple(record.format[place] for place in kept)
    spare = INSTEAD_OF_AD - {"AF"} if mitochondrial else INSTEAD_OF_AD
    return _code_texts(chosen, _essential(reduced, names, spare))


def _essential(reduced: Callable[[str], str], names: Sequence[str], spare: frozenset[str]) -> Callable[[str], str]:
    """What differs in every column and decides nothing is left out.

    Those are likelihoods of a reference call that add nothing to its quality, and, beside a stated AD, `spare` fields.
    """
    at = {name: place for place, name in enumerate(names)}
    last = len(names)
    likelihoods, quality, reads = at.get("PL", last), at.get("GQ", last), at.get("AD", last)
    others = [place for name, place in at.items() if name in spare and reads < last]
    if likelihoods == last and not others:
        return reduced

    def essential(text: str) -> str:
        values = reduced(text).split(":")
        stated = len(values)
        if others and reads < stated and values[reads] not in NO_READS:
            for place in others:
                if place < stated:
                    values[place] = "."
        if values[0] in REFERENCES and likelihoods < stated > quality and values[quality] not in MISSING:
            values[likelihoods] = "." if values[likelihoods].startswith("0,") else values[likelihoods]
        return ":".join(values)

    return essential


def _code_fixed_width(text: str) -> Coded | None:
    """The fast way: every column is three ASCII characters wide.  None: it is not so."""
    import numpy as np

    if len(text) % _WIDTH != _WIDTH - 1 or not text.isascii():
        return None
    columns = np.frombuffer(text.encode("ascii") + b"\t", dtype="<u4")
    if not bool((columns >> 24 == _TAB).all()) or text.count("\t") != len(columns) - 1:
        return None
    for reference in _REFERENCES:
        people = np.flatnonzero(columns != int.from_bytes(reference, "little"))
        if 2 * len(people) <= len(columns):
            return _few_exceptions(reference, people, columns[people])
    values, counts = np.unique(columns, return_counts=True)
    usual = values[np.argmax(counts)]
    people = np.flatnonzero(columns != usual)
    return _few_exceptions(int(usual).to_bytes(_WIDTH, "little"), people, columns[people])


def _few_exceptions(usual: bytes, people: NDArray[np.intp], columns: NDArray[np.uint32]) -> Coded:
    import numpy as np

    values, codes = np.unique(columns, return_inverse=True)
    others = (int(value).to_bytes(_WIDTH, "little") for value in values)
    texts = tuple(each[:-1].decode("ascii") for each in (usual, *others))
    return Coded(texts, 0, people.astype(np.uint32), (codes + 1).astype(np.uint32))


def _reducer(kept: tuple[int, ...]) -> Callable[[str], str]:
    """What leaves the kept fields of a column alone."""
    count = len(kept)
    if kept == tuple(range(count)):
        return lambda text: ":".join(text.split(":", count)[:count])

    def reduced(text: str) -> str:
        values = text.split(":")
        return ":".join(values[place] for place in kept if place < len(values))

    return reduced


def _code_texts(columns: Sequence[str], reduced: Callable[[str], str]) -> Coded:
    import numpy as np

    numbers: dict[str | None, int] = {}
    places = {text: numbers.setdefault(reduced(text), len(numbers)) for text in dict.fromkeys(columns)}
    codes = np.fromiter(map(places.__getitem__, columns), np.uint32, len(columns))
    usual = int(np.argmax(np.bincount(codes))) if len(codes) else 0
    people = np.flatnonzero(codes != usual)
    return Coded(tuple(numbers), usual, people.astype(np.uint32), codes[people])


def placed(coded: Coded, people: Sequence[int], total: int) -> Coded:
    """The same for a larger group in which the columns belong to `people` (sorted); the others have no such record."""
    import numpy as np

    if len(people) == total:
        return coded
    whole = np.zeros(total, np.uint32)
    own = np.full(len(people), coded.default + 1, np.uint32)
    own[coded.people] = coded.codes + 1
    whole[np.asarray(people)] = own
    return _compact((None, *coded.texts), whole)


def gathered(texts: Mapping[int, str], total: int) -> Coded:
    """One record from files of one person each: person -> text; the others have no such record."""
    import numpy as np

    numbers: dict[str | None, int] = {None: 0}
    whole = np.zeros(total, np.uint32)
    for person, text in texts.items():
        whole[person] = numbers.setdefault(text, len(numbers))
    return _compact(tuple(numbers), whole)


def _compact(texts: tuple[str | None, ...], codes: NDArray[np.uint32]) -> Coded:
    import numpy as np

    usual = int(np.argmax(np.bincount(codes)))
    people = np.flatnonzero(codes != usual)
    return Coded(texts, usual, people.astype(np.uint32), codes[people])
