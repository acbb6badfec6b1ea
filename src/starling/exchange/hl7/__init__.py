"""HL7 v2.5.1: an assessment as `ORU^R01`, and what interfaces of a hospital and instruments of a ward say to it.

    report        an assessment -> the segments of ORU^R01; several people -> one batch
    observations  genes and drugs of an assessment -> OBX, each with a sub-id that names its call
    session       the same as text, for a script
    inward        what a message that came in says of its patient, specimen and order
    pharmacy      RDE^O11 and its answer
    envelope      MSH, PID, OBR; acknowledgements; times
    mllp          bytes -> frames, however they arrive; a frame -> bytes

Text is read and written by `starling.formats.hl7`.  Nothing is advised here that the assessment does not say, and a
code that is not confirmed is not written: text stands in its place.
"""
