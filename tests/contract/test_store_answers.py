"""Keys of requests: one taker, whatever happens at once, and nothing kept longer than a day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.ports.store_answers import Answer, Claim
from tests.fixtures_store import NOW

ANSWER = Answer(status=201, media_type="application/json", body=b'{"id": "1"}')


def claim(store, key="k", request="r", now=NOW):
    with store.begin() as work:
        return work.claim(key, request, now)


def test_a_key_is_taken_once_and_tells_the_answer_afterwards(store, stored_lab):
    assert claim(store) is None
    assert claim(store, request="other") == Claim(request="r", answer=None)
    with store.begin() as work:
        work.keep_answer("k", ANSWER)
    assert claim(store) == Claim(request="r", answer=ANSWER)


def test_a_key_goes_with_the_transaction_that_took_it(store, stored_lab):
    with pytest.raises(RuntimeError), store.begin() as work:
        work.claim("k", "r", NOW)
        raise RuntimeError
    assert claim(store) is None


def test_a_key_is_forgotten_after_a_day(store, stored_lab):
    claim(store)
    assert claim(store, now=NOW + timedelta(hours=23)) is not None
    assert claim(store, now=NOW + timedelta(hours=25)) is None


def test_of_many_at_once_one_takes_it(store, stored_lab):
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: claim(store), range(24)))
    assert claims.count(None) == 1
