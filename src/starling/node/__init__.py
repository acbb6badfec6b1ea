"""The device at the bedside: takes genotype files in, keeps results sealed, answers, and records what it did.

    service    START HERE: what the node can do, for the API and the dashboard alike; no HTTP in it
    values     what it is asked and what it gives back
    settings   one table: name, default, unit, help           layout     what lies where in DIR
    founding   `starling node init`                            demonstration  synthetic patients of known truth
    records    tables in the sealed store                      spool      files that wait, sealed
    intake     a file -> evidence -> a result, step by step    outbox     events that wait for a hub
    answers    evidence and a question -> the answer, kept     evidence   what of a file is kept
    policy     who may do what (Cedar)                         identity   who somebody is
    peers      who is at the other end of a TLS connection     api        routes, problems, openapi, limits, metrics
    opening    the parts put together                          dormancy   whether it was off for too long

Being built: no command starts it yet, and nothing else imports it.  Needs the [node] extra.
"""
