"""Whether an index was made of a file: then the order of its records was proved by who made it.

Who makes an index refuses records that are not sorted.
Source: htslib, tbx.c and hts.c (hts_idx_push: "Unsorted positions", "Chromosome blocks not continuous").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from starling.formats.bgzf import BlockFile
from starling.formats.heads import EveryHead
from starling.formats.lines import pieces
from starling.formats.tabix import Index

#: Places of the index that are looked at in the file where not all of them are.
_LOOKED_AT: Final = 256


def is_fresh(index: Path, blocks: BlockFile) -> bool:
    """Whether an index was written after its file."""
    return index.stat().st_mtime_ns >= blocks.modified


def contigs_of(index: Index, blocks: BlockFile) -> list[bytes]:
    """The contigs with records, in file order, of an index that was made of this file; empty when it was not.

    Each begins where the index says, the last ends where the text ends, and 256 blocks of the index are blocks.
    Raises: BadIndexError, IndexError: the index is cut short.
    """
    extents = _extents(index)
    names = sorted(extents, key=extents.__getitem__)
    follow = all(extents[one][1] <= extents[other][0] for one, other in pairwise(names))
    fits = names and follow and _begin_and_end_as_said(extents, names, blocks)
    return names if fits and all(map(blocks.is_block, index.sample(_LOOKED_AT))) else []


def fits_all(index: Index, blocks: BlockFile, heads: EveryHead) -> bool:
    """As `contigs_of`, of a file whose every head was read: then every block that the index names is one.

    Raises: BadIndexError, IndexError: the index is cut short.
    """
    if contigs_of(index, blocks) != heads.names:
        return False
    return index.blocks() <= {*heads.offsets, *blocks.between(heads.last, blocks.size), blocks.size}


def _extents(index: Index) -> Mapping[bytes, tuple[int, int]]:
    return {name: extent for name in index.names if (extent := index.extent(name)) is not None}


def _begin_and_end_as_said(extents: Mapping[bytes, tuple[int, int]], names: Sequence[bytes], blocks: BlockFile) -> bool:
    for name in names:
        block, at = extents[name][0] >> 16, extents[name][0] & 0xFFFF
        if not blocks.is_block(block) or at > blocks.text_size(block):
            return False
        if not _begins(blocks, block, at, name + b"\t"):
            return False
    return _is_end(blocks, extents[names[-1]][1])


def _begins(blocks: BlockFile, block: int, at: int, begin: bytes) -> bool:
    """Whether a line that begins so stands at a place; more than a peek is needed where its block ends within."""
    if blocks.peek(block, at + len(begin)).startswith(begin, at):
        return True
    return next((piece.text for piece in pieces(blocks, block, at)), b"").startswith(begin)


def _is_end(blocks: BlockFile, offset: int) -> bool:
    """Whether no text follows a virtual offset."""
    block, at = offset >> 16, offset & 0xFFFF
    if block == blocks.size:
        return at == 0
    return blocks.is_block(block) and sum(map(blocks.text_size, blocks.between(block, blocks.size))) == at
