"""Workshops: never more places than seats, a person once, an offer to one at a time, a deadline decided once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.domain.events import EventKind
from gateway.domain.refusals import Code, Refusal
from gateway.domain.timespan import Span
from gateway.domain.workshop_attendance import attend, judge, to_pass
from gateway.domain.workshop_plan import call_off, change, check_times, check_workshop, with_deadline
from gateway.domain.workshop_seats import accept, due_at, join, leave, offer_length, settle
from gateway.domain.workshops import (
    NAMES_KEPT,
    OPEN,
    PLACE_TABLE,
    WORKSHOP_TABLE,
    AgeBand,
    Headcount,
    Place,
    PlaceState,
    PlaceTrigger,
    Roll,
    Step,
    Workshop,
    WorkshopKind,
    WorkshopState,
    WorkshopTrigger,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STARTS, ENDS = NOON + 72 * HOUR, NOON + 75 * HOUR


def workshop(**changes):
    made = Workshop(
        id="w", kind=WorkshopKind.COURSE, titles={"fr": "Découpe laser"}, trainer_id="t", span=Span(STARTS, ENDS), seats=2,
        created_at=NOON, offer_hours=24,
    )  # fmt: skip
    return with_deadline(replace(made, **changes), NOON)


def person(who, **changes):
    return replace(Place(id=f"p-{who}", workshop_id="w", joined_at=NOON, member_id=who), **changes)


def school(size, name="class"):
    headcount = Headcount(commune="Hesdin", bands=((AgeBand.PRIMARY, size),))
    return Place(id=f"p-{name}", workshop_id="w", joined_at=NOON, headcount=headcount, mediator_id="t")


def joined(roll, *people, at=NOON):
    for one in people:
        step = join(roll, one, at)
        assert isinstance(step, Step), step
        roll = step.roll
    return roll


def full(**changes):
    """Two seats taken by ada and bob; cyd, then dan wait."""
    return joined(Roll(workshop=workshop(**changes)), *map(person, ("ada", "bob", "cyd", "dan")))


def states(roll):
    return {place.member_id or place.name: str(place.state) for place in roll.places}


def kinds(step):
    return [happening.kind for happening in step.happenings]


def code(answer):
    assert isinstance(answer, Refusal), answer
    return answer.code


def left(roll, name, at=NOON):
    step = leave(roll, roll.of_member(name), at)
    assert isinstance(step, Step)
    return step


def test_seats_first_then_the_line():
    assert states(full()) == {"ada": "enrolled", "bob": "enrolled", "cyd": "waiting", "dan": "waiting"}


def test_a_freed_seat_is_offered_to_the_first_then_to_the_next():
    step = left(full(), "ada")
    assert kinds(step) == [EventKind.WORKSHOP_LEFT, EventKind.WORKSHOP_OFFERED]
    assert step.roll.of_member("cyd").offered_until == NOON + 24 * HOUR

    assert settle(step.roll, NOON + 23 * HOUR).happenings == ()
    later = settle(step.roll, NOON + 24 * HOUR)
    assert kinds(later) == [EventKind.WORKSHOP_OFFER_EXPIRED, EventKind.WORKSHOP_OFFERED]
    assert states(later.roll) == {"ada": "left", "bob": "enrolled", "cyd": "lapsed", "dan": "offered"}


def test_an_offered_seat_is_nobody_else_s():
    roll = joined(left(full(), "ada").roll, person("eve"))
    assert states(roll)["eve"] == "waiting"
    taken = accept(roll, roll.of_member("cyd"), NOON + HOUR)
    assert kinds(taken) == [EventKind.WORKSHOP_ENROLLED]
    assert accept(taken.roll, taken.roll.of_member("cyd"), NOON + HOUR) == Step(roll=taken.roll)
    assert code(accept(roll, roll.of_member("dan"), NOON)) == Code.WORKSHOP_OFFER_OVER


def test_an_offer_that_ran_out_is_over_also_before_the_sweep_has_seen_it():
    roll = left(full(), "ada").roll
    assert code(accept(roll, roll.of_member("cyd"), NOON + 24 * HOUR)) == Code.WORKSHOP_OFFER_OVER


def test_without_offers_the_first_in_line_moves_up_at_once():
    step = left(full(offer_hours=None), "ada")
    assert kinds(step) == [EventKind.WORKSHOP_LEFT, EventKind.WORKSHOP_MOVED_UP]
    assert states(step.roll)["cyd"] == "enrolled"


@pytest.mark.parametrize(("hours_left", "hours"), [(72, 24), (40, 20), (2, 1), (0.75, 0.5), (0.25, 0.25)])
def test_an_offer_leaves_time_for_the_next_in_line(hours_left, hours):
    assert offer_length(24 * HOUR, hours_left * HOUR) == hours * HOUR


def test_once_it_has_begun_nothing_is_offered():
    step = left(full(), "ada", STARTS)
    assert kinds(step) == [EventKind.WORKSHOP_LEFT]
    assert code(leave(step.roll, step.roll.of_member("bob"), ENDS)) == Code.WORKSHOP_OVER


def test_nobody_is_on_the_list_twice():
    roll = full()
    assert code(join(roll, person("ada", id="p-other"), NOON)) == Code.WORKSHOP_TWICE
    again = joined(left(roll, "ada").roll, person("ada", id="p-other"))
    assert [place.id for place in again.places if place.member_id == "ada"] == ["p-ada"]
    assert [place.member_id for place in again.waiting] == ["dan", "ada"]


def test_a_class_is_a_headcount_that_takes_its_seats():
    roll = joined(Roll(workshop=workshop(seats=30)), school(24))
    assert roll.left == 6
    assert code(join(roll, school(31, "other"), NOON)) == Code.WORKSHOP_GROUP_TOO_LARGE
    assert states(joined(roll, school(10, "other")))[None] == "waiting"


def test_a_class_too_large_for_a_free_seat_does_not_keep_it_empty():
    roll = joined(Roll(workshop=workshop(seats=3, offer_hours=None)), *map(person, "abc"), school(2), person("d"))
    step = left(roll, "a")
    assert states(step.roll)["d"] == "enrolled"
    assert [place.id for place in step.roll.waiting] == ["p-class"]


def test_too_few_at_the_deadline_cancels_and_tells_everybody():
    roll = joined(Roll(workshop=workshop(seats=8, minimum=3)), person("ada"), person("bob"))
    assert due_at(roll) == STARTS - 24 * HOUR
    assert settle(roll, STARTS - 25 * HOUR).happenings == ()
    step = settle(roll, STARTS - 24 * HOUR)
    assert (step.roll.workshop.state, step.roll.workshop.reason) == (WorkshopState.CANCELLED, "too_few")
    assert kinds(step) == [EventKind.WORKSHOP_CANCELLED] * 3
    assert [h.place.member_id for h in step.happenings if h.place] == ["ada", "bob"]
    assert settle(step.roll, ENDS) == Step(roll=step.roll)


def test_enough_at_the_deadline_confirms_and_later_leavers_cancel_nothing():
    roll = joined(Roll(workshop=workshop(minimum=2)), person("ada"), person("bob"))
    step = settle(roll, STARTS - 24 * HOUR)
    assert step.roll.workshop.state is WorkshopState.CONFIRMED
    step = left(step.roll, "ada", STARTS - 2 * HOUR)
    assert settle(step.roll, STARTS - HOUR).roll.workshop.state is WorkshopState.CONFIRMED


def test_a_deadline_that_was_slept_through_cancels_nothing_that_has_begun():
    roll = joined(Roll(workshop=workshop(minimum=2)), person("ada"))
    assert settle(roll, STARTS).roll.workshop.state is WorkshopState.CONFIRMED
    assert settle(roll, ENDS).roll.workshop.state is WorkshopState.HELD


def test_more_seats_are_offered_at_once_and_fewer_than_taken_are_refused():
    roll = full()
    more = change(roll, {"seats": 3}, span=(STARTS, ENDS), room_changed=False, now=NOON)
    assert kinds(more) == [EventKind.WORKSHOP_OFFERED]
    (refusal,) = change(roll, {"seats": 1}, span=(STARTS, ENDS), room_changed=False, now=NOON)
    assert (refusal.code, refusal.params) == (Code.WORKSHOP_SEATS_TAKEN, {"seats": 2})


def test_another_time_is_told_to_everybody_and_takes_deadline_and_offers_along():
    roll = left(full(minimum=2), "ada").roll
    step = change(roll, {}, span=(STARTS - 40 * HOUR, ENDS - 40 * HOUR), room_changed=False, now=NOON)
    assert isinstance(step, Step)
    assert step.roll.workshop.decide_by == STARTS - 64 * HOUR
    assert step.roll.of_member("cyd").offered_until == NOON + 24 * HOUR
    told = [h.place.member_id for h in step.happenings if h.kind is EventKind.WORKSHOP_CHANGED and h.place]
    assert told == ["bob", "cyd", "dan"]


def test_a_workshop_soon_leaves_people_time_to_enrol_before_it_is_decided():
    soon = change(full(minimum=2), {}, span=(NOON + 10 * HOUR, ENDS), room_changed=False, now=NOON)
    assert soon.roll.workshop.decide_by == NOON + 5 * HOUR
    assert soon.roll.workshop.state is WorkshopState.PLANNED


def test_what_is_cancelled_or_over_stays_so():
    gone = call_off(full(), reason=None, now=NOON).roll
    assert call_off(gone, reason=None, now=NOON) == Step(roll=gone)
    assert code(join(gone, person("eve"), NOON)) == Code.WORKSHOP_CANCELLED
    assert code(leave(gone, gone.of_member("ada"), NOON)) == Code.WORKSHOP_CANCELLED
    (refusal,) = change(gone, {}, span=(STARTS, ENDS), room_changed=False, now=NOON)
    assert refusal.code is Code.WORKSHOP_CANCELLED
    assert code(call_off(full(), reason=None, now=ENDS)) == Code.WORKSHOP_OVER
    assert code(join(Roll(workshop=workshop()), person("ada"), ENDS)) == Code.WORKSHOP_OVER


@pytest.mark.parametrize(
    ("starts", "ends", "codes"),
    [
        (STARTS, STARTS, [Code.BOOKING_ENDS_BEFORE_START]),
        (ENDS, STARTS, [Code.BOOKING_ENDS_BEFORE_START]),
        (NOON, ENDS, [Code.BOOKING_IN_THE_PAST]),
        (STARTS, STARTS + timedelta(days=15), [Code.BOOKING_TOO_LONG]),
        (STARTS + timedelta(days=36500), ENDS + timedelta(days=36500), [Code.BOOKING_TOO_FAR]),
        (STARTS.replace(tzinfo=None), ENDS, [Code.BOOKING_NO_ZONE]),
        (STARTS, ENDS, []),
    ],
)
def test_times_that_cannot_be_planned(starts, ends, codes):
    assert [refusal.code for refusal in check_times(starts, ends, NOON)] == codes


def test_seats_minimum_and_deadline_must_fit():
    assert [r.code for r in check_workshop(workshop(minimum=3, decide_by=STARTS + HOUR), NOON)] == [
        Code.WORKSHOP_MINIMUM_TOO_HIGH, Code.WORKSHOP_DEADLINE_TOO_LATE,
    ]  # fmt: skip
    assert [r.code for r in check_workshop(workshop(minimum=2, decide_by=NOON), NOON)] == [Code.WORKSHOP_DEADLINE_PAST]
    assert workshop(minimum=0, decide_by=NOON).decide_by is None


def test_present_and_passed_are_two_things():
    roll = full()
    ada = roll.of_member("ada")
    assert code(judge(roll, ada, passed=True)) == Code.WORKSHOP_NOT_PRESENT
    roll = attend(roll, ada, present=True, at=STARTS).roll
    roll = attend(roll, roll.of_member("bob"), present=True, at=STARTS).roll
    roll = judge(roll, roll.of_member("bob"), passed=False).roll
    assert [place.member_id for place in to_pass(roll)] == ["ada"]
    roll = judge(roll, roll.of_member("ada"), passed=True).roll
    assert [place.member_id for place in to_pass(roll)] == ["ada"]
    absent = attend(roll, roll.of_member("ada"), present=False, at=STARTS).roll.of_member("ada")
    assert (absent.present, absent.passed) == (False, None)


def test_a_right_that_was_given_is_not_unsaid_on_the_list():
    roll = Roll(workshop=workshop(), places=(person("ada", present=True, passed=True, qualification_id="q"),))
    assert code(attend(roll, roll.places[0], present=False, at=STARTS)) == Code.WORKSHOP_RIGHT_GIVEN
    assert code(judge(roll, roll.places[0], passed=False)) == Code.WORKSHOP_RIGHT_GIVEN


def test_whoever_waited_and_came_gets_a_free_seat_and_no_other():
    roll = full()
    assert code(attend(roll, roll.of_member("cyd"), present=True, at=STARTS)) == Code.WORKSHOP_FULL
    roll = left(roll, "ada", STARTS).roll
    step = attend(roll, roll.of_member("dan"), present=True, at=STARTS)
    assert kinds(step) == [EventKind.WORKSHOP_MOVED_UP, EventKind.WORKSHOP_ATTENDED]
    assert code(attend(step.roll, step.roll.of_member("cyd"), present=True, at=STARTS)) == Code.WORKSHOP_FULL


def test_whoever_comes_instead_of_an_absent_person_gets_their_seat():
    roll, walk_in = full(), person("eve")
    assert code(join(roll, walk_in, ENDS, there=True)) is Code.WORKSHOP_FULL
    noted = attend(roll, roll.of_member("ada"), present=False, at=ENDS).roll
    assert noted.left == 1
    came = join(noted, walk_in, ENDS, there=True).roll
    assert came.left == 0
    assert code(attend(came, came.of_member("ada"), present=True, at=ENDS)) is Code.WORKSHOP_FULL
    assert isinstance(attend(came, came.of_member("bob"), present=True, at=ENDS), Step)


def test_nobody_is_there_before_the_day():
    roll = full()
    assert code(attend(roll, roll.of_member("ada"), present=True, at=NOON)) == Code.WORKSHOP_NOT_YET


def test_a_class_that_comes_with_more_takes_seats_that_are_there():
    roll = joined(Roll(workshop=workshop(seats=25)), school(24))

    def came(size):
        return attend(roll, roll.places[0], present=True, at=STARTS, headcount=school(size).headcount)

    assert came(25).roll.left == 0
    assert came(20).roll.left == 5
    assert code(came(26)) == Code.WORKSHOP_FULL


def test_a_person_is_not_counted_by_age():
    roll = full()
    assert code(attend(roll, roll.places[0], present=True, at=STARTS, headcount=school(3).headcount)) == (
        Code.WORKSHOP_NOT_A_GROUP
    )


def test_a_name_that_stands_only_on_the_list_is_forgotten_the_headcount_is_not():
    roll = joined(
        Roll(workshop=workshop(seats=30)), person(None, id="p-1", name="Zoé"), replace(school(24), name="CM2")
    )
    over = settle(roll, ENDS).roll
    assert due_at(over) == ENDS + NAMES_KEPT
    kept = settle(over, ENDS + NAMES_KEPT).roll
    assert [place.name for place in kept.places] == [None, "CM2"]
    assert kept.taken == 25
    assert due_at(kept) is None


@pytest.mark.parametrize("table", [PLACE_TABLE, WORKSHOP_TABLE])
def test_every_cell_leads_on(table):
    assert all(move.to != state for (state, _), move in table.items())


def test_what_is_not_in_the_tables_is_not_reachable():
    assert {move.to for move in PLACE_TABLE.values()} == set(PlaceState)
    assert {trigger for _, trigger in PLACE_TABLE} == set(PlaceTrigger)
    assert {trigger for _, trigger in WORKSHOP_TABLE} == set(WorkshopTrigger)
    ends = {WorkshopState.CANCELLED, WorkshopState.HELD}
    assert not any(state in ends for state, _ in WORKSHOP_TABLE)


@given(st.integers(0, 200), st.integers(1, 400))
def test_an_offer_never_outlasts_the_time_that_is_left(wished, minutes):
    length = offer_length(wished * HOUR, timedelta(minutes=minutes))
    assert timedelta(0) <= length <= timedelta(minutes=minutes)


PEOPLE = st.sampled_from("abcdefgh")


class AnyOrder(RuleBasedStateMachine):
    """Whatever comes in whatever order, also with a clock that is set back."""

    def __init__(self):
        super().__init__()
        self.now = NOON
        self.roll = Roll(workshop=workshop(seats=3, minimum=2))
        self.count = 0

    def take(self, answer):
        if isinstance(answer, Step):
            self.roll = answer.roll
        return answer

    def of(self, name):
        return self.roll.of_member(name)

    @rule(name=PEOPLE, there=st.booleans())
    def somebody_joins(self, name, there):
        self.count += 1
        self.take(join(self.roll, person(name, id=f"p-{self.count}"), self.now, there=there))

    @rule(size=st.integers(1, 4))
    def a_class_joins(self, size):
        self.count += 1
        self.take(join(self.roll, school(size, str(self.count)), self.now))

    @precondition(lambda self: self.roll.places)
    @rule(data=st.data(), act=st.sampled_from([leave, accept]))
    def a_line_acts(self, data, act):
        self.take(act(self.roll, data.draw(st.sampled_from(self.roll.places)), self.now))

    @precondition(lambda self: self.roll.places)
    @rule(data=st.data(), present=st.booleans(), size=st.none() | st.integers(1, 5))
    def attendance(self, data, present, size):
        place = data.draw(st.sampled_from(self.roll.places))
        headcount = school(size).headcount if size and place.headcount else None
        self.take(attend(self.roll, place, present=present, at=self.now, headcount=headcount))

    @rule(seats=st.integers(1, 6), hours=st.none() | st.integers(1, 48))
    def the_plan_changes(self, seats, hours):
        span = self.roll.workshop.span
        self.take(
            change(self.roll, {"seats": seats, "offer_hours": hours}, span=(span.starts, span.ends), room_changed=False,
                   now=self.now)
        )  # fmt: skip

    @rule(hours=st.integers(-30, 30))
    def the_time_changes(self, hours):
        span = self.roll.workshop.span
        moved = (span.starts + hours * HOUR, span.ends + hours * HOUR)
        self.take(change(self.roll, {}, span=moved, room_changed=False, now=self.now))

    @rule(minutes=st.sampled_from([-60, 1, 20, 60, 600, 1440, 3000]))
    def time_passes(self, minutes):
        self.now += timedelta(minutes=minutes)
        before = due_at(self.roll)
        step = self.take(settle(self.roll, self.now))
        if before is None or before > self.now:
            assert step.happenings == ()
        assert settle(self.roll, self.now) == Step(roll=self.roll)

    @rule()
    def called_off(self):
        if self.count % 7 == 6:
            self.take(call_off(self.roll, reason=None, now=self.now))

    @invariant()
    def never_more_places_than_seats(self):
        assert 0 <= self.roll.taken <= self.roll.workshop.seats

    @invariant()
    def nobody_twice(self):
        named = [place.member_id for place in self.roll.places if place.member_id]
        assert len(named) == len(set(named))

    @invariant()
    def an_offer_has_an_end_and_nothing_else_has_one(self):
        for place in self.roll.places:
            assert (place.offered_until is not None) == (place.state is PlaceState.OFFERED)

    @invariant()
    def no_seat_stays_empty_while_somebody_who_fits_waits(self):
        settled = settle(self.roll, self.now).roll
        if settled.workshop.state in OPEN and self.now < settled.workshop.span.starts:
            assert not any(place.size <= settled.left for place in settled.waiting)

    @invariant()
    def who_passed_was_there_and_who_was_there_has_a_seat(self):
        for place in self.roll.places:
            assert not place.passed or place.present
            assert not place.present or place.state is PlaceState.ENROLLED


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
