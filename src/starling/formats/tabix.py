"""The indexes .tbi and .csi: where in a BGZF file the records of a region are, as far as the index knows.

An index may be broken, or older than its file; `starling.formats.seek` believes nothing it says without looking.
Source: hts-specs tabix.pdf and CSIv1.pdf; section 5.1.3 of SAMv1.pdf for the binning scheme.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import Final

from starling.errors import InputError
from starling.formats.bgzf import BlockFile, is_bgzf
from starling.values import dataclass, field

#: Real indexes of a genome are 1-3 MB; one that inflates to more than this is none.
_LARGEST: Final = 512 * 2**20
_TABIX_SHIFT: Final = 14
_TABIX_DEPTH: Final = 5
#: Fewer bins of one chunk in a row are read one by one; and so many others before looking for a run again.
_WORTH_A_RUN: Final = 32
_ONE_BY_ONE: Final = 256
#: Bins looked at together; the number 1, as a 32-bit word, 128 times.
_TOGETHER: Final = 1024
_ONES: Final = struct.pack("<I", 1) * 128


class BadIndexError(ValueError):
    """The index cannot be used; `str()` says why.  Never leaves the room: another way of reading is taken."""


@dataclass(slots=True)
class _Reference:
    """One sequence: its bin numbers as words in file order, and runs of bins that are equally long.

    There are hundreds of thousands of bins, and a few hundred are asked for: so they are not put into a dictionary.
    """

    numbers: bytes
    run_firsts: list[int]
    run_places: list[int]
    stride: int
    linear: int = 0
    windows: int = 0

    def place(self, number: int) -> int | None:
        """Where the words of the bin begin; None when there is no such bin."""
        word = struct.pack("<I", number)
        at = self.numbers.find(word)
        while at % 4 and at > 0:
            at = self.numbers.find(word, at + 1)
        return None if at < 0 else self.place_of(at // 4)

    def place_of(self, bin_in_file: int) -> int:
        """Where the words of a bin begin, by its place among the bins."""
        run = bisect_right(self.run_firsts, bin_in_file) - 1
        return self.run_places[run] + (bin_in_file - self.run_firsts[run]) * self.stride


@dataclass(slots=True)
class Index:
    """A parsed index.  Sequences are parsed when first asked for, since there may be thousands of them."""

    names: tuple[bytes, ...]
    shift: int
    depth: int
    is_csi: bool
    _words: memoryview[int]
    _at: int = 0
    _references: list[_Reference] = field(default_factory=list)

    def start(self, name: bytes, position: int) -> int | None:
        """A virtual offset at or before the first record that begins at or after `position`; None: not known.

        Raises: BadIndexError.
        """
        reference = self._reference(name)
        if reference is None:
            return None
        if self.is_csi:
            return self._least_offset(reference, position) or None
        window = max(position - 1, 0) >> self.shift
        if not reference.windows:
            return None
        return self._long(reference.linear + 2 * min(window, reference.windows - 1)) or None

    def chunks(self, name: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """Ranges of virtual offsets that hold every record the index knows to touch `start..end`, sorted, merged.

        Raises: BadIndexError.
        """
        reference = self._reference(name)
        if reference is None:
            return []
        least = self.start(name, start) or 0
        found: list[tuple[int, int]] = []
        for number in self._bins_touching(start, end):
            if (at := reference.place(number)) is not None:
                found.extend((max(begin, least), stop) for begin, stop in self._chunks_at(at) if stop > least)
        merged: list[tuple[int, int]] = []
        for begin, stop in sorted(found):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
            else:
                merged.append((begin, stop))
        return merged

    def extent(self, name: bytes) -> tuple[int, int] | None:
        """The virtual offsets between which the index says all records of a sequence are; None: none, or not said.

        Raises: BadIndexError.
        """
        reference = self._reference(name)
        at = reference.place(_bins_below(self.depth + 1) + 1) if reference else None
        if at is None or self._words[at + self._fixed - 1] != 2:
            return None
        return self._long(at + self._fixed), self._long(at + self._fixed + 2)

    def blocks(self) -> set[int]:
        """Every block of the file in which the index says that a first chunk of a bin begins or ends.

        Raises: BadIndexError.
        """
        found: set[int] = set()
        for name in self.names:
            reference = self._reference(name)
            if reference is None:
                continue
            ends = [*reference.run_firsts[1:], len(reference.numbers) // 4]
            for place, first, end in zip(reference.run_places, reference.run_firsts, ends, strict=True):
                found |= self._blocks_of(place + self._fixed, reference.stride, end - first)
        return found

    def sample(self, count: int) -> list[int]:
        """At most about `count` blocks in which the index says that a record begins, spread evenly over the bins.

        Raises: BadIndexError.
        """
        references = [each for name in self.names if (each := self._reference(name)) is not None]
        every = sum(len(each.numbers) for each in references) // 4 // count + 1
        places = (each.place_of(number) for each in references for number in range(0, len(each.numbers) // 4, every))
        return sorted({self._long(place + self._fixed) >> 16 for place in places})

    def _blocks_of(self, at: int, stride: int, bins: int) -> set[int]:
        """The blocks of the two virtual offsets at `at`, and at every `stride` words from there, of so many bins."""
        words, stop = self._words, at + stride * (bins - 1) + 1
        if stop + 3 > len(words):
            raise BadIndexError("it is cut short")
        low, high, low_end, high_end = (words[at + k : stop + k : stride].tolist() for k in range(4))
        begins = {one >> 16 | other << 16 for one, other in zip(low, high, strict=True)}
        return begins | {one >> 16 | other << 16 for one, other in zip(low_end, high_end, strict=True)}

    def records(self) -> int | None:
        """How many records the index says the file has; None when it does not say."""
        special = _bins_below(self.depth + 1) + 1
        total, said = 0, False
        for name in self.names:
            reference = self._reference(name)
            at = reference.place(special) if reference else None
            if at is not None and self._words[at + self._fixed - 1] == 2:
                total += self._long(at + self._fixed + 4) + self._long(at + self._fixed + 6)
                said = True
        return total if said else None

    @property
    def _fixed(self) -> int:
        """Words of a bin before its chunks."""
        return 4 if self.is_csi else 2

    def _reference(self, name: bytes) -> _Reference | None:
        if name not in self.names:
            return None
        number = self.names.index(name)
        try:
            while len(self._references) <= number:
                self._references.append(self._parse_next())
        except IndexError as error:
            raise BadIndexError("it is cut short") from error
        return self._references[number]

    def _parse_next(self) -> _Reference:
        words, fixed, at = self._words, self._fixed, self._at
        count, at = words[at], at + 1
        reference = _Reference(b"", [], [], fixed + 4)
        numbers: list[bytes] = []
        seen = 0
        while seen < count:
            single = self._single_chunk_bins(at, count - seen)
            if single >= _WORTH_A_RUN:
                reference.run_firsts.append(seen)
                reference.run_places.append(at)
                numbers.append(words[at : at + single * (fixed + 4) : fixed + 4].tobytes())
                seen += single
                at += single * (fixed + 4)
            else:
                places = self._places(at, min(count - seen, _ONE_BY_ONE))
                reference.run_firsts.extend(range(seen, seen + len(places)))
                reference.run_places.extend(places)
                numbers.append(array("I", map(words.__getitem__, places)).tobytes())
                seen += len(places)
                at = places[-1] + fixed + 4 * words[places[-1] + fixed - 1]
            if at > len(words):
                raise BadIndexError("it is cut short")
        reference.numbers = b"".join(numbers)
        if not self.is_csi:
            reference.windows, reference.linear = words[at], at + 1
            at += 1 + 2 * reference.windows
        if at > len(words):
            raise BadIndexError("it is cut short")
        self._at = at
        return reference

    def _places(self, at: int, count: int) -> list[int]:
        """Where each of the next `count` bins begins."""
        words, fixed = self._words, self._fixed
        places = []
        for _ in range(count):
            places.append(at)
            at += fixed + 4 * words[at + fixed - 1]
        return places

    def _single_chunk_bins(self, at: int, count: int) -> int:
        """How many bins from `at` on, `count` at most, have one chunk: often most, then passed over together."""
        size, words = self._fixed + 4, self._words
        near = at + self._fixed - 1 + size * (min(count, _WORTH_A_RUN) - 1)
        if near >= len(words) or words[near] != 1:
            return 0
        counts = self._words[at + self._fixed - 1 : at + min(count, _TOGETHER) * size : size].tobytes()
        passed = 0
        while passed < len(counts):
            part = counts[passed : passed + len(_ONES)]
            if part != _ONES[: len(part)]:
                differing = int.from_bytes(part, "little") ^ int.from_bytes(_ONES[: len(part)], "little")
                return (passed + ((differing & -differing).bit_length() - 1) // 8) // 4
            passed += len(part)
        return passed // 4

    def _long(self, at: int) -> int:
        return self._words[at] | self._words[at + 1] << 32

    def _chunks_at(self, at: int) -> list[tuple[int, int]]:
        first = at + self._fixed
        places = range(first, first + 4 * self._words[first - 1], 4)
        return [(self._long(place), self._long(place + 2)) for place in places]

    def _least_offset(self, reference: _Reference, position: int) -> int:
        """CSI: no record that touches `position`, or begins later, stands before this offset; 0 when unknown."""
        number = _bins_below(self.depth) + (max(position - 1, 0) >> self.shift)
        while True:
            at = reference.place(number)
            if at is not None:
                return self._long(at + 1)
            if number == 0:
                return 0
            parent = (number - 1) >> 3
            # The nearest earlier bin under the same parent is as good, and cheaper to be sure of.
            number = number - 1 if number > (parent << 3) + 1 else parent

    def _bins_touching(self, start: int, end: int) -> list[int]:
        low, high = max(start - 1, 0), max(end - 1, 0)
        numbers: list[int] = []
        for level in range(self.depth + 1):
            shift = self.shift + 3 * (self.depth - level)
            below = _bins_below(level)
            last = min(high >> shift, (1 << 3 * level) - 1)
            numbers.extend(range(below + (low >> shift), below + last + 1))
        return numbers


def _bins_below(level: int) -> int:
    """How many bins the levels above `level` have; so the number of its first bin."""
    return ((1 << 3 * level) - 1) // 7


def find_index(path: Path) -> Path | None:
    """The index beside the file, .csi before .tbi as htslib does; None when there is none."""
    candidates = (path.with_name(path.name + suffix) for suffix in (".csi", ".tbi"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read_index(path: Path) -> Index:
    """The index in the file.  Raises: BadIndexError."""
    try:
        data = _text(path)
        return _parse_csi(data) if data[:4] == b"CSI\x01" else _parse_tbi(data)
    except (InputError, OSError, zlib.error, struct.error, IndexError, ValueError) as error:
        raise BadIndexError(str(error)) from error


def _text(path: Path) -> bytes:
    """What the index inflates to.  Raises: InputError, OSError, zlib.error or BadIndexError."""
    with path.open("rb") as stream:
        if not is_bgzf(stream.read(4096)):
            stream.seek(0)
            return _inflate(stream.read(_LARGEST))
        blocks = BlockFile(stream, path.name)
    try:
        return b"".join(blocks.texts())
    finally:
        blocks.close()


def _inflate(data: bytes) -> bytes:
    parts: list[bytes] = []
    left = _LARGEST
    while data:
        inflater = zlib.decompressobj(31)
        parts.append(inflater.decompress(data, left))
        left -= len(parts[-1])
        if left <= 0 or not inflater.eof:
            raise BadIndexError("it is cut short or too large")
        data = inflater.unused_data
    return b"".join(parts)


def _parse_tbi(data: bytes) -> Index:
    if data[:4] != b"TBI\x01":
        raise BadIndexError("it is neither TBI nor CSI")
    count, *_, size = struct.unpack_from("<8i", data, 4)
    _refuse_negative(count, size)
    names = _names(data[36 : 36 + size], count)
    return Index(names, _TABIX_SHIFT, _TABIX_DEPTH, is_csi=False, _words=_words(data, 36 + size))


def _parse_csi(data: bytes) -> Index:
    shift, depth, extra = struct.unpack_from("<3i", data, 4)
    if not (8 <= shift <= 30 and 1 <= depth <= 9 and extra >= 28):
        raise BadIndexError("its parameters are not those of an index of a VCF")
    (size,) = struct.unpack_from("<i", data, 16 + 24)
    (count,) = struct.unpack_from("<i", data, 16 + extra)
    _refuse_negative(count, size)
    names = _names(data[16 + 28 : 16 + 28 + size], count)
    return Index(names, shift, depth, is_csi=True, _words=_words(data, 16 + extra + 4))


def _refuse_negative(*sizes: int) -> None:
    if min(sizes) < 0:
        raise BadIndexError("it states a negative size")


def _names(data: bytes, count: int) -> tuple[bytes, ...]:
    names = tuple(data.split(b"\0")[:-1])
    if len(names) != count:
        raise BadIndexError(f"it states {count} sequences and names {len(names)}")
    return names


def _words(data: bytes, begin: int) -> memoryview[int]:
    """The 32-bit words from `begin` on (little-endian, as every machine this runs on)."""
    size = (len(data) - begin) // 4 * 4
    return memoryview(data)[begin : begin + max(size, 0)].cast("I")
