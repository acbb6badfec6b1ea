"""VCF and gVCF as a registered format: what `starling.formats.vcf` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starling.formats.content import Format, Opening
from starling.formats.vcf import VcfFile, open_vcf


def _matches(head: bytes) -> bool:
    """Nothing to go by (a pipe, a damaged file): its reader names what is wrong.

    MyHeritage begins with ##fileformat=MyHeritage.
    """
    text = head.removeprefix(b"\xef\xbb\xbf")
    return not head or (text.startswith(b"##fileformat") and not text.lower().startswith(b"##fileformat=myheritage"))


def _open(path: str | Path, opening: Opening) -> VcfFile:
    return open_vcf(
        path,
        hash_input=opening.hash_input,
        progress=opening.progress,
        silence_counts=opening.silence_counts,
        stream=opening.stream,
    )


FORMATS: Final = (Format("vcf", "VCF or gVCF", _matches, _open, pipes=True),)
