"""The faces of an assessment: the same value as JSON, TSV, terminal text and one printable HTML page.

    document   the published JSON and its way back        tsv        one rectangular table for spreadsheets
    terminal   the whole report as text                   check      one drug on one screen, answer first
    html       one self-contained page per person         write      onto the disk, whole or not at all

Nothing here concludes anything: `glance` only sorts what guidance said by seriousness, so that every face shows
the same drugs in the same order.  Everything in an assessment may have come from a hostile file; it passes through
`starling.report.text.visible` before anybody sees it, and through `starling.report.markup` before a browser does.
"""
