"""An EHR as CDS Hooks knows it: it signs each call with its own key, and asks about the orders of a patient."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from joserfc import jwk, jwt

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SERVICES = "/cds-services"


class Ehr:
    """`address`: of the node.  `key`: a private key, with its kid.  `iss`, `jku`: what its tokens say."""

    def __init__(
        self, address: str, key: jwk.ECKey | jwk.RSAKey, *, iss: str = "https://ehr.example", jku: str = "",
        algorithm: str = "ES384",
    ) -> None:  # fmt: skip
        self.address = address
        self.key = key
        self.iss, self.jku, self.algorithm = iss, jku, algorithm

    @classmethod
    def of_demonstration(cls, folder: Path, address: str) -> Ehr:
        return cls(address, jwk.ECKey.import_key((folder / "clients" / "cds-client.pem").read_bytes()))

    def token(self, url: str, *, head: dict[str, Any] | None = None, **claims: Any) -> str:
        """For one call; claims and head may be others."""
        now = int(time.time())
        said = {"iss": self.iss, "aud": url, "iat": now, "exp": now + 300, "jti": str(uuid4()), **claims}
        said = {name: value for name, value in said.items() if value is not None}
        stated = {
            "alg": self.algorithm,
            "typ": "JWT",
            "kid": self.key.kid or "1",
            **({"jku": self.jku} if self.jku else {}),
        }
        return jwt.encode({**stated, **(head or {})}, said, self.key, algorithms=[self.algorithm])

    def signed(self, path: str, **claims: Any) -> dict[str, str]:
        """The header of a call."""
        return {"authorization": f"Bearer {self.token(self.address + path, **claims)}"}

    def ask(self, client: httpx.Client, hook: str, body: dict[str, Any], **claims: Any) -> httpx.Response:
        path = f"{SERVICES}/starling-{hook}"
        return client.post(path, json=body, headers=self.signed(path, **claims))

    def tell(self, client: httpx.Client, hook: str, *feedback: dict[str, Any]) -> httpx.Response:
        path = f"{SERVICES}/starling-{hook}/feedback"
        return client.post(path, json={"feedback": list(feedback)}, headers=self.signed(path))


def order(words: str, *, patient: str, id_: str = "draft-1", **more: Any) -> dict[str, Any]:
    """A draft of an order, as most EHRs write it."""
    return {
        "resourceType": "MedicationRequest", "id": id_, "status": "draft", "intent": "order",
        "subject": {"reference": f"Patient/{patient}"}, "medicationCodeableConcept": {"text": words}, **more,
    }  # fmt: skip


def taken(words: str, *, patient: str, id_: str = "med-1") -> dict[str, Any]:
    """A medicine that is taken."""
    return order(words, patient=patient, id_=id_, status="active")


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]}


def call(
    hook: str, patient: str, *orders: dict[str, Any], medicines: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    """The body of a call with a whole prefetch."""
    context: dict[str, Any] = {"userId": "Practitioner/7", "patientId": patient}
    if hook != "patient-view":
        context["draftOrders"] = bundle(*orders)
    if hook == "order-select":
        context["selections"] = [f"MedicationRequest/{each['id']}" for each in orders]
    prefetch = {
        "patient": {"resourceType": "Patient", "id": patient}, "medications": bundle(*medicines), "statements": None,
        "conditions": None,
    }  # fmt: skip
    return {"hook": hook, "hookInstance": str(uuid4()), "context": context, "prefetch": prefetch, **more}
