import warnings

import pytest

from tests.web.browser import chromium, open_page, quiet  # noqa: F401 - fixtures for every file here
from tests.web.lab import TOKENS, TestLab, busy_afternoon

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


@pytest.fixture
def lab():
    lab = TestLab()
    yield lab
    lab.close()


@pytest.fixture
def busy(lab):
    busy_afternoon(lab)
    return lab


@pytest.fixture
def web(lab):
    with TestClient(lab.app(), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def bearer():
    return lambda role: {"Authorization": f"Bearer {TOKENS[role]}"} if role in TOKENS else {}
