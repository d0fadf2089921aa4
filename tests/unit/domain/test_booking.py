"""A request that makes no sense never reaches the database, and says all that is wrong with it."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.booking import check_booking
from gateway.domain.refusals import Code
from gateway.domain.timespan import Span

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def objections(starts: datetime, ends: datetime, *, out: bool = False, active: bool = True) -> set[Code]:
    found = check_booking(starts=starts, ends=ends, now=NOW, out_of_service=out, member_active=active)
    return {refusal.code for refusal in found}


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (NOW + HOUR, NOW + 2 * HOUR, set()),
        (NOW - HOUR, NOW + HOUR, set()),
        (NOW + HOUR, NOW + HOUR, {Code.BOOKING_ENDS_BEFORE_START}),
        (NOW - 2 * HOUR, NOW - HOUR, {Code.BOOKING_IN_THE_PAST}),
        (NOW, NOW + timedelta(days=36500), {Code.BOOKING_TOO_LONG}),
        (NOW + timedelta(days=800), NOW + timedelta(days=801), {Code.BOOKING_TOO_FAR}),
        (NOW.replace(tzinfo=None), NOW + HOUR, {Code.BOOKING_NO_ZONE}),
    ],
)
def test_each_bad_span_has_its_code(starts: datetime, ends: datetime, expected: set[Code]) -> None:
    assert objections(starts, ends) == expected


def test_all_that_is_wrong_is_said() -> None:
    assert objections(NOW - HOUR, NOW - 2 * HOUR, out=True, active=False) == {
        Code.BOOKING_ENDS_BEFORE_START, Code.BOOKING_IN_THE_PAST, Code.OUT_OF_SERVICE, Code.MEMBER_INACTIVE,
    }  # fmt: skip


def test_spans_are_half_open_and_never_empty() -> None:
    assert not Span(NOW, NOW + HOUR).overlaps(Span(NOW + HOUR, NOW + 2 * HOUR))
    with pytest.raises(ValueError, match="must end after it starts"):
        Span(NOW, NOW)
