"""Paper: the first page of the report on A4, and a card for the wallet with a signed code.  Needs the extra [print].

    reading     the HTML of the report's first page -> elements, so that paper says what the page says
    paper       PDF: fonts that are embedded, lines that are measured before they are set, a foot with page n of m
    sheet       the one-page report
    card        what a card says: dangers, genes, and what was left out; the text in its code, signed
    keys        where a site keeps the keys whose cards it believes
    wallet      the card as PDF, 85.6 x 54 mm

`reading`, `card` and `keys` need the standard library alone (and the key's library to sign); `paper`, `sheet` and
`wallet` are imported by the commands that print, and by nothing else.
"""
