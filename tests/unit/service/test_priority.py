"""A trainer goes first where the lab says so; whoever gave way is told, offered another place, and keeps the booking."""

from datetime import timedelta

import pytest

from gateway.domain.booking import Status
from gateway.domain.events import EventKind
from gateway.domain.layers import SaidPolicies
from gateway.domain.people import Role
from gateway.domain.qualifications import Qualification
from gateway.domain.refusals import Code, Refused
from gateway.domain.timespan import Span
from gateway.domain.waiting import WaitState
from gateway.service import bookings_changes, bookings_own, waiting, waiting_times

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = {"priority_roles": ["trainer"], "priority_days": 7, "horizon_days": 14, "priority_horizon_days": 40}


def rules(floor, **booking):
    floor.transact(lambda work, _: work.put_site_policies(SaidPolicies(booking=booking)))


@pytest.fixture
def far(floor):
    """In ten days; Bob is a trainer, and trained on the lasers."""
    rules(floor, **RULES)
    right = Qualification(
        id=floor.lab.ids.new(), member_id=floor.lab.bob, granted_at=floor.lab.clock.now(),
        training_id=next(each.id for each in floor.lab.store.views().trainings() if each.slug == "laser"),
    )  # fmt: skip
    floor.transact(lambda work, _: (work.set_role(floor.lab.bob, Role.TRAINER), work.add_qualification(right)))
    return floor.lab.clock.now() + 10 * DAY


def take(floor, who, starts, hours=2, *, displace=False, **which):
    asked = {"resource": "laser-1", "group": None} | which
    return floor.transact(
        lambda work, now: bookings_own.take(
            work, id=floor.lab.ids.new(), member_id=who, span=Span(starts, starts + hours * HOUR), now=now,
            displace=displace, **asked,
        )
    )  # fmt: skip


def codes(refused):
    assert isinstance(refused, Refused), refused
    return [refusal.code for refusal in refused.refusals]


def test_the_place_is_taken_only_when_asked_for_and_an_equal_machine_is_offered_in_its_stead(floor, far):
    held = take(floor, floor.lab.ada, far)
    assert codes(take(floor, floor.lab.bob, far)) == [Code.BOOKING_GIVES_WAY]
    assert floor.reservation(held.id) == held
    made = take(floor, floor.lab.bob, far, displace=True)
    assert floor.reservation(held.id).status is Status.DISPLACED
    assert floor.kinds("reservation_displaced", "other_time_possible") == [("reservation_displaced", floor.lab.ada)]
    floor.transact(waiting.settle_line)
    assert (floor.wait(held.id).state, floor.wait(held.id).offered_id) == (WaitState.OFFERED, floor.twin.id)
    back = floor.transact(
        lambda work, now: bookings_own.accept_offer(work, id=held.id, member_id=floor.lab.ada, now=now)
    )
    assert (back.id, back.resource_id, back.span) == (held.id, floor.twin.id, held.span)
    assert (back.status, back.cancelled_at) == (Status.STANDING, None)
    assert made.resource_id == held.resource_id


def test_without_an_equal_machine_the_nearest_other_time_is_told_and_taken_with_one_call(floor, far):
    held = take(floor, floor.lab.ada, far)
    take(floor, floor.lab.ada, far, resource="laser-2")
    take(floor, floor.lab.bob, far, displace=True)
    told = [event for event in floor.lab.events() if event.kind == EventKind.OTHER_TIME_POSSIBLE]
    assert [(event.member_id, event.data["starts"]) for event in told] == [
        (floor.lab.ada, (far - 2 * HOUR).isoformat())
    ]
    taken = floor.transact(
        lambda work, now: waiting_times.take(work, id=held.id, resource="laser-1", starts=far + 2 * HOUR, now=now)
    )
    assert (taken.id, taken.span.starts, taken.status) == (held.id, far + 2 * HOUR, Status.STANDING)


def test_it_is_offered_back_when_whoever_went_first_cancels(floor, far):
    held = take(floor, floor.lab.ada, far)
    take(floor, floor.lab.ada, far, resource="laser-2")
    made = take(floor, floor.lab.bob, far, displace=True)
    floor.transact(waiting.settle_line)
    assert floor.wait(held.id).state is WaitState.WAITING
    floor.transact(lambda work, now: bookings_changes.cancel(work, id=made.id, now=now))
    floor.transact(waiting.settle_line)
    assert floor.wait(held.id).offered_id == floor.lab.laser.id


def test_of_a_kind_a_free_machine_is_taken_before_anybody_gives_way(floor, far):
    held = take(floor, floor.lab.ada, far)
    made = take(floor, floor.lab.bob, far, displace=True, resource=None, group="lasers")
    assert made.resource_id == floor.twin.id
    assert floor.reservation(held.id) == held


def test_members_and_what_is_near_go_first_nowhere_and_roles_book_further_ahead(floor, far):
    near = floor.lab.clock.now() + 2 * DAY
    held = take(floor, floor.lab.ada, near)
    assert codes(take(floor, floor.lab.bob, near, displace=True)) == [Code.BOOKING_OVERLAPS]
    trainers = take(floor, floor.lab.bob, far)
    assert codes(take(floor, floor.lab.ada, far, displace=True)) == [Code.BOOKING_OVERLAPS]
    assert codes(take(floor, floor.lab.ada, far + 20 * DAY)) == [Code.BOOKING_TOO_FAR]
    assert take(floor, floor.lab.bob, far + 20 * DAY).status is Status.STANDING
    assert (floor.reservation(held.id), floor.reservation(trainers.id)) == (held, trainers)


def test_who_would_give_way_is_told_before_anything_changes(floor, far):
    held = take(floor, floor.lab.ada, far)

    def ask(starts):
        return floor.transact(
            lambda work, now: bookings_own.who_gives_way(
                work, member_id=floor.lab.bob, resource="laser-1", group=None, span=Span(starts, starts + HOUR), now=now
            )
        )

    assert [refusal.code for refusal in ask(far)] == [Code.BOOKING_GIVES_WAY]
    assert ask(far + 60 * DAY) == ()
    assert floor.reservation(held.id) == held


def test_one_that_awaits_approval_gives_way_where_the_lab_says_so_and_awaits_it_again(floor, far):
    rules(floor, priority_roles=["trainer"], priority_over_unapproved=True, approval=True)
    held = take(floor, floor.lab.ada, far)
    assert held.status is Status.AWAITING_APPROVAL
    take(floor, floor.lab.bob, far, displace=True)
    floor.transact(waiting.settle_line)
    back = floor.transact(
        lambda work, now: bookings_own.accept_offer(work, id=held.id, member_id=floor.lab.ada, now=now)
    )
    assert (back.status, back.resource_id) == (Status.AWAITING_APPROVAL, floor.twin.id)
