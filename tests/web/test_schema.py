"""The API against its own description: whatever is sent, no fault of ours, and answers as described."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.lab import TestLab, busy_afternoon, troubles

LAB = TestLab()
busy_afternoon(LAB)
troubles(LAB)
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", LAB.app())
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_whatever_is_sent_the_answer_is_as_described(case):
    case.headers = {**(case.headers or {}), "Authorization": "Bearer manager-secret"}
    case.call_and_validate(checks=CHECKS)
