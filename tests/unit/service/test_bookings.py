"""Bookings as people make and change them: what is refused, what they are told, and that a no changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.events import EventKind
from gateway.domain.opening import Closure
from gateway.domain.refusals import Code, Refused
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.timespan import Span
from gateway.service import bookings, bookings_changes
from gateway.service.bookings import Booked, Wish
from tests.fakes.service_lab import ServiceLab


class Desk:
    """Books at the lab; ``laser-1`` and ``laser-2`` are equals, ``salle`` is a room."""

    def __init__(self) -> None:
        self.lab = ServiceLab()
        self.now = self.lab.clock.now()
        self.ada, self.bob = self.lab.ada, self.lab.bob
        with self.lab.store.begin() as work:
            group = work.put_group(ResourceGroup(id=self.lab.ids.new(), slug="lasers", names={"fr": "Lasers"}))
            laser = work.resource("laser-1")
            assert laser
            work.put_resource(replace(laser, group_id=group.id))
            for slug, of in (("laser-2", group.id), ("salle", None)):
                work.put_resource(Resource(id=self.lab.ids.new(), slug=slug, names={"fr": slug}, group_id=of))

    def rules(self, slug: str = "laser-1", **booking: Any) -> None:
        with self.lab.store.begin() as work:
            group, resource = work.group("lasers"), work.resource(slug)
            assert group
            assert resource
            if resource.group_id:
                work.put_group(replace(group, booking_policy=booking))
            else:
                work.put_resource(replace(resource, booking_policy=booking))

    def at(self, hour: float) -> datetime:
        return self.now + timedelta(hours=hour)

    def ask(self, starts: float, ends: float, *slugs: str, who: str | None = "ada", **more: Any) -> Any:
        member = getattr(self, who) if who else None
        wish = Wish(
            resources=slugs or ("laser-1",), member_id=member, starts=self.at(starts), ends=self.at(ends), **more
        )
        with self.lab.store.begin() as work:
            return bookings.reserve(work, wish, self.lab.ids.new, self.now)

    def one(self, starts: float, ends: float, *slugs: str, **more: Any) -> Reservation:
        booked = self.ask(starts, ends, *slugs, **more)
        assert isinstance(booked, Booked), booked
        return booked.made[0]

    def change(self, what: str, **how: Any) -> Any:
        with self.lab.store.begin() as work:
            return getattr(bookings_changes, what)(work, now=self.now, **how)

    def standing(self) -> list[str]:
        return [held.id for held in self.lab.store.views().reservations(limit=100, cursor=None).rows]

    def told(self, kind: EventKind) -> list[str | None]:
        return [stored.event.member_id for stored in self.lab.store.views().events(limit=200, cursor=None).rows
                if stored.event.kind is kind]  # fmt: skip


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.lab.store.close()


def codes(answer: Any) -> list[Code]:
    assert isinstance(answer, Refused), answer
    return [refusal.code for refusal in answer.refusals]


def test_a_taken_slot_says_until_when(desk: Desk) -> None:
    first = desk.one(1, 3)
    refused = desk.ask(2, 4, who="bob")
    assert codes(refused) == [Code.BOOKING_OVERLAPS]
    assert refused.refusals[0].params["until"] == first.span.ends
    assert desk.standing() == [first.id]


def test_every_reason_is_told_at_once_the_clash_among_them(desk: Desk) -> None:
    desk.one(1, 4, who="bob")
    desk.rules(longest_minutes=60, day_minutes=30, notice_minutes=240)
    assert set(codes(desk.ask(1, 3))) == {
        Code.BOOKING_OVER_LONGEST, Code.BOOKING_DAY_QUOTA, Code.BOOKING_TOO_SOON, Code.BOOKING_OVERLAPS,
    }  # fmt: skip


def test_a_quota_counts_equal_machines_together_and_one_member_alone(desk: Desk) -> None:
    desk.rules(future_count=1)
    desk.one(1, 2, "laser-1")
    assert codes(desk.ask(3, 4, "laser-2")) == [Code.BOOKING_FUTURE_COUNT]
    assert isinstance(desk.ask(3, 4, "salle"), Booked)
    assert isinstance(desk.ask(3, 4, "laser-2", who="bob"), Booked)


def test_two_of_a_quota_asked_for_in_one_go_count_together(desk: Desk) -> None:
    desk.rules(future_count=1)
    assert codes(desk.ask(1, 2, "laser-1", "laser-2")) == [Code.BOOKING_FUTURE_COUNT]
    assert desk.standing() == []


def test_a_group_booking_is_all_or_nothing_and_names_what_is_taken(desk: Desk) -> None:
    desk.one(1, 2, "salle", who="bob")
    refused = desk.ask(1, 2, "laser-1", "salle")
    assert codes(refused) == [Code.BOOKING_OVERLAPS]
    assert refused.refusals[0].params["resource"] == "salle"
    assert len(desk.standing()) == 1
    booked = desk.ask(3, 4, "laser-1", "salle")
    assert len({held.series_id for held in booked.made}) == 1
    assert len(booked.made) == 2


def test_a_visitor_needs_a_label_and_no_account(desk: Desk) -> None:
    assert codes(desk.ask(1, 2, who=None)) == [Code.BOOKING_FOR_NOBODY]
    assert desk.one(1, 2, who=None, note="Visiteuse de mardi").member_id is None


def test_training_is_asked_for_where_the_lab_says_so(desk: Desk) -> None:
    desk.rules(trained=True)
    assert codes(desk.ask(1, 2, who="bob")) == [Code.TRAINING_MISSING]
    assert isinstance(desk.ask(1, 2), Booked)


def test_maintenance_waits_its_turn_unless_the_lab_puts_it_first(desk: Desk) -> None:
    held, running = desk.one(1, 2), desk.one(-0.5, 0.5, who="bob")
    wish = {"who": None, "purpose": Purpose.MAINTENANCE, "note": "Courroies"}
    assert codes(desk.ask(0.75, 3, **wish)) == [Code.BOOKING_OVERLAPS]
    desk.rules(maintenance_first=True)
    made = desk.one(0.75, 3, **wish)
    assert set(desk.standing()) == {made.id, running.id}
    assert desk.told(EventKind.RESERVATION_DISPLACED) == [held.member_id]
    assert codes(desk.ask(0, 0.75, **wish)) == [Code.BOOKING_OVERLAPS], "whoever has begun is not turned out"


def test_a_request_awaits_approval_and_holds_its_place(desk: Desk) -> None:
    desk.rules(approval=True)
    asked = desk.one(1, 2)
    assert asked.status is Status.AWAITING_APPROVAL
    assert codes(desk.ask(1, 2, who="bob")) == [Code.BOOKING_OVERLAPS]
    assert desk.change("approve", id=asked.id).status is Status.STANDING
    assert desk.change("approve", id=asked.id).version == 2
    assert codes(desk.change("decline", id=asked.id, reason=None)) == [Code.BOOKING_NOT_AWAITING]
    other = desk.one(3, 4)
    assert desk.change("decline", id=other.id, reason="Complet").status is Status.DECLINED
    assert desk.told(EventKind.RESERVATION_APPROVED) == desk.told(EventKind.RESERVATION_DECLINED) == [desk.ada]
    assert desk.change("move", id=asked.id, ends=desk.at(1.5)).status is Status.STANDING
    assert desk.change("move", id=asked.id, ends=desk.at(3)).status is Status.AWAITING_APPROVAL


def test_moving_shortening_and_extending_keep_the_rules_and_the_others(desk: Desk) -> None:
    desk.rules(longest_minutes=180, notice_minutes=30)
    held, other = desk.one(1, 2), desk.one(4, 5, who="bob")
    assert desk.change("move", id=held.id, ends=desk.at(1.5)).span.ends == desk.at(1.5)
    assert desk.change("move", id=held.id, ends=desk.at(3)).version == 3
    assert codes(desk.change("move", id=held.id, ends=desk.at(4.5))) == [
        Code.BOOKING_OVER_LONGEST, Code.BOOKING_OVERLAPS,
    ]  # fmt: skip
    assert desk.change("move", id=held.id, resource="salle", starts=desk.at(4), ends=desk.at(5)).span == other.span
    assert len(desk.told(EventKind.RESERVATION_MOVED)) == 3
    assert desk.change("move", id="nothing", ends=desk.at(3)) is None


def test_what_is_running_may_be_extended_whatever_the_notice(desk: Desk) -> None:
    held = desk.one(-0.5, 0.5)
    desk.rules(notice_minutes=600, horizon_days=0)
    assert desk.change("move", id=held.id, ends=desk.at(1)).span.ends == desk.at(1)


def test_what_is_over_or_a_workshop_s_does_not_change(desk: Desk) -> None:
    held = desk.one(1, 2)
    desk.change("cancel", id=held.id)
    for what, how in (("move", {"ends": desk.at(3)}), ("give", {"member_id": desk.bob}), ("approve", {})):
        assert codes(desk.change(what, id=held.id, **how)) == [Code.BOOKING_OVER]
    workshop = desk.one(1, 2, purpose=Purpose.WORKSHOP)
    assert codes(desk.change("move", id=workshop.id, ends=desk.at(3))) == [Code.BOOKING_OF_A_WORKSHOP]
    assert codes(desk.change("cancel", id=workshop.id)) == [Code.BOOKING_OF_A_WORKSHOP]
    assert workshop.id in desk.standing()


def test_a_booking_is_given_only_to_who_may_have_it_and_both_are_told(desk: Desk) -> None:
    held = desk.one(1, 2)
    desk.rules(trained=True)
    assert codes(desk.change("give", id=held.id, member_id=desk.bob)) == [Code.TRAINING_MISSING]
    desk.rules(day_minutes=30)
    assert codes(desk.change("give", id=held.id, member_id=desk.bob)) == [Code.BOOKING_DAY_QUOTA]
    desk.rules()
    assert desk.change("give", id=held.id, member_id=desk.bob).member_id == desk.bob
    assert desk.told(EventKind.RESERVATION_GIVEN) == [desk.ada]
    assert desk.told(EventKind.RESERVATION_RECEIVED) == [desk.bob]


def test_a_recurrence_names_each_clash_and_takes_all_or_the_free_ones(desk: Desk) -> None:
    taken = desk.one(25, 26, who="bob")
    rule = {"rule": "FREQ=DAILY;COUNT=3"}
    refused = desk.ask(1, 2, **rule)
    assert [refusal.params["wanted"] for refusal in refused.refusals] == [desk.at(25)]
    assert desk.standing() == [taken.id]
    booked = desk.ask(1, 2, **rule, free_ones=True)
    assert [held.span.starts for held in booked.made] == [desk.at(1), desk.at(49)]
    assert [refusal.code for refusal in booked.left_out] == [Code.BOOKING_OVERLAPS]
    assert codes(desk.ask(1, 2, "salle", rule="FREQ=DAILY")) == [Code.RECURRENCE_ENDLESS]


def test_a_recurrence_counts_its_own_bookings(desk: Desk) -> None:
    desk.rules(future_count=2)
    assert codes(desk.ask(1, 2, rule="FREQ=DAILY;COUNT=4")) == [Code.BOOKING_FUTURE_COUNT] * 2
    assert len(desk.ask(1, 2, rule="FREQ=DAILY;COUNT=4", free_ones=True).made) == 2


def test_a_series_is_cancelled_whole_or_from_one_onward(desk: Desk) -> None:
    first, second, third = desk.ask(1, 2, rule="FREQ=DAILY;COUNT=3").made
    desk.change("cancel", id=second.id, following=True)
    assert desk.standing() == [first.id]
    assert third.series_id
    assert [held.id for held in desk.change("cancel_series", series_id=third.series_id)] == [first.id]
    assert len(desk.told(EventKind.RESERVATION_CANCELLED)) == 3


def test_cancelling_late_is_written_down_once(desk: Desk) -> None:
    desk.rules(late_cancel_minutes=120)
    held, far = desk.one(1, 2), desk.one(5, 6)
    for id_ in (held.id, held.id, far.id):
        desk.change("cancel", id=id_)
    lates = {
        stored.event.data["reservation"]: stored.event.data["late"]
        for stored in desk.lab.store.views().events(limit=50, cursor=None).rows
        if stored.event.kind is EventKind.RESERVATION_CANCELLED
    }
    assert lates == {held.id: True, far.id: False}


def test_the_same_id_again_is_the_same_booking(desk: Desk) -> None:
    how: dict[str, Any] = {
        "id": desk.lab.ids.new(), "resource": "laser-1", "member_id": desk.ada, "starts": desk.at(1), "ends": desk.at(2),
    }  # fmt: skip
    with desk.lab.store.begin() as work:
        first = bookings.book(work, now=desk.now, **how)
    with desk.lab.store.begin() as work:
        assert bookings.book(work, now=desk.at(0.1), **how) == first


@pytest.mark.parametrize("free_ones", [False, True])
def test_the_pause_between_two_bookings_is_kept_within_a_series_too(desk: Desk, *, free_ones: bool) -> None:
    desk.rules(buffer_minutes=60)
    desk.one(1, 2)
    assert codes(desk.ask(2.5, 3, who="bob", free_ones=free_ones)) == [Code.BOOKING_OVERLAPS]
    assert codes(desk.ask(0, 0.5, who="bob")) == [Code.BOOKING_OVERLAPS]
    assert isinstance(desk.ask(3, 4, who="bob"), Booked)


def test_a_closure_refuses_with_its_reason_and_the_days_that_open(desk: Desk) -> None:
    with desk.lab.store.begin() as work:
        work.add_closure(
            Closure(id=desk.lab.ids.new(), span=Span(desk.at(24), desk.at(48)), reason="Travaux.", resource_id=None)
        )
    refused = desk.ask(23, 25)
    assert codes(refused) == [Code.BOOKING_IN_CLOSURE]
    assert refused.refusals[0].params == {"reason": "Travaux.", "until": desk.at(48)}
    assert isinstance(desk.ask(48, 49), Booked)
