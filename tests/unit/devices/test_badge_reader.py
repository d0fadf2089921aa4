"""A badge that is read wrongly locks a member out, or lets another one in."""

from functools import reduce
from itertools import pairwise
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.badge_reader import (
    FORMS,
    AnyReader,
    BadgeParser,
    BadgeRefused,
    BadgeSeen,
    EmFrames,
    KeyboardLines,
    Nonsense,
    ReaderEvent,
    Style,
    TapFilter,
    forms,
    hash_forms,
    read_line,
    uid_number,
)

KEY = b"k" * 32
RDM = b"\x02010063E9AE25\x03"
ID12 = b"\x02010063E9AE25\r\n\x03"
NUMBER = "em:010063E9AE"
PARSERS = (EmFrames, KeyboardLines, AnyReader)


def seen(events: tuple[ReaderEvent, ...]) -> list[str]:
    return [event.number for event in events if isinstance(event, BadgeSeen)]


def frame(data: bytes) -> bytes:
    return b"\x02%s%02X\x03" % (data.hex().upper().encode(), reduce(xor, data))


def chunked(parser: BadgeParser, data: bytes, cuts: list[int]) -> tuple[ReaderEvent, ...]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return tuple(event for start, end in pairwise(edges) for event in parser.feed(data[start:end]))


@pytest.mark.parametrize(
    ("data", "number"),
    [(RDM, NUMBER), (ID12, NUMBER), (b"\x02100086F44426\x03", "em:100086F444"), (RDM.lower(), NUMBER)],
)
def test_published_frames_give_the_printed_number(data: bytes, number: str) -> None:
    assert EmFrames().feed(data) == (BadgeSeen(number=number),)


@pytest.mark.parametrize(
    ("line", "style", "number"),
    [
        ("0006547886", Style.DECIMAL, "n32:0063E9AE"),
        ("6547886", Style.DECIMAL, "n32:0063E9AE"),
        ("0006547886", Style.AUTO, "n32:0063E9AE"),
        ("099,59822", Style.AUTO, "n24:63E9AE"),
        ("99,59822", Style.DECIMAL, "n24:63E9AE"),
        ("0063e9ae", Style.HEX, "n32:0063E9AE"),
        ("00635912", Style.AUTO, "n32:00635912"),
        ("010063E9AE", Style.AUTO, NUMBER),
        ("0100635912", Style.HEX, "em:0100635912"),
        ("9999999999", Style.AUTO, "em:9999999999"),
        ("04A2B3C4D5E680", Style.HEX, "uid:04A2B3C4D5E680"),
    ],
)
def test_keyboard_type_readers_print_numbers_in_many_ways(line: str, style: Style, number: str) -> None:
    assert read_line(line, style) == BadgeSeen(number=number)
    for ending in (b"\r", b"\n", b"\r\n"):
        assert KeyboardLines(style).feed(line.encode() + ending) == (BadgeSeen(number=number),)


@pytest.mark.parametrize("line", ["", "hello", "256,1", "1,65536", "9999999999", "12-34", "0000000000", "٣٤٥"])
def test_other_text_is_no_badge(line: str) -> None:
    event = read_line(line, Style.DECIMAL)
    assert isinstance(event, Nonsense)
    assert b"hello" not in event.example


def test_one_physical_badge_is_known_again_whatever_kind_of_reader_gives_its_number() -> None:
    readers = ("em:010063E9AE", "n32:0063E9AE", "n24:63E9AE")
    for one in readers:
        for other in readers:
            assert set(forms(one)) & set(forms(other))
    mifare = uid_number(bytes.fromhex("FB0EE20B"))
    assert isinstance(mifare, BadgeSeen)
    # 13.56 MHz keyboard readers print the UID in either byte order.
    for wedge in (read_line("FB0EE20B", Style.HEX), read_line(str(0x0BE20EFB), Style.DECIMAL)):
        assert isinstance(wedge, BadgeSeen)
        assert set(forms(wedge.number)) & set(forms(mifare.number))


def test_badges_that_share_only_a_vague_form_can_be_told_apart_by_a_precise_one() -> None:
    ours, theirs = dict(forms("em:010063E9AE")), dict(forms("em:010163E9AE"))
    assert ours["n-24"] == theirs["n-24"]
    assert ours["em-10"] != theirs["em-10"]
    order = [form for form, _ in forms("em:010063E9AE")]
    assert order == sorted(order, key=FORMS.index)


def test_hashes_are_keyed_and_never_show_the_number() -> None:
    hashed = hash_forms(NUMBER, key=KEY, key_id="2024")
    assert [badge.form for badge in hashed] == ["em-10", "n-32", "n-24"]
    assert {badge.key_id for badge in hashed} == {"2024"}
    assert not any("63E9AE" in str(badge).upper() for badge in hashed)
    assert {b.digest for b in hashed}.isdisjoint(b.digest for b in hash_forms(NUMBER, key=b"other" * 8, key_id="2024"))
    assert hash_forms(NUMBER, key=KEY, key_id="2024") == hashed


