"""A badge's number is understood alike, whether a reader gives it or somebody types what is printed on it."""

import pytest

from devices.badge_reader import BadgeSeen, EmFrames
from devices.simulated.badge_reader import reader_bytes
from etabli.bootstrap.folder import BadgeKey, badge_hasher, typed_badge_hasher

HASHED = badge_hasher(BadgeKey(key=b"k" * 32, id="one"))


def test_a_typed_number_is_the_badge_that_the_reader_gives() -> None:
    (seen,) = EmFrames().feed(reader_bytes("rdm6300", bytes.fromhex("010063E9AE")))

    assert isinstance(seen, BadgeSeen)
    assert typed_badge_hasher(HASHED)("010063E9AE") == HASHED(seen.number)
    assert set(typed_badge_hasher(HASHED)("0006547886")) <= set(HASHED(seen.number))


@pytest.mark.parametrize("number", ["", "hello", "12", "01-00-63"])
def test_what_is_no_number_is_said_to_be_none(number: str) -> None:
    with pytest.raises(ValueError, match="not a badge number"):
        typed_badge_hasher(HASHED)(number)
