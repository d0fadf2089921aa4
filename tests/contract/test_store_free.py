"""The facts behind free spans, and that the database takes what is offered."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.part import SiteId
from gateway.domain.booking import Reservation
from gateway.domain.free_spans import barriers, free_spans
from gateway.domain.layers import SaidPolicies
from gateway.domain.opening import Closure
from gateway.domain.opening_plain import read_opening
from gateway.domain.people import Names
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.timespan import Span
from tests.fixtures_store import NOW

HOUR, PAUSE = timedelta(hours=1), timedelta(minutes=30)
WINDOW = Span(NOW, NOW + 12 * HOUR)
NAMES: Names = {"fr": "Bureau"}


def machines(store, member=None, **which):
    asked = {"resource": None, "group": None} | which
    member_id = member.id if member else None
    return store.views().machines(**asked, member_id=member_id, window=WINDOW, now=NOW)


def test_nothing_there_is_none(store, stored_lab):
    assert machines(store, resource="nulle-part") is None
    assert machines(store, group="nulle-part") is None
    assert store.views().machines(
        resource="laser-1", group=None, member_id=stored_lab.ids.new(), window=WINDOW, now=NOW
    ) is None  # fmt: skip


def test_rights_are_those_of_the_member(store, stored_lab):
    lab = stored_lab
    (adas,) = machines(store, lab.ada, resource="laser-1").machines
    (bobs,) = machines(store, lab.bob, resource="laser-1").machines
    (anybodys,) = machines(store, resource="laser-1").machines
    assert barriers(adas, lab.ada, NOW) == ()
    assert [refusal.code for refusal in barriers(bobs, lab.bob, NOW)] == ["training_missing"]
    assert (anybodys.requirements, anybodys.id, anybodys.slug) == ((), lab.laser.id, "laser-1")
    facts = store.views().access_facts(lab.laser.id, lab.ada.id, NOW)
    assert adas.requirements == facts.requirements


def test_the_machines_of_a_group_know_their_bookings_and_the_members_own(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        group = work.put_group(
            ResourceGroup(id=lab.ids.new(), slug="bureaux", names=NAMES, booking_policy={"day_count": 3})
        )
        for position, slug in enumerate(("bureau-1", "bureau-2")):
            desk = Resource(id=lab.ids.new(), slug=slug, names=NAMES, position=position, group_id=group.id)
            lab.devices[slug] = work.put_resource(desk)
        one, two = lab.devices["bureau-1"].id, lab.devices["bureau-2"].id
        held = lab.booking(1, 2, resource_id=one, buffer=PAUSE)
        gone = lab.booking(4, 5, resource_id=one)
        bobs = lab.booking(2, 3, lab.bob, resource_id=two)
        over = lab.booking(-2, -0.25, lab.bob, resource_id=two, buffer=PAUSE)
        elsewhere = lab.booking(6, 7)
        for each in (held, gone, bobs, over, elsewhere):
            assert work.add_reservation(each)
        work.cancel_reservation(gone.id, NOW)
    found = machines(store, lab.ada, group="bureaux")
    assert [machine.slug for machine in found.machines] == ["bureau-1", "bureau-2"]
    assert [machine.others for machine in found.machines] == [(held.span,), (held.span,)]
    assert found.machines[0].busy == ((held.span.starts, held.busy_until),)
    assert found.machines[1].busy == ((over.span.starts, over.busy_until), (bobs.span.starts, bobs.busy_until))
    assert [machine.policy.day_count for machine in found.machines] == [3, 3]


def test_the_database_takes_every_edge_that_is_offered_and_refuses_beyond(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.put_site_policies(SaidPolicies(booking={"buffer_minutes": 30}))
        for each in (lab.booking(2, 3, buffer=PAUSE), lab.booking(6, 8, lab.bob, buffer=PAUSE)):
            assert work.add_reservation(each)
    offered = free_spans(machines(store, resource="laser-1").machines, None, length=HOUR, window=WINDOW, now=NOW)
    assert [(free.first - NOW, free.last - NOW) for free in offered] == [
        (0 * HOUR, PAUSE), (3.5 * HOUR, 4.5 * HOUR), (8.5 * HOUR, 11 * HOUR),
    ]  # fmt: skip
    second = timedelta(seconds=1)

    def taken(starts):
        """Whether the database would; nothing is kept."""
        span = Span(starts, starts + HOUR)
        new = Reservation(
            id=lab.ids.new(), resource_id=lab.laser.id, member_id=lab.bob.id, span=span, created_at=NOW, buffer=PAUSE
        )
        with store.begin() as work:
            kept = work.add_reservation(new)
            if kept:
                work.cancel_reservation(new.id, NOW)
        return kept

    for free in offered:
        assert taken(free.first)
        assert taken(free.last)
    assert not any(
        taken(edge) for edge in (offered[0].last + second, offered[1].first - second, offered[1].last + second)
    )


def test_days_of_grace_and_a_machine_out_of_service(store, stored_lab):
    lab = stored_lab
    ended = replace(lab.ada, member_until=NOW - HOUR)
    with store.begin() as work:
        work.put_site_policies(SaidPolicies(use={"membership_grace_days": 2}))
        work.put_member(ended)
        work.put_resource(replace(lab.laser, out_of_service=True))
    (machine,) = machines(store, lab.ada, resource="laser-1").machines
    assert machine.membership_ends == NOW - HOUR + timedelta(days=2)
    assert (machine.out_of_service, machine.back_at) == (True, None)


@pytest.mark.parametrize(("hours", "expected"), [(5, 5), (0, None), (-1, None)])
def test_a_machine_is_free_again_when_it_is_expected_back_and_a_promise_that_is_over_is_none(
    store, stored_lab, hours, expected
):
    lab = stored_lab
    back_at = NOW + timedelta(hours=hours)
    with store.begin() as work:
        work.put_resource(replace(lab.laser, out_of_service=True, back_at=back_at))
        twice = work.machines_for([lab.laser.id, lab.desk.id], lab.ada.id, WINDOW, NOW)
        assert work.machines_for([lab.laser.id], lab.ids.new(), WINDOW, NOW) is None
    (machine,) = machines(store, lab.ada, resource="laser-1").machines
    assert machine.back_at == (back_at if expected else None)
    assert [each.slug for each in twice.machines] == ["laser-1", "desk-1"]
    assert twice.machines[0] == machine


@pytest.fixture
def two_sites(store, stored_lab):
    """Desks here, and one at a site of another zone, which has hours, rules and a closure of its own."""
    lab, there = stored_lab, SqlStore.__new__(SqlStore)
    there._database, there._site = store._database, SiteId("reunion")
    with store.begin() as work:
        here = work.put_group(ResourceGroup(id=lab.ids.new(), slug="bureaux", names=NAMES))
        work.put_resource(replace(lab.desk, group_id=here.id))
        assert work.add_reservation(lab.booking(1, 2, resource_id=lab.desk.id))
    with there.begin() as work:
        work.put_site(
            id=lab.ids.new(), slug="reunion", name="La Réunion", timezone="Indian/Reunion", address="https://re.example"
        )
        work.put_site_policies(SaidPolicies(booking={"step_minutes": 60, "day_count": 1}))
        work.put_site_opening(read_opening({"monday": ["9:00-18:00"]}, "Indian/Reunion"))
        group = work.put_group(
            ResourceGroup(id=lab.ids.new(), slug="bureaux", names=NAMES, use_policy={"membership_grace_days": 3})
        )
        desk = work.put_resource(Resource(id=lab.ids.new(), slug="desk-1", names=NAMES, group_id=group.id))
        work.put_resource(Resource(id=lab.ids.new(), slug="laser-1", names=NAMES))
        work.add_closure(Closure(id=lab.ids.new(), span=Span(NOW + HOUR, NOW + 2 * HOUR), reason="Travaux"))
        assert work.add_reservation(lab.booking(3, 4, resource_id=desk.id))
    return there, desk


def test_a_kind_is_asked_at_every_site_each_by_its_own_clock_and_rules(store, stored_lab, two_sites):
    lab, (there, desk) = stored_lab, two_sites
    known = machines(store, group="bureaux")
    assert [(site.slug, site.zone.key, site.address) for site in known.sites] == [
        ("hesdin", "Europe/Paris", None), ("reunion", "Indian/Reunion", "https://re.example"),
    ]  # fmt: skip
    (here,), (far,) = known.at("hesdin"), known.at("reunion")
    assert (here.id, far.id) == (lab.desk.id, desk.id)
    assert (far.zone, far.policy.step_minutes, here.policy.step_minutes) == (ZoneInfo("Indian/Reunion"), 60, None)
    assert [closure.reason for closure in far.schedule.closures] == ["Travaux"]
    assert (here.schedule.closures, here.schedule.opening) == ((), None)
    assert [len(machine.busy) for machine in known.machines] == [1, 1]
    assert [each.slug for each in machines(there, group="bureaux").sites] == ["reunion", "hesdin"]
    assert [machine.id for machine in machines(store, resource="laser-1").machines] == [lab.laser.id]


def test_for_a_member_only_the_sites_they_joined_count(store, stored_lab, two_sites):
    lab, (there, _) = stored_lab, two_sites
    assert [each.slug for each in machines(store, lab.ada, group="bureaux").sites] == ["hesdin"]
    ended = replace(lab.ada, member_until=NOW)
    with there.begin() as work:
        work.put_member(ended)
    known = machines(store, lab.ada, group="bureaux")
    assert [len(machine.others) for machine in known.machines] == [1, 1]
    assert [machine.membership_ends for machine in known.machines] == [NOW, NOW + timedelta(days=3)]
    with there.begin() as work:
        work.put_group(ResourceGroup(id=lab.ids.new(), slug="four", names=NAMES))
        four = work.group("four")
        work.put_resource(Resource(id=lab.ids.new(), slug="four-1", names=NAMES, group_id=four.id))
    assert machines(store, lab.bob, group="four") is None
    assert len(machines(store, group="four").machines) == 1
