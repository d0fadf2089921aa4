"""Webhooks: what a hook asks for, what it is sent, and how it can tell that it was us. Only ids travel, never a name."""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.events import EventKind, StoredEvent

PRIVATE = frozenset({"badge", "name", "note", "first_name", "last_name", "email"})
"""Fields of an event's data that never leave: badges, names of files and people, what staff wrote."""

SECRET_PREFIX = "whsec_"

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[\w.-]+)(:(?P<port>\d{1,5}))?([/?#][!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_OURS = tuple(
    ipaddress.ip_network(each)
    for each in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
)


class DeliveryState(StrEnum):
    """How far one event is on its way to one hook."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Target(StrEnum):
    """What is wrong with the address of a hook."""

    NOT_AN_ADDRESS = "not_an_address"
    PLAIN_HTTP = "plain_http"
    """http reaches private addresses only: what it carries can be read on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that wants to hear of events: of all kinds, or of ``kinds``. While paused its queue is kept."""

    id: str
    url: str
    secret: str
    key_id: str
    """Tells which secret signs, without telling it."""
    created_at: datetime
    label: str = ""
    kinds: tuple[EventKind, ...] = ()
    paused: bool = False
    failures: int = 0
    """Tries in a row that found nobody who could take anything."""
    retry_at: datetime | None = None
    """Until then it is left alone."""

    def wants(self, kind: EventKind) -> bool:
        """Whether it hears of this kind."""
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one hook; ``body`` is sent as it stands, each time."""

    id: str
    webhook_id: str
    event_id: int
    kind: EventKind
    body: str
    state: DeliveryState
    queued_at: datetime
    next_try_at: datetime
    attempts: int = 0
    done_at: datetime | None = None
    error: str | None = None


def payload(stored: StoredEvent) -> dict[str, Any]:
    """What a hook is told of an event."""
    event = stored.event
    return {
        "event": stored.id, "kind": str(event.kind), "at": event.at.isoformat(), "site": stored.site,
        "resource": stored.resource, "device": stored.device, "member": event.member_id, "session": event.session_id,
        "data": without_private(event.data),
    }  # fmt: skip


def without_private(value: Any) -> Any:
    """The same data, less every private field, however deep it lies."""
    if isinstance(value, Mapping):
        return {key: without_private(each) for key, each in value.items() if key not in PRIVATE}
    return [without_private(each) for each in value] if isinstance(value, list) else value


def headers_for(secret: str, id: str, *, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with each call, as of Standard Webhooks; the id is the same at each try, the signature is not."""
    return {
        "content-type": "application/json", "user-agent": "etabli", "webhook-id": id,
        "webhook-timestamp": str(timestamp), "webhook-signature": signature(secret, id, timestamp=timestamp, body=body),
    }  # fmt: skip


def signature(secret: str, id: str, *, timestamp: int, body: bytes) -> str:
    """HMAC-SHA-256 of id, time of sending and body, under the secret's own bytes, as of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    mac = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def wrong_target(url: str) -> Target | None:
    """What keeps an address from being a hook's, as far as its text tells; names are looked up again at each sending."""
    found = _ADDRESS.fullmatch(url)
    if found is None or int(found["port"] or 0) > 65535:
        return Target.NOT_AN_ADDRESS
    host = found["host"].strip("[]")
    if found["scheme"].lower() == "http" and _is_ip(host) and not reachable_by_http(host):
        return Target.PLAIN_HTTP
    return None


def reachable_by_http(ip: str) -> bool:
    """Whether an IP address lies in a private network: this machine, the lab, a VPN."""
    found = ipaddress.ip_address(ip.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in _OURS)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
