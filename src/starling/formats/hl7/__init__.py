"""HL7 v2 as text: segments, fields, repetitions, components, sub-components; nothing of what they mean.

    values    a message as it is held, and how one is made
    reading   text -> messages, batches among them; bytes -> text (MSH-18)
    writing   messages -> text

Read leniently where senders differ and nothing is lost by it, strictly where a program of ours wrote it.
Source: HL7 v2.5.1, chapter 2 (2.5 to 2.7 for delimiters and escapes, 2.10.3 for batches), table 0211 for MSH-18.
"""

from starling.formats.hl7.reading import begins, decoded, messages
from starling.formats.hl7.values import Message, Segment, segment
from starling.formats.hl7.writing import encoded

__all__ = ["Message", "Segment", "begins", "decoded", "encoded", "messages", "segment"]
