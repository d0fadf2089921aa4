"""Workshops as the team runs them: planned with their rooms, filled, ticked, typed in, passed, cancelled."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.domain.booking import Reservation
from gateway.domain.granting import Granter
from gateway.domain.people import Member
from gateway.domain.refusals import Code
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.domain.workshops import OPEN, AgeBand, Headcount, PlaceState, Roll, WorkshopKind, WorkshopState
from gateway.service import workshops, workshops_attendance, workshops_places
from gateway.service.bookings import Refused
from gateway.service.transact import Transact
from gateway.service.workshops import Changes, Plan
from gateway.service.workshops_attendance import Given, Row
from gateway.service.workshops_places import Who
from gateway.service.workshops_sweep import WorkshopSweeper
from tests.fakes.service_lab import ServiceLab

HOUR = timedelta(hours=1)
ZONE = "Europe/Paris"


class Workshops:
    """The use cases, each in its own transaction, on the lab's clock."""

    def __init__(self, lab: ServiceLab) -> None:
        self.lab = lab
        self.starts = lab.in_(days=3)
        self.transact = Transact(store=lab.store, clock=lab.clock, deliver=lab.deliver)
        self.sweeper = WorkshopSweeper(store=lab.store, clock=lab.clock, transact=self.transact)
        with lab.store.begin() as work:
            work.put_resource(Resource(id=lab.ids.new(), slug="room", names={"fr": "Salle"}))
        self.trainer = self.member("Tess")

    def member(self, name: str) -> str:
        one = Member(id=self.lab.ids.new(), first_name=name)
        with self.lab.store.begin() as work:
            work.put_member(one)
        return one.id

    def wish(self, **changes: object) -> Plan:
        wish = Plan(
            kind=WorkshopKind.COURSE, titles={"fr": "Découpe laser"}, trainer_id=self.trainer, starts=self.starts,
            ends=self.starts + 3 * HOUR, seats=2, training="laser", offer_hours=24, resources=("laser-1", "room"),
        )  # fmt: skip
        return replace(wish, **changes)  # type: ignore[arg-type]

    def plan(self, **changes: object):
        return self.transact(
            lambda work, now: workshops.plan(work, self.wish(**changes), zone=ZONE, ids=self.lab.ids, now=now)
        )

    def planned(self, **changes: object) -> str:
        made = self.plan(**changes)
        assert isinstance(made, tuple), made
        return made[0].id

    def change(self, key: str, **changes: object):
        given = Changes(**changes)  # type: ignore[arg-type]
        return self.transact(lambda work, now: workshops.change(work, id=key, changes=given, ids=self.lab.ids, now=now))

    def cancel(self, key: str, *, following: bool = False):
        return self.transact(
            lambda work, now: workshops.cancel(work, id=key, reason="Grippe", following=following, now=now)
        )

    def enrol(self, key: str, *people: str | Who):
        for one in people:
            who, new = one if isinstance(one, Who) else Who(member_id=one), self.lab.ids.new()
            place = self.transact(
                lambda work, now, who=who, new=new: workshops_places.enrol(
                    work, id=new, workshop_id=key, who=who, now=now
                )
            )
        return place

    def act(self, what, key: str, place_id: str, **more: object):
        return self.transact(lambda work, now: what(work, workshop_id=key, place_id=place_id, now=now, **more))

    def type_in(self, key: str, *rows: Row):
        return self.transact(
            lambda work, now: workshops_attendance.type_in(work, workshop_id=key, rows=rows, ids=self.lab.ids, now=now)
        )

    def pass_present(self, key: str, chosen: frozenset[str] | None = None):
        return self.transact(
            lambda work, now: workshops_attendance.pass_present(
                work, workshop_id=key, chosen=chosen, granter=Granter(label="Tess"), ids=self.lab.ids, now=now
            )
        )

    def roll(self, key: str) -> Roll:
        with self.lab.store.begin() as work:
            found = work.roll(key)
        assert found is not None
        return found

    def states(self, key: str) -> dict[str | None, str]:
        return {place.member_id or place.name: str(place.state) for place in self.roll(key).places}

    def reservations(self) -> list[tuple[str, datetime]]:
        floor = {view.resource.id: view.resource.slug for view in self.lab.store.views().floor(self.lab.clock.now())}
        rows = self.lab.store.views().reservations(limit=1000, cursor=None).rows
        return sorted((floor[row.resource_id], row.span.starts) for row in rows)

    def told(self, kind: str) -> list[str | None]:
        return [event.member_id for event in self.lab.events(kind)]

    def book(self, slug: str, starts: datetime, hours: int = 1) -> None:
        with self.lab.store.begin() as work:
            resource = work.resource(slug)
            assert resource
            assert work.add_reservation(
                Reservation(
                    id=self.lab.ids.new(), resource_id=resource.id, member_id=self.lab.bob,
                    span=Span(starts, starts + hours * HOUR), created_at=self.lab.clock.now(),
                )
            )  # fmt: skip

    def at(self, moment: datetime) -> None:
        self.lab.clock.set_wall(moment)
        self.sweeper.sweep()


