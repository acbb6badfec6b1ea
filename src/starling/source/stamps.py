"""What the provenance says of a file, or of several that are parts of one person."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from starling.formats.content import OrderName, ReaderName
from starling.source.build import Build
from starling.values import dataclass


@dataclass(frozen=True, slots=True)
class SourceStamp:
    """What the provenance says of the file, or files, of one person."""

    name: str
    size: int | None
    file_sha256: str | None
    reader: ReaderName
    build: Build | None
    order: OrderName = "whole"


def joined(stamps: Sequence[SourceStamp]) -> SourceStamp:
    """One stamp for several files: the slowest reader, the weakest order, all bytes, the digest of the sorted digests.

    The build is None where they differ.
    """
    if len(stamps) == 1:
        return stamps[0]
    sizes = [stamp.size for stamp in stamps if stamp.size is not None]
    digests = sorted(stamp.file_sha256 for stamp in stamps if stamp.file_sha256 is not None)
    readers = {stamp.reader for stamp in stamps}
    builds = {stamp.build.name for stamp in stamps if stamp.build is not None}
    reader: ReaderName = "scan" if "scan" in readers else "bisect" if "bisect" in readers else "index"
    proofs = {stamp.order for stamp in stamps}
    order: OrderName = "blocks" if "blocks" in proofs else "index" if "index" in proofs else "whole"
    whole = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return SourceStamp(
        name=", ".join(stamp.name for stamp in stamps),
        size=sum(sizes) if len(sizes) == len(stamps) else None,
        file_sha256=whole if len(digests) == len(stamps) else None,
        reader=reader,
        build=stamps[0].build if len(builds) == 1 else None,
        order=order,
    )
