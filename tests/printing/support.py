"""A card and a sheet as a reader meets them: rendered, read by a decoder, and as text."""

from __future__ import annotations

from functools import cache

import pypdfium2
import zxingcpp

from starling.assessment import Assessment, Question
from starling.printing.card import Card
from starling.vocabulary import OutsideCall
from tests.bundled import bundled_engine

#: Dots per inch at which codes must be readable: a cheap printer and a cheap scanner.
DPI = 300


def person(*calls: tuple[str, str], name: str = "Ann Example", taken: tuple[str, ...] = ()) -> Assessment:
    """Somebody with these results of another laboratory."""
    return _assessed(calls, name, taken)


@cache
def _assessed(calls: tuple[tuple[str, str], ...], name: str, taken: tuple[str, ...]) -> Assessment:
    outside = tuple(OutsideCall(gene, diplotype) for gene, diplotype in calls)
    subject = {"name": name, "birth_date": "1980-02-01"}
    return bundled_engine().assess(None, Question(outside=outside, medication=taken, subject=subject))


def codes_of(pdf: bytes) -> list[str]:
    """The text of every code, by another house's decoder, in grey."""
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.render(scale=DPI / 72).to_pil().convert("L") for page in document]
    read = (found for page in pages for found in zxingcpp.read_barcodes(page))
    return [found.text for found in read if found.format == zxingcpp.BarcodeFormat.QRCode]


def is_grey(pdf: bytes) -> bool:
    """Whether no dot of any page has a colour."""
    pages = (page.render(scale=1).to_numpy() for page in pypdfium2.PdfDocument(pdf))
    return all(bool((page == page[..., :1]).all()) for page in pages)


def text_of(pdf: bytes) -> list[str]:
    """The text of every page, blanks and line ends as one blank."""
    pages = (page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))
    return [" ".join(page.split()) for page in pages]


def sizes_of(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of every page in millimetres."""
    sizes = (page.get_size() for page in pypdfium2.PdfDocument(pdf))
    return [(round(width * 25.4 / 72, 1), round(height * 25.4 / 72, 1)) for width, height in sizes]


def card(dangers: tuple[str, ...] = (), genes: tuple[str, ...] = (), name: str = "Ann Example") -> Card:
    """A card with what a test says."""
    return Card(name, "1980-02-01", dangers, genes, ("CYP2D6",), "2026-11-28", "2026.07", "2026-07-14", "0" * 12)
