"""No rule, policy or code without a test that names it."""

import re
from functools import cache
from pathlib import Path

import pytest

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.policy import settings_of
from gateway.domain.refusals import Code
from gateway.domain.use_policy import UsePolicy

TESTS = Path(__file__).resolve().parents[1]


@cache
def said() -> frozenset[str]:
    """Every word of the tests, and every attribute such as `Code.CLOSED_NOW`."""
    text = "\n".join(path.read_text() for path in TESTS.rglob("*.py") if path != Path(__file__))
    return frozenset(re.findall(r"\w+(?:\.[A-Z_]+)?", text)) | frozenset(re.findall(r"\w+", text))


def test_every_code_is_named_in_a_test():
    assert [code for code in Code if not {code.value, f"Code.{code.name}"} & said()] == []


@pytest.mark.parametrize("policy", [UsePolicy, BookingPolicy])
def test_every_key_of_a_policy_is_named_in_a_test(policy):
    assert [key for key in settings_of(policy) if key not in said()] == []
