from __future__ import annotations

from starling.printing.reading import elements_of
from starling.report.first_page import first_page
from tests.report.reader import Reader
from tests.report.sample_assessment import sample_assessment


def test_no_text_of_the_first_page_is_lost() -> None:
    page = first_page(sample_assessment())
    assert elements_of(page).text() == "".join(Reader(page).texts)


def test_markup_in_a_name_stays_text() -> None:
    (shown,) = elements_of("<p>&lt;script&gt;x&lt;/script&gt;</p>").elements()
    assert shown.text() == "<script>x</script>" and shown.elements() == []
