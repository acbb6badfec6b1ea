"""Values -> plain JSON data and back, exact: the published shape of an assessment and its digest.

    encoding   Assessment -> dictionaries       decoding   dictionaries -> Assessment
    fields     one object read field by field   document   the two verbs
    digest     the digest of a result

The text of whole documents is written by `starling.report.document`.
"""
