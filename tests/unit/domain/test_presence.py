"""Who is in the place: a tap at the door goes in or out, the first responsible person opens, the last one closes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.presence import Here, Passing, pass_door

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def here(member="bob", *, responsible=False, since=-60, until=60):
    ends = None if until is None else NOW + until * MINUTE
    since = NOW + since * MINUTE
    return Here(member_id=member, since=since, until=ends, changed_at=since, responsible=responsible)


def passes(before=None, others=(), *, responsible=False, hours=None, now=NOW):
    return pass_door(before, others, member_id="ada", responsible=responsible, hours=hours, now=now)


def test_who_is_not_here_arrives_for_as_long_as_the_place_says():
    passed = passes(hours=3)
    assert (passed.what, passed.row.until) == (Passing.ARRIVES, NOW + 180 * MINUTE)
    assert passes().row.until == NOW + timedelta(hours=12)


def test_who_is_here_leaves_and_is_no_longer_counted():
    passed = passes(here("ada"))
    assert passed.what is Passing.LEAVES
    assert not passed.row.present(NOW)


def test_a_presence_that_has_expired_is_an_arrival_again():
    assert passes(here("ada", until=0)).what is Passing.ARRIVES


def test_a_badge_held_at_the_reader_does_not_leave_again():
    arrived = passes().row
    assert passes(arrived, now=NOW + timedelta(seconds=9)).what is Passing.AGAIN
    assert passes(arrived, now=NOW + timedelta(seconds=10)).what is Passing.LEAVES


def test_the_first_responsible_person_opens_and_the_last_one_closes():
    other = here("bob", responsible=True)
    gone = here("bob", responsible=True, until=0)
    mine = here("ada", responsible=True)
    assert passes(responsible=True, others=[here("eve")]).what is Passing.OPENS
    assert passes(responsible=True, others=[gone]).what is Passing.OPENS
    assert passes(responsible=True, others=[other]).what is Passing.ARRIVES
    assert passes(mine, [other], responsible=True).what is Passing.LEAVES
    assert passes(mine, [gone, here("eve")], responsible=True).what is Passing.CLOSES


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(11, 7200)), max_size=30), st.sets(st.sampled_from("abc")))
def test_it_is_open_exactly_while_somebody_responsible_is_here(taps, responsible):
    rows, now, is_open = {}, NOW, False
    for member, seconds in taps:
        now += timedelta(seconds=seconds)
        others = [row for key, row in rows.items() if key != member]
        passed = pass_door(
            rows.get(member), others, member_id=member, responsible=member in responsible, hours=24, now=now
        )
        rows[member] = passed.row
        is_open = {Passing.OPENS: True, Passing.CLOSES: False}.get(passed.what, is_open)
        assert is_open == any(row.responsible and row.present(now) for row in rows.values()) or seconds > 86400
        if now - NOW > timedelta(hours=20):
            return
