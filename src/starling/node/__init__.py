"""The device at the bedside: takes genotype files in, keeps results sealed, answers, and records what it did.

    service    START HERE: what the node can do, for the API and the dashboard alike; no HTTP in it
    values     what it is asked and what it gives back
    settings   one table: name, default, unit, help           layout     what lies where in DIR
    founding   `starling node init`                            demonstration  synthetic patients of known truth
    records    tables in the sealed store                      spool      files that wait, sealed
    inbox      files that are dropped                          intake     a file -> evidence -> a result, step by step
    amendment  what new knowledge does to results              evidence   what of a file is kept
    answers    evidence and a question -> the answer, kept     outbox, sending   events that wait for a hub
    policy     who may do what (Cedar)                         identity, callers   who somebody is
    oidc, provider   what a provider of OpenID Connect says of a person
    endpoints  what the API takes and gives: one table         api        it served; problems, openapi, limits, metrics
    peers      who is at the other end of a TLS connection     uploads    a body that is never whole in memory
    measured   what it started with, quoted by its TPM
    opening    the parts put together                          server     `starling node run`: all that runs beside
    every      a thread that does one thing again              dormancy   whether it was off for too long
    readiness  whether it answers: told to systemd, asked by whoever watches
    administration   what is done at the keyboard: certificates, the audit log
    backup, restoring   all of it in one sealed file, and back  subjects   export and erasure of one patient
    listing, downtime   the list for when a node is down       editions   signed knowledge through the API
    presence   the clocks that `dormancy` judges               wiping, obeying   the hub's signed orders
    disk       a disk that is full or cannot be written        multipart  a form with a file, piece by piece
    mllp, interfaces   HL7 v2 over TLS: frames, and what the messages in them do
    orders     what a laboratory system ordered
    results, waiting   released results on their way to a hospital's interface
    private_file   a file that its owner alone may read

`starling.cli.node` alone imports it.  Needs the [node] extra.
"""