@pytest.mark.parametrize("text", ["010063E9AE", "em:010063e9ae", "uid:0102", "n32:1", "em:010063E9AE\n", "x:1"])
def test_only_canonical_numbers_are_hashed_and_an_error_does_not_repeat_them(text: str) -> None:
    with pytest.raises(ValueError, match="canonical") as caught:
        hash_forms(text, key=KEY, key_id="k")
    assert "63" not in str(caught.value)


def test_a_random_id_is_refused_since_it_would_be_another_one_next_time() -> None:
    assert uid_number(bytes.fromhex("08A1B2C3")) == BadgeRefused(reason="random id")
    assert isinstance(uid_number(bytes.fromhex("08A1B2C3D4E5F6")), BadgeSeen)
    assert isinstance(uid_number(b"\1\2\3"), Nonsense)


@pytest.mark.parametrize(
    ("noise", "what"),
    [
        (b"\x02010063E9AE24\x03", "checksum"),
        (b"\x02010063E9AE25\x04", "broken frame"),
        (b"\x020100", "broken frame"),
        (b"\x02zz", "broken frame"),
        (b"garbage", "no frame"),
        (frame(bytes(5)), "empty number"),
    ],
)
def test_a_frame_after_noise_is_still_read_and_the_noise_is_counted_once(noise: bytes, what: str) -> None:
    events = EmFrames().feed(noise + RDM)
    assert [event.what for event in events if isinstance(event, Nonsense)] == [what]
    assert seen(events) == [NUMBER]


def test_what_is_reported_as_nonsense_never_contains_a_number() -> None:
    for parser, data in (
        (EmFrames(), b"\x02010063E9AE24\x03 010063E9AE"),
        (KeyboardLines(), b"x010063E9AE\n" + b"010063E9AE" * 9 + b"\n"),
    ):
        events = parser.feed(data)
        assert events
        for event in events:
            assert isinstance(event, Nonsense)
            assert b"63" not in event.example


def test_one_port_takes_frames_and_lines_mixed() -> None:
    events = AnyReader().feed(RDM + b"0006547886\r\n" + ID12 + b"nonsense\r" + RDM)
    assert seen(events) == [NUMBER, "n32:0063E9AE", NUMBER, NUMBER]
    assert len(events) == 5


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from([RDM, ID12, RDM[:7], ID12[:14], b"\x02", b"0006547886\r\n", b"099,59822\n", b"\r\n"]),
        st.binary(min_size=5, max_size=5).map(frame),
    ),
    max_size=8,
).map(b"".join)


@pytest.mark.parametrize("make", PARSERS)
@given(data=PIECES, cuts=st.lists(st.integers(0, 1000), max_size=12))
def test_chunks_change_nothing_and_no_bytes_raise(make: type[BadgeParser], data: bytes, cuts: list[int]) -> None:
    assert chunked(make(), data, cuts) == make().feed(data)


@given(PIECES, st.binary(min_size=5, max_size=5).filter(any))
def test_after_any_noise_the_next_whole_frame_but_one_is_read(noise: bytes, data: bytes) -> None:
    number = f"em:{data.hex().upper()}"
    assert number in seen(EmFrames().feed(noise + frame(data)))


@given(st.binary(min_size=5, max_size=5).filter(any))
def test_every_number_has_distinct_known_forms_that_can_be_hashed(data: bytes) -> None:
    found = forms(f"em:{data.hex().upper()}")
    assert len({form for form, _ in found}) == len(found)
    assert {form for form, _ in found} <= set(FORMS)


def test_a_held_badge_is_one_tap_and_a_returning_one_another() -> None:
    taps = TapFilter()
    assert [taps.seen("a", at=at / 1000) for at in range(0, 2000, 50)] == [True] + [False] * 39
    assert taps.removed(at=2.2) == ()
    assert taps.removed(at=2.3) == ("a",)
    assert taps.seen("a", at=2.4)


def test_two_badges_held_together_are_one_tap_each() -> None:
    taps = TapFilter()
    assert sum(taps.seen("ab"[n % 2], at=n * 0.05) for n in range(40)) == 2


def test_a_clock_that_goes_back_makes_no_second_tap() -> None:
    taps = TapFilter()
    assert taps.seen("a", at=10)
    assert not taps.seen("a", at=9)
    assert not taps.seen("a", at=10.2)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 0.5)), max_size=50))
def test_taps_and_removals_take_turns(steps: list[tuple[str, float]]) -> None:
    taps, at, present = TapFilter(), 0.0, set()
    for number, wait in steps:
        at += wait
        for gone in taps.removed(at=at):
            present.remove(gone)
        new = taps.seen(number, at=at)
        assert new == (number not in present)
        present.add(number)
