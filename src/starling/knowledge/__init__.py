"""Facts -> one SQLite file -> look-ups.

    knowledge-base/*.tsv --inspect (every invariant)--> compile (same input, same bytes) --> starling.kb
    starling.kb --base (read-only, digest verified)--> GeneDefinition, GuidanceRules, Drug, Inhibitor
    two starling.kb --compare--> what a prescriber would notice

The rooms above receive the values of `starling.definitions` and never see a table or a database.
"""
