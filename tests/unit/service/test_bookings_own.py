"""What members do for themselves: only what is theirs, once, and with a reason for each no."""

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.messages import JobStarted, PowerReported
from gateway.domain.booking import Reservation, Status
from gateway.domain.refusals import Code, Refused
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.sessions import EndReason, State
from gateway.domain.timespan import Span
from gateway.domain.waiting import WaitState
from gateway.service import bookings_own, waiting

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(lab):
    """``laser-1`` and ``laser-2`` are equals, and Ada may use both."""
    with lab.store.begin() as work:
        group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="lasers", names={"fr": "Lasers"}))
        work.put_resource(replace(work.resource("laser-1"), group_id=group.id))
        work.put_resource(
            Resource(id=lab.ids.new(), slug="laser-2", names={"fr": "2"}, group_id=group.id, trainings=("laser",))
        )
    return lab


def span(lab, starts, ends):
    return Span(lab.in_(hours=starts), lab.in_(hours=ends))


def take(lab, who, starts=1, ends=2, *, id=None, resource=None, group="lasers"):
    with lab.store.begin() as work:
        return bookings_own.take(
            work, id=id or lab.ids.new(), member_id=who, resource=resource, group=None if resource else group,
            span=span(lab, starts, ends), now=lab.clock.now(),
        )  # fmt: skip


def act(lab, use_case, **how):
    with lab.store.begin() as work:
        return use_case(work, now=lab.clock.now(), **how)


def codes(answer):
    assert isinstance(answer, Refused), answer
    return [refusal.code for refusal in answer.refusals]


def slug(lab, held):
    return next(v.resource.slug for v in lab.store.views().floor(lab.clock.now()) if v.resource.id == held.resource_id)


def test_of_equal_machines_the_first_free_one_is_taken(desk):
    first, second = take(desk, desk.ada), take(desk, desk.ada)
    assert [slug(desk, held) for held in (first, second)] == ["laser-1", "laser-2"]
    assert codes(take(desk, desk.ada)) == [Code.BOOKING_OVERLAPS]


def test_a_form_that_is_sent_twice_books_once(desk):
    number = desk.ids.new()
    first = take(desk, desk.ada, id=number)
    assert take(desk, desk.ada, id=number) == first
    assert take(desk, desk.bob, id=number) is None
    assert len(desk.store.views().bookings_of(desk.ada, desk.clock.now())) == 1


def test_whoever_lacks_the_training_is_told_and_books_nothing(desk):
    assert codes(take(desk, desk.bob)) == [Code.TRAINING_MISSING]
    with desk.store.begin() as work:
        work.put_member(replace(work.member(desk.ada), member_until=desk.in_(hours=1.5)))
    assert codes(take(desk, desk.ada)) == [Code.BOOKING_PAST_MEMBERSHIP]
    assert take(desk, desk.ada, group="nulle-part") is None


def test_only_whoever_booked_changes_it(desk):
    held = take(desk, desk.ada)
    for use_case, how in (
        (bookings_own.move, {"span": span(desk, 3, 4)}), (bookings_own.give, {"to": desk.bob}), (bookings_own.cancel, {}),
    ):  # fmt: skip
        assert act(desk, use_case, id=held.id, member_id=desk.bob, **how) is None
    assert desk.store.views().booking_of(desk.ada, held.id) == held


def test_move_to_an_equal_machine_shorten_and_cancel(desk):
    held = take(desk, desk.ada, 1, 3)
    moved = act(
        desk, bookings_own.move, id=held.id, member_id=desk.ada, span=span(desk, 5, 7), resource="laser-2"
    )  # fmt: skip
    assert (slug(desk, moved), moved.span, moved.id) == ("laser-2", span(desk, 5, 7), held.id)
    shorter = act(desk, bookings_own.move, id=held.id, member_id=desk.ada, span=span(desk, 5, 6))
    assert shorter.span == span(desk, 5, 6)
    assert act(desk, bookings_own.cancel, id=held.id, member_id=desk.ada).status is Status.CANCELLED
    assert act(desk, bookings_own.cancel, id=held.id, member_id=desk.ada).status is Status.CANCELLED


def test_what_is_over_is_not_cancelled(desk):
    held = take(desk, desk.ada)
    desk.later(3 * 3600)
    assert codes(act(desk, bookings_own.cancel, id=held.id, member_id=desk.ada)) == [Code.BOOKING_OVER]


def test_it_is_given_only_to_who_may_use_it(desk):
    held = take(desk, desk.ada)
    assert codes(act(desk, bookings_own.give, id=held.id, member_id=desk.ada, to=desk.bob)) == [Code.TRAINING_MISSING]
    with desk.store.begin() as work:
        work.put_resource(replace(work.resource("laser-1"), trainings=()))
    given = act(desk, bookings_own.give, id=held.id, member_id=desk.ada, to=desk.bob)
    assert given.member_id == desk.bob


def test_nobody_takes_the_number_of_another_s_place_or_booking(desk):
    held = take(desk, desk.ada, resource="laser-1")
    slot = {"resource": "laser-1", "group": None, "span": span(desk, 1, 2)}
    wait = act(desk, bookings_own.wait_for, id=desk.ids.new(), member_id=desk.bob, **slot)
    assert wait.member_id == desk.bob
    assert act(desk, bookings_own.wait_for, id=wait.id, member_id=desk.bob, **slot) == wait
    assert act(desk, bookings_own.wait_for, id=wait.id, member_id=desk.ada, **slot) is None
    assert act(desk, bookings_own.wait_for, id=held.id, member_id=desk.bob, **slot) is None
    assert take(desk, desk.ada, 5, 6, id=wait.id) is None


def test_an_offer_is_answered_by_whom_it_is_made_to(desk):
    take(desk, desk.ada, resource="laser-1")
    held = take(desk, desk.ada, resource="laser-2")
    times = {"starts": desk.in_(hours=1), "ends": desk.in_(hours=2), "group": "lasers", "resource": None}
    wait = act(desk, waiting.join, id=desk.ids.new(), member_id=desk.bob, **times)
    act(desk, bookings_own.cancel, id=held.id, member_id=desk.ada)
    act(desk, waiting.settle_line)
    assert act(desk, bookings_own.accept_offer, id=wait.id, member_id=desk.ada) is None
    assert act(desk, bookings_own.leave_line, id=wait.id, member_id=desk.ada) is None
    assert isinstance(act(desk, bookings_own.accept_offer, id=wait.id, member_id=desk.bob), Reservation)
    assert act(desk, bookings_own.leave_line, id=wait.id, member_id=desk.bob).state is WaitState.TAKEN


def test_the_machine_is_given_back_by_whoever_uses_it(lab):
    lab.tap("ada")
    assert act(lab, bookings_own.give_back, resource="laser-1", member_id=lab.bob) is None
    ended = act(lab, bookings_own.give_back, resource="laser-1", member_id=lab.ada)
    assert (ended.state, ended.end_reason) == (State.CLOSED, EndReason.TAPPED_OUT)
    assert act(lab, bookings_own.give_back, resource="laser-1", member_id=lab.ada) is None


def test_a_job_goes_on_without_them_however_often_they_say_it(lab):
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.say("grbl-1", JobStarted(job="j1", name="boite.gcode"))
    for _ in range(2):
        assert act(lab, bookings_own.give_back, resource="laser-1", member_id=lab.ada).state is State.LEAVING
