"""Codes of six digits, tries and card numbers."""

from datetime import timedelta

import pytest

from gateway.domain.proofs import PAUSES, PinFault, Tries, card_letters, in_groups, one_more, pin_fault
from tests.fixtures_store import NOW


@pytest.mark.parametrize("pin", ["123456", "654321", "901234", "111111", "121212", "112211", "123123", "000001"])
def test_codes_that_people_try_first_are_out(pin):
    assert pin_fault(pin) is PinFault.TOO_EASY


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", " 482917"])
def test_a_code_is_six_digits(pin):
    assert pin_fault(pin) is PinFault.NOT_SIX_DIGITS


def test_any_other_code_will_do():
    assert pin_fault("482917") is None


def test_after_five_tries_in_vain_there_is_a_pause_and_each_is_longer():
    tries, now = Tries(), NOW
    for pause in (*PAUSES, PAUSES[-1]):
        for _ in range(5):
            tries = one_more(tries, now)
        assert tries.locked_until == now + pause
        assert one_more(tries, now + pause - timedelta(seconds=1)) is None
        now += pause
    assert one_more(Tries(failures=4), now).failures == 5


def test_a_card_s_number_is_read_however_it_is_typed():
    letters = "ABCD2345EFGH6789"
    assert in_groups(letters) == "ABCD 2345 EFGH 6789"
    for typed in (letters, in_groups(letters), " abcd-2345-efgh-6789 "):
        assert card_letters(typed) == letters
    for other in ("", "0004521036", letters + "A", "ABCD2345EFGH678I"):
        assert card_letters(other) is None
