"""Guidance: gene calls become phenotype terms, and terms become what each guideline advises for each drug.

    interpret   a gene call -> its published result, with everything that keeps the term uncertain
    convert     the same gene under other medicines (phenoconversion)
    Advisor     results of all genes -> one answer for every drug, every source side by side

    phenotype   START HERE: a call -> meaning, possibilities, caveats, label -> GeneResult
    recommendation   START HERE: standings -> lookup (keys) -> advising, flows -> summary -> DrugResult
    conversion, remarks   other medicines          scores   exact arithmetic          memory   answers given already

Everything here is a function of values; nothing here has seen a file or a database.
"""
