"""Simulated readers and the programs that read them, against each other."""

import pytest

from devices.badge_reader import AnyReader, BadgeParser, BadgeSeen, EmFrames, KeyboardLines, Style, TapFilter, forms
from devices.pn532 import Pn532
from devices.simulated.badge_reader import Kind, SimulatedBadgeReader, reader_bytes

BADGE = bytes.fromhex("010063E9AE")


def test_the_frames_are_the_published_ones() -> None:
    assert reader_bytes("rdm6300", BADGE) == b"\x02010063E9AE25\x03"
    assert reader_bytes("id12la", BADGE) == b"\x02010063E9AE25\r\n\x03"
    assert reader_bytes("keyboard-decimal", BADGE) == b"0006547886\r\n"
    assert reader_bytes("keyboard-facility", BADGE) == b"099,59822\r\n"
    assert reader_bytes("pn532", bytes.fromhex("FB0EE20B")) == bytes.fromhex("0000FF0CF4D54B010100040804FB0EE20BD800")


PARSERS: list[tuple[Kind, BadgeParser]] = [
    ("rdm6300", EmFrames()),
    ("id12la", EmFrames()),
    ("rdm6300", AnyReader()),
    ("keyboard-decimal", KeyboardLines(Style.DECIMAL)),
    ("keyboard-facility", KeyboardLines(Style.DECIMAL)),
    ("keyboard-hex", KeyboardLines(Style.HEX)),
    ("keyboard-10-hex", KeyboardLines(Style.HEX)),
    ("keyboard-10-hex", AnyReader()),
]


@pytest.mark.parametrize(("kind", "parser"), PARSERS)
def test_a_badge_held_for_half_a_second_is_one_tap_of_a_number_known_to_all(kind: Kind, parser: BadgeParser) -> None:
    reader, taps, numbers = SimulatedBadgeReader(kind), TapFilter(), []
    reader.hold(BADGE, 0.1, seconds=0.5)
    heard = 0
    for tick in range(100):
        now = tick * 0.02
        for event in parser.feed(reader.tick(now)):
            assert isinstance(event, BadgeSeen)
            heard += 1
            if taps.seen(event.number, at=now):
                numbers.append(event.number)
    assert len(numbers) == 1
    assert heard == 1 if kind.startswith("keyboard") else heard > 5
    assert dict(forms(numbers[0])).items() & dict(forms("em:010063E9AE")).items()


def test_a_pn532_that_is_woken_and_asked_gives_the_badge_while_it_stays() -> None:
    reader, chip, taps, numbers = SimulatedBadgeReader("pn532"), Pn532(), TapFilter(), []
    reader.hold(bytes.fromhex("FB0EE20B"), 1.0, seconds=1.0)
    seen = 0
    for tick in range(300):
        now = tick * 0.02
        reader.receive(chip.send(at=now), now)
        for event in chip.feed(reader.tick(now)):
            assert isinstance(event, BadgeSeen)
            seen += 1
            numbers += [event.number] if taps.seen(event.number, at=now) else []
    assert numbers == ["uid:FB0EE20B"]
    assert 5 < seen < 15


def test_silence_noise_and_a_badge_taken_away() -> None:
    reader = SimulatedBadgeReader()
    reader.hold(BADGE, 0)
    reader.silent = True
    assert reader.tick(0.1) == b""
    reader.silent = False
    reader.take_away()
    reader.babble(b"\xff\x00")
    assert reader.tick(0.2) == b"\xff\x00"
