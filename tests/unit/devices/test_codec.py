"""Whatever bytes arrive, the codec gives a message or BadMessage, and nothing is changed on the way."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codec import CARRIED, MAX_BYTES, BadMessage, decode, encode
from devices.messages import HashedBadge, Message

moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))
numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)
st.register_type_strategy(datetime, moments)
st.register_type_strategy(float, numbers)
st.register_type_strategy(int, st.integers(-(2**62), 2**62))
st.register_type_strategy(str, st.text(max_size=60))
messages = st.one_of([st.from_type(cls) for cls in CARRIED])


@given(messages)
def test_what_is_encoded_is_read_back_the_same(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_badmessage(data: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(CARRIED), json_values)
def test_any_body_is_a_message_or_badmessage(cls: type[Message], body: object) -> None:
    data = json.dumps({"v": 1, "kind": cls.kind, "body": body}).encode()
    try:
        decode(data)
    except BadMessage as error:
        assert str(error)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"[1]", "expected a JSON object"),
        (b'{"v":2,"kind":"status","body":{}}', "version 2"),
        (b'{"v":true,"kind":"status","body":{}}', "version True"),
        (b'{"v":1,"kind":"nope","body":{}}', "kind 'nope'"),
        (b'{"v":1,"kind":"status","body":{}}', "'online' is missing"),
        (b'{"v":1,"kind":"status","body":{"online":1}}', "status.online: expected true or false"),
        (b'{"v":1,"kind":"sample","body":{"values":{"t":NaN}}}', "NaN"),
        (b'{"v":1,"kind":"sample","body":{"values":{"t":1e999}}}', "finite"),
        (b"[" * 100_000, "at most"),
        (b"[" * 5000, "not JSON"),
        (b" " * (MAX_BYTES + 1), "at most"),
    ],
)
def test_the_reason_is_said_in_plain_words(data: bytes, words: str) -> None:
    with pytest.raises(BadMessage, match=words):
        decode(data)


def test_unknown_keys_are_ignored_so_that_version_1_can_grow() -> None:
    data = b'{"v":1,"kind":"status","new":1,"body":{"online":true,"also":2}}'

    assert encode(decode(data)) == b'{"v":1,"kind":"status","body":{"online":true}}\n'


def test_a_badge_number_has_no_field_to_travel_in() -> None:
    assert set(HashedBadge.__slots__) == {"form", "key_id", "digest"}
