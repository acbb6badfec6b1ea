"""The digest of a result: equal for equal results on every machine, whenever they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from starling.assessment import Assessment, DrugResult, GeneResult
from starling.serial.encoding import assessment_fields, drug_fields, gene_fields
from starling.values import replace

#: Left out of the result digest: when and how fast, and the digest itself.
UNDIGESTED: Final = frozenset({"run", "result_sha256"})

#: canonical texts kept for the next patient; emptied when full
_KEPT_TEXTS: Final = 20_000
_CANONICAL: Final = json.JSONEncoder(
    check_circular=False, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True
)


class ResultDigest:
    """Result digests of one assessment after another: the canonical text of what was seen before is kept.

    Patients share answers and results (one value for equal ones), so only the provenance is written anew.
    """

    def __init__(self) -> None:
        #: by identity, beside the answer itself: while it is kept no other can have its identity
        self._texts: dict[int, tuple[DrugResult | GeneResult, str]] = {}

    def of(self, assessment: Assessment) -> str:
        """What `result_digest` gives for the published object of the assessment."""
        drugs, genes = ",".join(map(self._text, assessment.drugs)), ",".join(map(self._text, assessment.genes))
        fields = assessment_fields(replace(assessment, drugs=(), genes=()))
        rest = _CANONICAL.encode({key: value for key, value in fields.items() if key not in UNDIGESTED})
        # keys are sorted, and these two come before all others
        text = rest.replace('{"drugs":[],"genes":[]', f'{{"drugs":[{drugs}],"genes":[{genes}]', 1)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def _text(self, result: DrugResult | GeneResult) -> str:
        known = self._texts.get(id(result))
        if known is not None and known[0] is result:
            return known[1]
        if len(self._texts) >= _KEPT_TEXTS:
            self._texts.clear()
        text = _CANONICAL.encode(gene_fields(result) if isinstance(result, GeneResult) else drug_fields(result))
        self._texts[id(result)] = (result, text)
        return text


def result_digest(jsonable: Mapping[str, object]) -> str:
    """SHA-256 over the canonical JSON of one assessment without `run` and `result_sha256`, as lower-case hex.

    Canonical: keys sorted by code point, no white space, everything beyond ASCII escaped.
    """
    counted = {key: value for key, value in jsonable.items() if key not in UNDIGESTED}
    return hashlib.sha256(_CANONICAL.encode(counted).encode("ascii")).hexdigest()
