"""The signed list: taken whole or refused, never older, never past its end; and what it lets a node decide."""

import pytest

from devices.simulated.badge_node import SimulatedFlash
from firmware_bridges.firmware.badge_node.listing import Listing
from firmware_bridges.firmware.badge_node.wire import hashes
from tests.fakes import node_words as words
from tests.fakes.node_words import ADA, BOB, NOW


def listing(flash: SimulatedFlash | None = None) -> Listing:
    return Listing(flash or SimulatedFlash(), words.topic("list"), words.KEY, words.SITE, words.DEVICE)


def answer(number: str = ADA, *, now: int | None = NOW, **more) -> tuple[str, int]:
    held = listing()
    assert held.take(words.list_of(**more), None) is None
    return held.decide(hashes(number, words.BADGE_KEY), now)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (words.list_of(key=b"k" * 32, version=8), "bad signature"),
        (words.list_of(version=8)[:-1] + b"0", "bad signature"),
        (words.list_of(version=8).replace(b'"version": 8', b'"version": 9'), "bad signature"),
        (words.list_of(version=8)[:-40], "bad signature"),
        (b"", "bad signature"),
        (words.list_of(version=6), "older version 6, 7 is known"),
        (words.list_of(version=8, expires_s=NOW - 1), "past its date"),
        (words.list_of(version=8, device="saw-node"), "for another machine"),
        (words.said("list", "access_list", {"version": 8}), "not a list"),
        (words.said("list", "receipt", words.listed(version=8)), "not a list"),
        (words.list_of(version=8, people=[words.person(words.ADA, until_s=[])]), "not a list"),
        (words.list_of(version=8, open=False), "not a list"),
        (words.list_of(version=8, lockout={}), "not a list"),
    ],
)
def test_a_list_that_may_not_be_taken_leaves_the_one_that_is_held(payload: bytes, why: str) -> None:
    flash = SimulatedFlash()
    held = listing(flash)
    assert held.take(words.list_of(), NOW) is None

    assert held.take(payload, NOW) == why

    assert held.version == 7
    assert listing(flash).version == 7
    assert held.decide(hashes(ADA, words.BADGE_KEY), NOW)[0] == "granted"


def test_no_older_list_comes_back_by_way_of_a_wiped_file() -> None:
    flash = SimulatedFlash()
    listing(flash).take(words.list_of(version=9), NOW)
    flash.replace("list", words.list_of(version=8))

    again = listing(flash)

    assert again.version is None
    assert again.take(words.list_of(version=8), NOW) == "older version 8, 9 is known"
    assert again.take(words.list_of(version=9), NOW) is None


def test_an_older_list_is_kept_until_its_own_end_and_no_longer() -> None:
    assert answer(now=NOW + 3 * 86400 - 1)[0] == "granted"
    assert answer(now=NOW + 3 * 86400) == ("list_expired", 0)


def test_without_an_hour_nothing_is_granted_for_nothing_can_be_judged() -> None:
    assert answer(now=None) == ("clock_unproved", 0)
    assert answer(now=NOW - 50 * 365 * 86400) == ("list_expired", 0)
    assert listing().decide(hashes(ADA, words.BADGE_KEY), NOW) == ("no_list", 0)


@pytest.mark.parametrize(
    ("more", "code", "seconds"),
    [
        ({}, "granted", 3600),
        ({"lockout": "out_of_service"}, "out_of_service", 0),
        ({"people": [words.person(ADA, until_s=NOW + 90)]}, "granted", 90),
        ({"people": [words.person(ADA, until_s=NOW)]}, "right_over", 0),
        ({"people": [words.person(ADA, longest_s=1200)]}, "granted", 1200),
        ({"open": [[NOW - 10, NOW + 100]]}, "granted", 100),
        ({"open": [[NOW + 10, NOW + 100]]}, "closed_now", 0),
        ({"open": []}, "closed_now", 0),
        ({"booked": [{"starts_s": NOW - 5, "ends_s": NOW + 300, "person": 0}]}, "granted", 300),
        ({"booked": [{"starts_s": NOW - 5, "ends_s": NOW + 300, "person": None}]}, "reserved_by_other", 0),
        ({"booked": [{"starts_s": NOW + 900, "ends_s": NOW + 950, "person": None}], "pause_s": 300}, "granted", 600),
        ({"booked": [{"starts_s": NOW + 200, "ends_s": NOW + 950, "person": None}], "pause_s": 300},
         "reserved_by_other", 0),
        ({"reservation_required": True}, "reservation_required", 0),
        ({"reservation_required": True, "booked": [{"starts_s": NOW + 60, "ends_s": NOW + 600, "person": 0}],
          "early_s": 120}, "granted", 600),
        ({"reservation_required": True, "booked": [{"starts_s": NOW + 600, "ends_s": NOW + 900, "person": 0}]},
         "too_early", 0),
        ({"booked": [{"starts_s": NOW + 600, "ends_s": NOW + 900, "person": 0},
                     {"starts_s": NOW + 900, "ends_s": NOW + 950, "person": None}]}, "granted", 900),
    ],
)  # fmt: skip
def test_the_list_answers_as_the_gateway_would(more: dict, code: str, seconds: int) -> None:
    assert answer(**more) == (code, seconds)


def test_a_stranger_who_shares_the_coarse_form_of_a_badge_is_not_let_in() -> None:
    twin = "em:FF0063E9AE"  # the same 24 and 32 bits as Ada's: keyboard readers print the same for both
    assert answer(BOB) == ("badge_unknown", 0)
    assert answer(twin) == ("badge_unknown", 0)
    coarse = {form: digest[:16] for form, digest in hashes(ADA, words.BADGE_KEY) if form != "em-10"}
    assert answer(people=[{"badges": [coarse], "until_s": None, "longest_s": None}])[0] == "granted"
