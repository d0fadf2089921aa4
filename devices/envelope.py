"""The envelope around facts and samples: who, which boot, which number, how old. See docs/topics.md.

Bytes are one JSON object, a newline and, where the device has a key, an HMAC-SHA-256 in hex over the topic, a newline
and exactly the bytes before it. The object is signed as sent, so no canonical form is needed.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from devices.codec import VERSION, BadMessage, dataclass_reader, dump, load_object, read_message, to_plain
from devices.messages import Fact, ListAsked, Sample

LIVE_AGE_MS = 10_000
"""A tap older than this, or of unknown age, is history: recorded at its hour, never grants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A fact, sample or question with its origin.

    ``boot`` changes at each start of the device's memory, ``seq`` counts facts from 1 within it (None for the others).
    ``mono_ms`` is the device's monotonic clock when it happened, ``age_ms`` how old it was at *this* sending (None when
    a reboot made that unknowable), ``at`` the device's own clock, stored as told.
    """

    site: str
    device: str
    boot: str
    seq: int | None
    mono_ms: int
    age_ms: int | None
    at: datetime | None
    message: Fact | Sample | ListAsked

    @property
    def fresh(self) -> bool:
        """Young enough to act on."""
        return self.age_ms is not None and 0 <= self.age_ms <= LIVE_AGE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    site: str
    device: str
    boot: str
    seq: int | None
    mono_ms: int
    age_ms: int | None = None
    at: datetime | None = None


_read_header = dataclass_reader(_Header)


def seal(envelope: Envelope, *, topic: str, key: bytes | None = None) -> bytes:
    """The bytes to publish."""
    data = dump(
        {
            "v": VERSION,
            "site": envelope.site,
            "device": envelope.device,
            "boot": envelope.boot,
            "seq": envelope.seq,
            "mono_ms": envelope.mono_ms,
            "age_ms": envelope.age_ms,
            "at": to_plain(envelope.at),
            "kind": envelope.message.kind,
            "body": to_plain(envelope.message),
        }
    )
    return data + sign(data, topic=topic, key=key) if key else data


def sign(data: bytes, *, topic: str, key: bytes) -> bytes:
    """The hex signature of ``data`` as published on ``topic``."""
    return hmac.new(key, topic.encode() + b"\n" + data, hashlib.sha256).hexdigest().encode()


def unseal(data: bytes, *, topic: str, site: str, device: str, key: bytes | None = None) -> Envelope:
    """The envelope in ``data``; BadMessage for anything else, a wrong signature or a name that is not the topic's."""
    text, newline, signature = data.partition(b"\n")
    signed = text + newline
    if key is not None and not hmac.compare_digest(sign(signed, topic=topic, key=key), signature.strip()):
        raise BadMessage("the signature is missing or wrong")
    value = load_object(text)
    header: _Header = _read_header(value, "envelope")
    if (header.site, header.device) != (site, device):
        raise BadMessage(f"says it is {header.site}/{header.device:.64}, on the topic of {site}/{device}")
    if not 1 <= len(header.boot) <= 64:
        raise BadMessage("boot must be 1 to 64 characters")
    message = read_message(value)
    if isinstance(message, Fact):
        if header.seq is None or header.seq < 1:
            raise BadMessage(f"a fact needs a seq from 1, got {header.seq!r}")
    elif not isinstance(message, Sample | ListAsked):
        raise BadMessage(f"{message.kind} does not travel in an envelope")
    return Envelope(
        site=header.site,
        device=header.device,
        boot=header.boot,
        seq=header.seq,
        mono_ms=header.mono_ms,
        age_ms=header.age_ms,
        at=header.at,
        message=message,
    )
