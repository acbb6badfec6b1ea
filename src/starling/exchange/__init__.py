"""What hospital systems speak: messages <-> values, without files, sockets or a clock.

    codes   what other systems call genes, drugs, phenotypes and the parts of a message
    fhir    FHIR R4, Genomics Reporting: an assessment as a Bundle
    line    the line of an instrument (ASTM E1381): what is answered to it
    hl7     HL7 v2.5.1: an assessment as ORU^R01, acknowledgements, MLLP

An exchange format carries what the assessment carries: no advice is made here, and no code is guessed.  What has no
confirmed code in `knowledge-base/terminology.tsv` is written as text.
"""
