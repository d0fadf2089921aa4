"""A write sent twice with one key is done once; the second sender reads the first answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.ports.errors import StoreUnavailable

MEMBERS = "/api/v1/members"


@pytest.fixture
def send(web, bearer):
    def send(key="a", body=None, *, role="manager", path=MEMBERS, method="POST"):
        headers = bearer(role) | ({"Idempotency-Key": key} if key is not None else {})
        return web.request(method, path, json=body or {"first_name": "Ada"}, headers=headers)

    return send


def known(lab, name="Ada"):
    return [row for row in lab.store.views().members(limit=200, cursor=None).rows if row.first_name == name]


def test_the_same_request_again_is_answered_and_not_done(send, lab):
    first, again = send(), send()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert len(known(lab)) == 1
    send("b")
    assert len(known(lab)) == 2


def test_a_refusal_is_told_again_too_even_when_it_would_be_granted_by_now(send, lab):
    now, member = lab.clock.now(), lab.people["Léa"].id
    lab.reserve("scanner", "Karim", now + timedelta(hours=1), now + timedelta(hours=2))
    wish = {
        "resource": "scanner", "member_id": member,
        "starts": (now + timedelta(hours=1)).isoformat(), "ends": (now + timedelta(hours=2)).isoformat(),
    }  # fmt: skip
    first, again = (send(body=wish, path="/api/v1/reservations") for _ in range(2))
    assert (first.status_code, first.json()["code"]) == (409, "refused")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == "application/problem+json"


def test_a_key_for_another_request_is_a_mistake(send, lab):
    send()
    answer = send(body={"first_name": "Bob"})
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert not known(lab, "Bob")


def test_keys_of_other_callers_are_theirs(send, lab):
    send()
    assert send(role="administrator").headers.get("idempotent-replayed") is None
    assert len(known(lab)) == 2


def test_what_was_never_done_may_be_corrected_and_sent_again(send, lab):
    assert send(body={"first_name": ""}).status_code == 422
    assert send().status_code == 201


def test_a_lost_answer_is_not_a_reason_to_do_it_again(send, lab, monkeypatch):
    begin, opened = lab.store.begin, []

    def away_when_the_answer_is_kept(**how):
        opened.append(how)
        if len(opened) == 2:
            raise StoreUnavailable("away")
        return begin(**how)

    monkeypatch.setattr(lab.store, "begin", away_when_the_answer_is_kept)
    assert send().status_code == 201
    again = send()
    assert (again.status_code, again.json()["code"]) == (409, "answer_unknown")
    assert len(known(lab)) == 1


def test_ten_at_once_make_one(send, lab):
    with ThreadPoolExecutor(10) as pool:
        codes = {answer.status_code for answer in pool.map(lambda _: send(), range(10))}
    assert codes <= {201, 409}
    assert len(known(lab)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "no\ttab", "é"])
def test_a_key_that_cannot_be_one_is_named(send, lab, key):
    answer = send(key.encode("latin-1"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == ["header", "Idempotency-Key"]
    assert not known(lab)


def test_more_than_any_request_of_ours_is_refused(web, bearer):
    headers = bearer("manager") | {"Idempotency-Key": "a"}
    answer = web.post(MEMBERS, content=b"[" + b"0," * 600_000, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_every_write_says_that_it_heeds_the_key(web):
    paths = web.get("/api/v1/openapi.json").json()["paths"]
    writes = [o for ops in paths.values() for m, o in ops.items() if m in {"post", "put", "patch", "delete"}]
    assert writes
    assert all(any(p["name"] == "Idempotency-Key" for p in o["parameters"]) for o in writes)
