"""The PN532 talk: vectors with recomputed checksums, and a chip that sleeps, blocks and vanishes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from devices.badge_reader import BadgeRefused, BadgeSeen, Nonsense
from devices.pn532 import (
    ACK,
    IN_LIST_PASSIVE_TARGET,
    NACK,
    SAM_CONFIGURATION,
    WAKE,
    Acknowledged,
    Frames,
    Pn532,
    Reply,
    command,
    read_targets,
)

SAM_DONE = bytes.fromhex("0000FF02FED5151600")
MIFARE = bytes.fromhex("0000FF0CF4D54B010100040804FB0EE20BD800")


def reply(code: int, *data: int) -> bytes:
    body = bytes((0xD5, code + 1, *data))
    return b"\x00\x00\xff" + bytes((len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))


def listening() -> Pn532:
    chip = Pn532()
    chip.send(at=0)
    chip.feed(ACK + SAM_DONE)
    assert chip.send(at=0.2) == IN_LIST_PASSIVE_TARGET
    chip.feed(ACK)
    return chip


def test_commands_are_the_published_bytes() -> None:
    assert bytes.fromhex("0000FF03FDD414011700") == command(0x14, 0x01)[:5] + bytes.fromhex("D414011700")
    assert bytes.fromhex("0000FF04FCD44A0100E100") == IN_LIST_PASSIVE_TARGET
    assert SAM_CONFIGURATION.startswith(b"\x00\x00\xff\x05\xfb\xd4\x14\x01")


def test_waking_and_reading_a_badge() -> None:
    chip = Pn532()
    assert chip.send(at=0) == WAKE + SAM_CONFIGURATION
    assert chip.send(at=0.1) == b""
    assert chip.feed(ACK + SAM_DONE) == ()
    assert chip.send(at=0.2) == IN_LIST_PASSIVE_TARGET
    assert chip.feed(ACK + MIFARE) == (BadgeSeen(number="uid:FB0EE20B"),)
    assert chip.send(at=0.25) == b""
    assert chip.send(at=0.31) == IN_LIST_PASSIVE_TARGET, "a badge that stays is looked at again"


def test_no_badge_for_a_long_time_is_not_a_dead_chip() -> None:
    chip = listening()
    assert chip.send(at=9) == b""
    assert chip.send(at=10.3) == IN_LIST_PASSIVE_TARGET, "asks anew, so that a chip without power is noticed"
    assert chip.unanswered == 0


def test_a_chip_that_lost_power_is_woken_again_and_counted_as_silent() -> None:
    chip = listening()
    assert chip.send(at=11) == IN_LIST_PASSIVE_TARGET
    assert [chip.send(at=at) for at in (12.1, 13.2, 14.3)] == [WAKE + SAM_CONFIGURATION] * 3
    assert chip.unanswered == 3
    chip.feed(ACK + SAM_DONE)
    assert chip.unanswered == 0
    assert chip.send(at=14.5) == IN_LIST_PASSIVE_TARGET


def test_a_chip_that_takes_the_wake_up_and_then_hangs_is_woken_again() -> None:
    chip = Pn532()
    chip.send(at=0)
    chip.feed(ACK)
    assert chip.send(at=1.1) == WAKE + SAM_CONFIGURATION


def test_longer_uids_phones_and_short_replies() -> None:
    seven = bytes.fromhex("04A2B3C4D5E680")
    assert read_targets(b"\x01\x01\x00\x44\x00\x07" + seven) == (BadgeSeen(number=f"uid:{seven.hex().upper()}"),)
    assert read_targets(bytes.fromhex("010100042004 08AABBCC")) == (BadgeRefused(reason="random id"),)
    assert read_targets(b"\x00") == ()
    assert isinstance(read_targets(b"\x01\x01\x00\x04\x08\x04\xfb")[0], Nonsense)


def test_frames_between_noise_are_found() -> None:
    broken = MIFARE[:-3] + b"\x00" + MIFARE[-2:]
    frames = Frames().feed(b"\xff\x00" + broken + NACK + b"noise" + ACK + MIFARE)
    assert [type(frame) for frame in frames] == [Nonsense, Acknowledged, Acknowledged, Reply]
    assert all(b"fb 0e" not in frame.example for frame in frames if isinstance(frame, Nonsense))


PIECES = st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([ACK, NACK, SAM_DONE, MIFARE, MIFARE[:9]]))).map(
    b"".join
)


@given(PIECES, st.lists(st.integers(0, 300), max_size=10))
def test_chunks_change_nothing_and_no_bytes_raise(data: bytes, cuts: list[int]) -> None:
    whole, cut, found = listening(), listening(), []
    edges = [0, *sorted(cut_at % (len(data) + 1) for cut_at in cuts), len(data)]
    for start, end in pairwise(edges):
        found += cut.feed(data[start:end])
    assert tuple(found) == whole.feed(data)


@given(PIECES, st.binary(min_size=7, max_size=7).filter(any))
def test_after_any_noise_the_chip_is_understood_again(noise: bytes, uid: bytes) -> None:
    frames = Frames()
    frames.feed(noise)
    target = reply(0x4A, 1, 1, 0, 0x44, 0, 7, *uid)
    found = [frame for _ in range(20) for frame in frames.feed(target)]  # a lost length may swallow 255 bytes
    assert Reply(code=0x4A, data=bytes((1, 1, 0, 0x44, 0, 7)) + uid) in found
