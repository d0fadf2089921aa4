"""The envelope: signed exactly as sent, bound to its topic, and a late tap is known as late."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codec import BadMessage
from devices.envelope import Envelope, seal, unseal
from devices.messages import PowerReported, Sample
from devices.topics import Channel, parse, subscription, topic

TOPIC = topic(Channel.FACT, site="hesdin", device="plug-1")
FACT = Envelope(
    site="hesdin", device="plug-1", boot="b1", seq=7, mono_ms=1000, age_ms=20, at=None, message=PowerReported(on=True)
)


def opened(data: bytes, *, topic: str = TOPIC, device: str = "plug-1", key: bytes | None = None) -> Envelope:
    return unseal(data, topic=topic, site="hesdin", device=device, key=key)


def test_sealed_and_unsealed_is_the_same() -> None:
    assert opened(seal(FACT, topic=TOPIC)) == FACT
    assert opened(seal(FACT, topic=TOPIC, key=b"k"), key=b"k") == FACT


@pytest.mark.parametrize(
    "tamper", [lambda d: d.replace(b"true", b"null"), lambda d: d[:-1], lambda d: d.split(b"\n")[0]]
)
def test_a_changed_or_unsigned_message_is_refused_where_a_key_is_known(tamper: object) -> None:
    with pytest.raises(BadMessage, match="signature"):
        opened(tamper(seal(FACT, topic=TOPIC, key=b"k")), key=b"k")  # type: ignore[operator]


def test_a_message_of_one_device_does_not_pass_on_the_topic_of_another() -> None:
    data = seal(FACT, topic=TOPIC, key=b"k")
    other = topic(Channel.FACT, site="hesdin", device="plug-2")
    with pytest.raises(BadMessage, match="signature"):
        opened(data, topic=other, device="plug-2", key=b"k")
    with pytest.raises(BadMessage, match="says it is"):
        opened(seal(FACT, topic=other), topic=other, device="plug-2")


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (10_000, True), (10_001, False), (None, False), (-1, False)])
def test_only_a_young_fact_may_grant(age: int | None, fresh: bool) -> None:
    assert replace(FACT, age_ms=age).fresh is fresh


def test_a_fact_needs_a_number_and_a_sample_does_not() -> None:
    with pytest.raises(BadMessage, match="seq"):
        opened(seal(replace(FACT, seq=None), topic=TOPIC))
    sample = replace(FACT, seq=None, message=Sample(values={"watts": 3.5}))
    assert opened(seal(sample, topic=TOPIC)) == sample


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadMessage):
        opened(data)


@given(st.text(max_size=40))
def test_any_topic_is_read_or_is_not_ours(text: str) -> None:
    address = parse(text)
    assert address is None or topic(address.channel, site=address.site, device=address.device) == text


@pytest.mark.parametrize("slug", ["+", "#", "a/b", "", "Laser", "-a", "a-", "a" * 65])
def test_what_is_not_a_slug_never_becomes_a_topic(slug: str) -> None:
    with pytest.raises(ValueError, match="not a slug"):
        topic(Channel.FACT, site="hesdin", device=slug)


def test_every_channel_can_be_subscribed_to() -> None:
    assert subscription(Channel.FACT, site="hesdin") == "etabli/hesdin/+/fact"
