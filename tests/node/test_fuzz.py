"""The served document, and requests made from it at random: no defect is found, and answers are as it says."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from starling.node.endpoints import ENDPOINTS
from starling.node.openapi import document
from starling.node.values import ROLES
from tests.effort import examples
from tests.node.devices import PATIENCE, Device
from tests.node.test_policy import MAY

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
EXAMPLES = examples(6, 100)


def somebody_who_may(action: str) -> str:
    return next((role for role in ROLES if action in MAY[role]), "prescriber")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("method", "path", "action"), [(each.method, each.path, each.action) for each in ENDPOINTS]
)  # fmt: skip
def test_requests_made_from_the_document_find_no_defect(device: Device, method: str, path: str, action: str) -> None:
    schema = schemathesis.openapi.from_dict(document(ENDPOINTS))
    operation = schema[path][method]
    certificate = str(device.folder / "clients" / f"{somebody_who_may(action)}.pem")
    modes = st.sampled_from([schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=modes.flatmap(lambda mode: operation.as_strategy(generation_mode=mode)))
    def fuzzed(case: schemathesis.Case[Any]) -> None:
        response = case.call(
            base_url=device.address, verify=str(device.folder / "ca.pem"), cert=certificate, timeout=PATIENCE
        )  # fmt: skip
        case.validate_response(response, checks=CHECKS)

    fuzzed()
    assert device.node.health().ready
