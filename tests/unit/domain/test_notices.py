"""Who is told what, where and when: nothing to those who did not ask, nothing lost for those whom nobody reaches."""

from datetime import UTC, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.domain.notices import EMAIL, HISTORY, NOBODY, Contact, House, NoticeState, Recipient, notices_of
from gateway.domain.quiet import QuietHours
from gateway.domain.retry import OUTWARD, Retry
from gateway.domain.telling import SILENT, TELLING, Topic, telling

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)  # 23:00 in Paris
MORNING = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)  # 08:00 in Paris
QUIET = QuietHours(time(21), time(8))
HOUSE = House(channels=(EMAIL, "sms"), quiet=QUIET, zone=PARIS)
times_of_day = st.times().map(lambda t: t.replace(second=0, microsecond=0))


def stored(kind=EventKind.RESERVATION_CANCELLED, at=NOON, number=1, **data):
    event = Event(kind=kind, at=at, resource_id="r", member_id="ada", data=data)
    return StoredEvent(id=number, event=event, site="hesdin", resource="laser-1", device=None)


def somebody(email="ada@example.org", **how):
    active, more = how.pop("active", True), how.pop("more", {})
    return Recipient(contact=Contact(member_id="ada", **how), email=email, active=active, more=more)


def told(recipient, event=None, now=NOON, house=HOUSE):
    ids = (str(n) for n in count())
    return notices_of(event or stored(at=now), [recipient], house, now=now, new_id=ids)


def channels(recipient, **how):
    return [notice.channel for notice in told(recipient, **how)]


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_is_told_to_people_or_silent_for_a_reason(kind):
    """A new kind of event? One line in gateway/domain/telling.py, with words in both catalogues or with the reason."""
    assert (kind in TELLING) != (kind in SILENT)
    assert kind in TELLING or SILENT[kind]


def test_an_address_is_enough_for_a_letter_about_everything_but_what_must_be_asked_for():
    assert channels(somebody()) == [EMAIL]
    assert channels(somebody(), event=stored(EventKind.JOB_ENDED, outcome="finished")) == []


def test_who_asked_for_it_is_told_that_a_job_is_over_but_not_that_they_cancelled_it():
    keen = somebody(topics={Topic.JOBS: (EMAIL,)})
    for outcome in ("finished", "failed"):
        assert channels(keen, event=stored(EventKind.JOB_ENDED, outcome=outcome)) == [EMAIL]
    assert channels(keen, event=stored(EventKind.JOB_ENDED, outcome="cancelled")) == []


def test_each_topic_has_its_own_channels_each_used_once():
    both = somebody(addresses={"sms": "+336"}, topics={Topic.BOOKINGS: ("sms", EMAIL, "sms"), Topic.RIGHTS: ()})
    assert channels(both) == ["sms", EMAIL]
    assert channels(both, event=stored(EventKind.QUALIFICATION_REVOKED)) == []
    assert channels(both, event=stored(EventKind.SESSION_OVERDUE)) == [EMAIL]


def test_a_channel_without_an_address_or_that_the_lab_no_longer_has_is_left_out():
    someone = somebody(addresses={"telegram": "42"}, topics={Topic.BOOKINGS: ("telegram", "sms", EMAIL)})
    assert channels(someone) == [EMAIL]


@pytest.mark.parametrize("someone", [somebody(email=None), somebody(topics={Topic.BOOKINGS: ("sms",)})])
def test_whom_nobody_reaches_is_written_down_for_the_team(someone):
    (notice,) = told(someone)
    assert (notice.channel, notice.state, notice.done_at) == (NOBODY, NoticeState.UNREACHABLE, NOON)


def test_a_member_who_left_is_told_nothing():
    assert told(somebody(active=False)) == ()


def test_history_is_told_to_nobody():
    now = NOON + HISTORY + timedelta(seconds=1)
    assert told(somebody(), event=stored(at=NOON), now=now) == ()
    assert told(somebody(), event=stored(at=NOON), now=now - timedelta(seconds=2))


def test_what_a_recipient_alone_needs_to_know_joins_the_event():
    (notice,) = told(somebody(more={"starts": "2026-03-09T09:00:00+00:00"}), event=stored(reason="lamp"))
    assert notice.data == {"reason": "lamp", "starts": "2026-03-09T09:00:00+00:00"}


