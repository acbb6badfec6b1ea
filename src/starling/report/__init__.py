"""Every face and every word: what a reader sees of an assessment, of a dose, and of a cohort.

    document   the published JSON and its way back        tsv        one rectangular table for spreadsheets
    terminal   the whole report as text                   check      one drug on one screen, answer first
    html       one self-contained page per person         dose       a prediction as text; dose_picture: as a section
    summary_page, summary_table   a cohort in numbers     frame      the head of every page, with its content policy

    layout, parts, markup, text   lines and tables, on a screen and on a page
    evidence, provenance          what a result rests on

    words, wording   what calls, actions and doses are called      glance   the order of drugs on every face

Nothing here concludes anything: `glance` only sorts what guidance said by seriousness, so that every face shows
the same drugs in the same order.  Everything shown may have come from a hostile file; it passes through
`starling.report.text.visible` before anybody sees it, and through `starling.report.markup` before a browser does.
"""