@pytest.fixture
def desk(lab: ServiceLab) -> Workshops:
    return Workshops(lab)


def codes(answer: object) -> list[str]:
    assert isinstance(answer, Refused), answer
    return [refusal.code for refusal in answer.refusals]


# Planning


def test_a_workshop_takes_its_room_and_its_machine(desk):
    desk.planned()
    assert desk.reservations() == [("laser-1", desk.starts), ("room", desk.starts)]
    assert desk.told("workshop_planned") == [desk.trainer]


def test_a_clash_is_refused_by_name_and_nothing_is_kept(desk):
    desk.book("room", desk.starts + HOUR)
    answer = desk.plan()
    assert codes(answer) == [Code.WORKSHOP_RESOURCE_TAKEN]
    params = answer.refusals[0].params
    assert (params["resource"], params["names"], params["starts"]) == ("room", {"fr": "Salle"}, desk.starts + HOUR)
    assert desk.reservations() == [("room", desk.starts + HOUR)]
    assert desk.lab.store.views().workshops(limit=10, cursor=None).rows == ()


def test_every_mistake_is_told_at_once(desk):
    answer = desk.plan(trainer_id="nobody", training="sewing", resources=("attic",), ends=desk.starts)
    assert codes(answer) == [
        Code.NO_SUCH_RESOURCE, Code.NO_SUCH_MEMBER, Code.NO_SUCH_TRAINING, Code.BOOKING_ENDS_BEFORE_START,
    ]  # fmt: skip
    assert codes(desk.plan(minimum=3)) == [Code.WORKSHOP_MINIMUM_TOO_HIGH]


def test_a_series_is_at_the_same_hour_on_the_wall_and_takes_everything_each_time(desk):
    desk.lab.clock.set_wall(datetime.fromisoformat("2026-03-20T09:00:00+00:00"))
    first = datetime.fromisoformat("2026-03-23T17:00:00+00:00")
    made = desk.plan(starts=first, ends=first + 2 * HOUR, rule="FREQ=WEEKLY;COUNT=3")
    assert [str(one.span.starts) for one in made] == [
        "2026-03-23 17:00:00+00:00", "2026-03-30 16:00:00+00:00", "2026-04-06 16:00:00+00:00",
    ]  # fmt: skip
    assert len({one.series_id for one in made}) == 1
    assert len(desk.reservations()) == 6


def test_a_series_names_each_clash_or_leaves_those_dates_out(desk):
    for week in (1, 3):
        desk.book("room", desk.starts + timedelta(weeks=week))
    answer = desk.plan(rule="FREQ=WEEKLY;COUNT=4")
    assert [refusal.params["starts"] for refusal in answer.refusals] == [
        desk.starts + timedelta(weeks=1), desk.starts + timedelta(weeks=3),
    ]  # fmt: skip
    assert len(desk.reservations()) == 2
    made = desk.plan(rule="FREQ=WEEKLY;COUNT=4", skip_clashes=True)
    assert [one.span.starts for one in made] == [desk.starts, desk.starts + timedelta(weeks=2)]


def test_a_series_without_an_end_is_refused(desk):
    assert codes(desk.plan(rule="FREQ=WEEKLY")) == [Code.RECURRENCE_ENDLESS]


# Changes


def test_a_moved_workshop_takes_its_room_along_and_tells_everybody(desk):
    key = desk.planned()
    desk.enrol(key, desk.lab.ada, desk.lab.bob)
    later = desk.starts + HOUR
    assert desk.change(key, starts=later, ends=later + 3 * HOUR).workshop.span.starts == later
    assert desk.reservations() == [("laser-1", later), ("room", later)]
    assert desk.told("workshop_changed") == [desk.trainer, desk.lab.ada, desk.lab.bob]


def test_a_move_onto_somebody_else_s_booking_changes_nothing(desk):
    key = desk.planned()
    desk.book("room", desk.starts + 5 * HOUR)
    before = desk.reservations()
    answer = desk.change(key, starts=desk.starts + 4 * HOUR, ends=desk.starts + 7 * HOUR)
    assert codes(answer) == [Code.WORKSHOP_RESOURCE_TAKEN]
    assert desk.reservations() == before
    assert desk.roll(key).workshop.span.starts == desk.starts


