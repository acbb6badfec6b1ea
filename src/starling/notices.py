"""Codes by which one room marks a result and another reads the mark; what each means: docs/reference/codes.md.

A code that only its own room writes and nobody reads stands where it is written.
"""

from __future__ import annotations

from typing import Final

#: The knowledge base is not the one that came with the program: stands first on every page.
KNOWLEDGE_OTHER: Final = "KNOWLEDGE_OTHER"
#: Nobody who is trusted here vouches for the model that gave the number: stands first on every page.
MODEL_UNSIGNED: Final = "MODEL_UNSIGNED"
#: A phenotype that remains possible would change the action: beside usual advice that hangs on it.
CHANGES_ACTION: Final = "ALTERNATIVE_CHANGES_ACTION"
#: Another medicine changes the phenotype, and the changed one was looked up.
CONVERTED: Final = "PHENOCONVERTED"
#: Another medicine acts on an enzyme of the drug, and the answer was not changed for it.
AFFECTS_ENZYME: Final = "MEDICINE_AFFECTS_ENZYME"
NOT_APPLIED: Final = "INHIBITOR_NOT_APPLIED"
#: An authority asks for a test of a gene before the drug, and no result of it is known.
TEST_REQUIRED: Final = "TEST_REQUIRED"
#: Why no guideline advises anything on a drug that is known.
NO_GUIDELINE: Final = "NO_GUIDELINE"
#: A source looked at a gene and gives no recommendation for the drug, of which another source advises.
LOOKED_AT: Final = "LOOKED_AT"
#: No phenotype terms are defined for the gene: its alleles are the result.
NO_PHENOTYPE_TERMS: Final = "NO_PHENOTYPE_TERMS"
#: A result that nearly everybody has, and by which the drug cannot be advised.
DOES_NOT_HELP: Final = "RESULT_DOES_NOT_HELP"
#: A row for a lesser gene, beside one that rules the drug out.
ONLY_IF_USED: Final = "ONLY_IF_USED"
#: A row that names no indication, beside one of another source that gives a dose for the one that was stated.
NAMES_NO_INDICATION: Final = "NAMES_NO_INDICATION"
#: A gene of which nothing is known, or not for certain, could rule the drug out, while a dose leads the answer.
STILL_OPEN: Final = "STILL_OPEN"
#: Advice of a guideline for others is left out, since the patient is known not to be one of them.
OTHER_POPULATION: Final = "OTHER_POPULATION"
#: What was stated of the patient (a medicine, an age) decided a condition of the advice.
CONDITION_DECIDED: Final = "CONDITION_DECIDED"
#: Something was asked for that changed nothing in the result; the message says why.
OPTION_WITHOUT_EFFECT: Final = "OPTION_WITHOUT_EFFECT"
#: Pregnancy, nursing or a child's age was stated, and no source of the drug speaks of it.
FACT_NOT_CONSIDERED: Final = "FACT_NOT_CONSIDERED"
#: A drug or medicine was named with a strength, a form or in another spelling.
NAME_READ_AS: Final = "NAME_READ_AS"
#: What the genotype alone would give, while another medicine changes the phenotype: shown last, never counted.
SUPERSEDED: Final = "GENETIC_PHENOTYPE_ONLY"
#: What was stated of the patient (an indication, an operation) is not known here: it decided nothing.
UNKNOWN_INDICATION: Final = "UNKNOWN_INDICATION"
