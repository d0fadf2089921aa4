"""Webhooks: which addresses are accepted, what leaves the house, and how a receiver knows that it was us."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.domain.webhooks import Target, Webhook, headers_for, payload, reachable_by_http, signature, wrong_target

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook?x=1", "https://192.0.2.7:8443/", "http://192.168.1.20:1880/etabli", "http://10.1.2.3",
        "http://127.0.0.1:9/", "http://[::1]/", "http://[fd00::1]:80/x", "http://nodered.local/hook", "HTTPS://example.org",
    ],
)  # fmt: skip
def test_https_anywhere_and_http_in_the_house(url):
    assert wrong_target(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/", "http://192.168.1.1/x y", "http://169.254.169.254/latest", "http://0.0.0.0/",
        "http://[::ffff:8.8.8.8]/", "http://[2001:db8::]:1/", "http://172.32.0.1/", "ftp://example.org", "//example.org", "example.org",
        "https://", "https://user:pass@example.org/", "https://example.org:99999/", "https://exa mple.org/",
        "https://example.org/\n", "file:///etc/passwd", "http://[::1", "https://exämple.org/", "",
    ],
)  # fmt: skip
def test_everything_else_is_refused(url):
    assert wrong_target(url) in (Target.NOT_AN_ADDRESS, Target.PLAIN_HTTP)


@pytest.mark.parametrize("ip", ["8.8.8.8", "169.254.1.1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "2a00::1"])
def test_http_reaches_no_address_outside(ip):
    assert not reachable_by_http(ip)


def test_a_receiver_can_check_the_signature_with_any_library():
    body = '{"kind":"réservation"}'.encode()
    secret = "whsec_" + base64.b64encode(b"s3cret").decode()
    expected = hmac.new(b"s3cret", b"d1.1772442000." + body, hashlib.sha256).digest()
    sent = headers_for(secret, "d1", timestamp=1772442000, body=body)
    assert sent["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert (sent["webhook-id"], sent["webhook-timestamp"]) == ("d1", "1772442000")
    assert signature(secret, "d1", timestamp=1772442001, body=body) != sent["webhook-signature"]
    assert signature(secret, "d2", timestamp=1772442000, body=body) != sent["webhook-signature"]


def test_no_badge_and_no_name_leaves_the_house_however_deep():
    data = {
        "badge": [{"digest": "x"}], "refusals": ["in_use"], "name": "lampe-de-lea.gcode", "note": "…",
        "reasons": [{"code": "in_use", "params": {"first_name": "Léa", "until": None}}],
    }  # fmt: skip
    event = Event(kind=EventKind.TAP_REFUSED, at=AT, member_id="m", resource_id="r", data=data)
    told = payload(StoredEvent(id=7, event=event, site="hesdin", resource="laser-1", device="reader-1"))
    assert told == {
        "event": 7, "kind": "tap_refused", "at": "2026-03-02T09:00:00+00:00", "site": "hesdin", "resource": "laser-1",
        "device": "reader-1", "member": "m", "session": None,
        "data": {"refusals": ["in_use"], "reasons": [{"code": "in_use", "params": {"until": None}}]},
    }  # fmt: skip


def test_a_hook_hears_what_it_asked_for_or_everything():
    every = Webhook(id="h", url="https://example.org", secret="s", key_id="k", created_at=AT)
    some = Webhook(
        id="h", url="https://example.org", secret="s", key_id="k", created_at=AT, kinds=(EventKind.RESOURCE_OUT,)
    )
    assert all(every.wants(kind) for kind in EventKind)
    assert [kind for kind in EventKind if some.wants(kind)] == [EventKind.RESOURCE_OUT]
