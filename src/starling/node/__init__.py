"""The device at the bedside: takes genotype files in, keeps results sealed, answers, and records what it did.

    service    START HERE: what the node can do, for the API and the dashboard alike; no HTTP in it
    values     what it is asked and what it gives back
    settings   one table: name, default, unit, help           layout     what lies where in DIR
    founding   `starling node init`                            demonstration  synthetic patients of known truth
    records    tables in the sealed store                      spool      files that wait, sealed
    intake     a file -> evidence -> a result, step by step    inbox      files that are dropped in a folder
    answers    evidence and a question -> the answer, kept     evidence   what of a file is kept
    policy     who may do what (Cedar)                         identity   who somebody is
    server     TLS and uvicorn                                 api        routes, problems, openapi, limits, metrics

Needs the [node] extra; imported by `starling node` alone.
"""