class TestQuietHours:
    def test_a_message_waits_for_the_morning(self):
        assert told(somebody(), now=NIGHT)[0].next_try_at == MORNING
        assert told(somebody(), now=NOON)[0].next_try_at == NOON

    def test_each_member_has_their_own(self):
        never, late = somebody(quiet=QuietHours(time(0), time(0))), somebody(quiet=QuietHours(time(22), time(10)))
        assert told(never, now=NIGHT)[0].next_try_at == NIGHT
        assert told(late, now=NIGHT)[0].next_try_at == MORNING + timedelta(hours=2)

    def test_a_lab_without_quiet_hours_sends_at_once(self):
        house = House(channels=(EMAIL,), quiet=None, zone=PARIS)
        assert told(somebody(), now=NIGHT, house=house)[0].next_try_at == NIGHT

    def test_what_is_urgent_does_not_wait(self):
        event = stored(EventKind.SESSION_OVERDUE, at=NIGHT)
        assert told(somebody(), event=event, now=NIGHT)[0].next_try_at == NIGHT

    @pytest.mark.parametrize(("hours", "when"), [(1, NIGHT), (9, NIGHT), (10, NIGHT), (11, MORNING)])
    def test_what_begins_before_the_morning_does_not_wait(self, hours, when):
        event = stored(at=NIGHT, starts=(NIGHT + timedelta(hours=hours)).isoformat())
        assert told(somebody(), event=event, now=NIGHT)[0].next_try_at == when

    def test_a_mere_confirmation_waits_all_the_same(self):
        event = stored(EventKind.RESERVATION_MADE, at=NIGHT, starts=NIGHT.isoformat())
        assert told(somebody(), event=event, now=NIGHT)[0].next_try_at == MORNING

    @pytest.mark.parametrize("starts", ["nonsense", 5, None, "2026-03-03T07:00:00"])
    def test_a_time_that_is_none_changes_nothing(self, starts):
        assert told(somebody(), event=stored(at=NIGHT, starts=starts), now=NIGHT)[0].next_try_at == MORNING

    @given(
        times_of_day, st.integers(0, 12 * 60),
        st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    )  # fmt: skip
    def test_the_end_is_never_quiet_and_never_far(self, starts, minutes, now):
        ends = (datetime(2020, 1, 1, starts.hour, starts.minute) + timedelta(minutes=minutes)).time()
        quiet = QuietHours(starts, ends)
        over = quiet.over_at(now, PARIS)
        assert now <= over <= now + timedelta(hours=13)
        assert not quiet.covers(over.astimezone(PARIS).time())
        assert over == now or quiet.covers(now.astimezone(PARIS).time())

    @given(times_of_day, times_of_day)
    def test_written_down_and_read_again(self, starts, ends):
        assert QuietHours.of(str(QuietHours(starts, ends))) == QuietHours(starts, ends)

    @pytest.mark.parametrize("text", ["", "21:00", "25:00-08:00", "a-b", "1-2-3"])
    def test_nonsense_is_no_quiet_hours(self, text):
        with pytest.raises(ValueError, match=r"."):
            QuietHours.of(text)


class TestTryingAgain:
    @given(st.integers(0, 10_000), st.integers(0, 3 * 86400), st.floats(0, 1, exclude_max=True))
    def test_always_later_never_past_the_end(self, attempts, passed, chance):
        now = NOON + timedelta(seconds=passed)
        when = OUTWARD.next_try(attempts=attempts, since=NOON, now=now, chance=chance)
        if passed >= 3 * 86400:
            assert when is None
        else:
            assert now < when <= min(now + OUTWARD.longest, NOON + OUTWARD.give_up)

    def test_pauses_double_up_to_the_longest(self):
        retry = Retry(first=timedelta(seconds=10), longest=timedelta(seconds=60), give_up=timedelta(hours=1))
        pauses = [retry.next_try(attempts=n, since=NOON, now=NOON, chance=0.0) - NOON for n in range(1, 6)]
        assert [pause.total_seconds() for pause in pauses] == [10, 20, 40, 60, 60]

    def test_chance_takes_up_to_half_away(self):
        when = OUTWARD.next_try(attempts=1, since=NOON, now=NOON, chance=0.5)
        assert when == NOON + timedelta(seconds=7.5)


def test_the_meaning_of_an_event_that_nobody_tells():
    assert telling(stored(EventKind.TAP_GRANTED).event) is None