def test_another_room_frees_the_old_one(desk):
    key = desk.planned(resources=("room",))
    desk.change(key, resources=("laser-1",))
    assert desk.reservations() == [("laser-1", desk.starts)]
    assert desk.told("workshop_changed") == [desk.trainer]
    desk.change(key, fields={"titles": {"fr": "Autre"}})
    assert len(desk.told("workshop_changed")) == 1


def test_what_is_not_there_cannot_be_changed_nor_cancelled(desk):
    assert desk.change("nothing") is None
    assert desk.cancel("nothing") is None
    key = desk.planned()
    assert codes(desk.change(key, fields={"trainer_id": "nobody"}, resources=("attic",))) == [
        Code.NO_SUCH_RESOURCE, Code.NO_SUCH_MEMBER,
    ]  # fmt: skip


# Cancelling


def test_a_cancelled_workshop_holds_nothing_and_everybody_hears(desk):
    key = desk.planned()
    desk.enrol(key, desk.lab.ada, desk.lab.bob, desk.member("Cyd"))
    (cancelled,) = desk.cancel(key)
    assert (cancelled.workshop.state, cancelled.workshop.reason) == (WorkshopState.CANCELLED, "Grippe")
    assert desk.reservations() == []
    assert len(desk.told("workshop_cancelled")) == 4
    desk.cancel(key)
    assert len(desk.told("workshop_cancelled")) == 4


def test_this_one_and_the_following_ones_of_a_series(desk):
    made = desk.plan(rule="FREQ=WEEKLY;COUNT=3")
    assert len(desk.cancel(made[1].id, following=True)) == 2
    assert [desk.roll(one.id).workshop.state for one in made] == ["planned", "cancelled", "cancelled"]
    assert [starts for _, starts in desk.reservations()] == [desk.starts, desk.starts]


def test_too_few_at_the_deadline_cancels_by_itself_and_frees_the_room(desk):
    key = desk.planned(minimum=2, decide_by=desk.starts - 24 * HOUR)
    desk.enrol(key, desk.lab.ada)
    desk.at(desk.starts - 24 * HOUR)
    assert desk.roll(key).workshop.reason == "too_few"
    assert desk.reservations() == []
    assert desk.told("workshop_cancelled") == [desk.trainer, desk.lab.ada]
    desk.sweeper.sweep()
    assert len(desk.told("workshop_cancelled")) == 2


# The line


def test_an_offer_goes_down_the_line_by_itself(desk):
    key, cyd, dan = desk.planned(), desk.member("Cyd"), desk.member("Dan")
    desk.enrol(key, desk.lab.ada, desk.lab.bob, cyd, dan)
    place = desk.roll(key).of_member(desk.lab.ada)
    desk.act(workshops_places.leave, key, place.id)
    assert desk.told("workshop_offered") == [cyd]
    desk.at(desk.lab.in_(hours=24))
    assert desk.told("workshop_offer_expired") == [cyd]
    assert desk.told("workshop_offered") == [cyd, dan]
    offered = desk.roll(key).of_member(dan)
    assert desk.act(workshops_places.accept, key, offered.id).state is PlaceState.ENROLLED
    assert desk.roll(key).taken == 2


def test_whoever_enrols_before_the_sweep_has_looked_stands_behind_the_line(desk):
    key, cyd = desk.planned(offer_hours=None), desk.member("Cyd")
    desk.enrol(key, desk.lab.ada, desk.lab.bob, cyd)
    desk.change(key, fields={"seats": 3})
    assert desk.states(key)[cyd] == "enrolled"
    assert desk.told("workshop_moved_up") == [cyd]
    assert desk.enrol(key, desk.member("Dan")).state is PlaceState.WAITING


def test_people_without_an_account_and_a_class_are_on_the_list_too(desk):
    key = desk.planned(seats=30)
    pupils = Headcount(commune="Hesdin", bands=((AgeBand.PRIMARY, 24),))
    desk.enrol(key, Who(name="Zoé"), Who(name="CM2", headcount=pupils))
    assert desk.roll(key).left == 5
    assert desk.roll(key).places[1].mediator_id == desk.trainer
    assert desk.told("workshop_enrolled") == [None, desk.trainer]
    assert not any("Zoé" in str(event.data) for event in desk.lab.events())
    assert codes(desk.enrol(key, "nobody")) == [Code.NO_SUCH_MEMBER]
    assert desk.enrol("nothing", desk.lab.ada) is None


def test_a_name_becomes_a_member_once(desk):
    key = desk.planned(seats=3)
    zoe = desk.enrol(key, Who(name="Zoé", contact="zoe@example.org"))
    desk.enrol(key, desk.lab.bob)
    assert codes(desk.act(workshops_places.name, key, zoe.id, member_id=desk.lab.bob)) == [Code.WORKSHOP_TWICE]
    named = desk.act(workshops_places.name, key, zoe.id, member_id=desk.lab.ada)
    assert (named.member_id, named.name, named.contact) == (desk.lab.ada, None, None)
    assert codes(desk.act(workshops_places.name, key, zoe.id, member_id=desk.lab.ada)) == [Code.WORKSHOP_ROW_UNKNOWN]


# Attendance and rights


def test_a_typed_list_keeps_its_good_rows_and_names_the_others(desk):
    key = desk.planned(seats=3)
    ada = desk.enrol(key, desk.lab.ada)
    desk.lab.clock.set_wall(desk.starts + 5 * HOUR)
    rows = (
        Row(place_id=ada.id, present=True, passed=True), Row(place_id="nothing", present=True),
        Row(who=Who(name="Zoé"), present=True), Row(who=Who(member_id=desk.lab.bob), present=True, passed=False),
        Row(who=Who(name="Max"), present=True),
    )  # fmt: skip
    answers = desk.type_in(key, *rows)
    assert [[r.code for r in answer.refusals] for answer in answers] == [
        [], [Code.WORKSHOP_ROW_UNKNOWN], [], [], [Code.WORKSHOP_FULL],
    ]  # fmt: skip
    roll = desk.roll(key)
    assert [(p.present, p.passed) for p in roll.places] == [(True, True), (True, None), (True, False)]
    assert roll.places[0].present_at == roll.workshop.span.ends
    events = desk.lab.events()
    desk.type_in(key, *rows)
    assert desk.roll(key) == roll
    assert desk.lab.events() == events
    assert desk.type_in("nothing") is None


def test_a_row_that_cannot_pass_changes_nothing_of_its_line(desk):
    key = desk.planned()
    ada = desk.enrol(key, desk.lab.ada)
    desk.lab.clock.set_wall(desk.starts)
    (answer,) = desk.type_in(key, Row(place_id=ada.id, present=False, passed=True))
    assert [refusal.code for refusal in answer.refusals] == [Code.WORKSHOP_NOT_PRESENT]
    assert desk.roll(key).places[0].present is None


def test_everybody_present_gets_the_right_in_one_action_once(desk):
    key, cyd = desk.planned(seats=5), desk.member("Cyd")
    places = [desk.enrol(key, one) for one in (desk.lab.ada, desk.lab.bob, cyd, Who(name="Zoé"))]
    desk.lab.clock.set_wall(desk.starts)
    desk.type_in(
        key, Row(place_id=places[0].id, present=True), Row(place_id=places[1].id, present=True, passed=False),
        Row(place_id=places[2].id, present=False), Row(place_id=places[3].id, present=True),
    )  # fmt: skip
    answers = desk.pass_present(key)
    assert [(a.place_id, a.outcome) for a in answers] == [
        (places[0].id, Given.GRANTED), (places[3].id, Given.NO_ACCOUNT),
    ]  # fmt: skip
    granted = desk.told("qualification_granted")
    assert granted == [desk.lab.ada]
    assert [answer.outcome for answer in desk.pass_present(key)] == [Given.NO_ACCOUNT]
    assert desk.told("qualification_granted") == granted

    dan = desk.member("Dan")
    desk.act(workshops_places.name, key, places[3].id, member_id=dan)
    assert [answer.outcome for answer in desk.pass_present(key)] == [Given.GRANTED]
    assert desk.told("qualification_granted") == [desk.lab.ada, dan]


def test_only_those_chosen_pass(desk):
    key = desk.planned()
    ada, bob = desk.enrol(key, desk.lab.ada), desk.enrol(key, desk.lab.bob)
    desk.lab.clock.set_wall(desk.starts)
    desk.type_in(key, Row(place_id=ada.id, present=True), Row(place_id=bob.id, present=True))
    assert [a.place_id for a in desk.pass_present(key, frozenset({bob.id}))] == [bob.id]
    assert [place.passed for place in desk.roll(key).places] == [None, True]


def test_a_workshop_without_a_training_gives_no_right(desk):
    key = desk.planned(training=None)
    assert codes(desk.pass_present(key)) == [Code.WORKSHOP_NO_TRAINING]
    assert desk.pass_present("nothing") is None


def test_a_month_after_the_end_names_are_forgotten(desk):
    key = desk.planned()
    desk.enrol(key, Who(name="Zoé", contact="06 12 34 56 78"))
    desk.at(desk.starts + 4 * HOUR)
    assert desk.roll(key).workshop.state is WorkshopState.HELD
    assert desk.roll(key).places[0].name == "Zoé"
    desk.at(desk.starts + timedelta(days=31))
    assert (desk.roll(key).places[0].name, desk.roll(key).places[0].contact) == (None, None)
    assert desk.lab.store.views().workshops_due(desk.lab.in_(days=999)) == ()


def test_one_workshop_that_cannot_be_settled_does_not_keep_the_others_waiting(desk, monkeypatch):
    first, second = desk.planned(resources=()), desk.planned(resources=())
    broken = {first}

    def settle(work, now, *, workshop_id):
        if workshop_id in broken:
            raise RuntimeError("a bug")
        settled.append(workshop_id)

    settled: list[str] = []
    monkeypatch.setattr("gateway.service.workshops_sweep.settle_now", settle)
    desk.at(desk.starts + 4 * HOUR)
    assert settled == [second]


# Whatever the order


class AnyOrder(RuleBasedStateMachine):
    """Through the store: what is on the list fits the seats, what is cancelled holds nothing, nothing overlaps."""

    def __init__(self):
        super().__init__()
        self.lab = ServiceLab()
        self.desk = Workshops(self.lab)
        self.people = [self.lab.ada, self.lab.bob, *(self.desk.member(name) for name in ("Cyd", "Dan"))]
        self.ids: list[str] = []

    def teardown(self):
        self.lab.close()

    def some(self, n):
        return self.ids[n % len(self.ids)] if self.ids else "nothing"

    @rule(day=st.integers(1, 3), seats=st.integers(1, 3), minimum=st.integers(0, 2), both=st.booleans())
    def plan(self, day, seats, minimum, both):
        starts = self.lab.in_(days=day)
        resources = ("laser-1", "room") if both else ("room",)
        made = self.desk.plan(starts=starts, ends=starts + 2 * HOUR, seats=seats, minimum=minimum, resources=resources)
        self.ids += [one.id for one in made] if isinstance(made, tuple) else []

    @rule(n=st.integers(0, 5), who=st.integers(0, 3))
    def enrol(self, n, who):
        self.desk.enrol(self.some(n), self.people[who])

    @rule(n=st.integers(0, 5), who=st.integers(0, 3), what=st.sampled_from(["leave", "accept"]))
    def act(self, n, who, what):
        if self.ids:
            place = self.desk.roll(self.some(n)).of_member(self.people[who])
            if place:
                self.desk.act(getattr(workshops_places, what), self.some(n), place.id)

    @rule(n=st.integers(0, 5), hours=st.integers(-8, 8), seats=st.integers(1, 3))
    def change(self, n, hours, seats):
        if self.ids:
            span = self.desk.roll(self.some(n)).workshop.span
            self.desk.change(
                self.some(n), starts=span.starts + hours * HOUR, ends=span.ends + hours * HOUR,
                fields={"seats": seats},
            )  # fmt: skip

    @rule(n=st.integers(0, 5), who=st.integers(0, 3), present=st.booleans())
    def tick(self, n, who, present):
        self.desk.type_in(self.some(n), Row(who=Who(member_id=self.people[who]), present=present))

    @rule(n=st.integers(0, 5))
    def cancel(self, n):
        self.desk.cancel(self.some(n))

    @rule(hours=st.integers(1, 20))
    def later(self, hours):
        self.desk.at(self.lab.in_(hours=hours))

    @invariant()
    def seats_people_and_holds(self):
        standing = set()
        for key in self.ids:
            roll = self.desk.roll(key)
            assert roll.taken <= roll.workshop.seats
            view = self.lab.store.views().workshop(key)
            assert (view.taken, view.waiting) == (roll.taken, len(roll.waiting))
            with self.lab.store.begin() as work:
                held = [work.reservation(hold.reservation_id) for hold in work.workshop_holds(key)]
            held = [one for one in held if one.cancelled_at is None]
            if roll.workshop.state is WorkshopState.CANCELLED:
                assert held == []
            elif roll.workshop.state in OPEN:
                assert held
                assert {one.span for one in held} == {roll.workshop.span}
            standing |= {one.id for one in held}
        rows = self.lab.store.views().reservations(limit=1000, cursor=None).rows
        assert {row.id for row in rows} == standing


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
