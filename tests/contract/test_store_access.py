"""The one read behind every answer about access: quotas, other sessions, rest, the zone; the same for a member's id."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from devices.messages import Outcome
from gateway.domain.jobs import Job
from gateway.domain.opening import Closure, Hours, Opening, Schedule
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.sessions import State, Way
from gateway.domain.timespan import Span
from tests.fixtures_store import NOW, badge

HOUR = timedelta(hours=1)


def past(lab, hours_ago, **changes):
    """A closed session of Ada's, one hour long."""
    opened = NOW - timedelta(hours=hours_ago)
    values = {
        "id": lab.ids.new(), "state": State.CLOSED, "opened_at": opened, "energised_at": opened,
        "closed_at": opened + HOUR,
    }  # fmt: skip
    return lab.session(**values | changes)


def facts(lab, work, member=None, resource=None):
    return work.facts_for_member((resource or lab.laser).id, (member or lab.ada).id, NOW).access


def test_a_member_by_id_gives_the_facts_that_their_tap_gives(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.add_reservation(lab.booking(0, 1))
        work.save_session(past(lab, 3))
        tapped = work.facts_for_tap(lab.devices["reader-1"], badge("ada"), NOW)
        # Only how a badge was shown is known of a tap alone.
        alike = replace(tapped, badge=None, access=replace(tapped.access, shown=None))
        assert work.facts_for_member(lab.laser.id, lab.ada.id, NOW) == alike
        assert facts(lab, work).zone == ZoneInfo("Europe/Paris")


def test_hours_and_closures_are_those_that_hold_for_the_resource(store, stored_lab):
    lab = stored_lab
    opening = Opening(zone=ZoneInfo("Europe/Paris"), week=((Hours(540, 1080),),) * 7)
    closed = {
        name: Closure(id=lab.ids.new(), span=Span(NOW + hours * HOUR, NOW + (hours + 1) * HOUR), reason=name, resource_id=of)
        for name, hours, of in (
            ("site", 1, None), ("laser", 3, lab.laser.id), ("desk", 5, lab.desk.id), ("over", -2, None),
        )
    }  # fmt: skip
    with store.begin() as work:
        assert facts(lab, work).schedule == Schedule()
        work.put_site_opening(opening)
        for closure in closed.values():
            work.add_closure(closure)
        found = facts(lab, work).schedule
    assert (found.opening, set(found.closures)) == (opening, {closed["site"], closed["laser"]})


def test_uses_are_the_members_own_under_power_and_lately(store, stored_lab):
    lab = stored_lab
    counted = [past(lab, 3), past(lab, 7 * 24)]
    with store.begin() as work:
        for session in (
            *counted,
            past(lab, 5, beneficiary_id=lab.bob.id, operator_id=lab.bob.id),
            past(lab, 10, resource_id=lab.desk.id),
            past(lab, 12, energised_at=None),
            past(lab, 14, way=Way.CLASS),
            past(lab, 16, way=Way.REPAIR),
            past(lab, 24 * 30),
        ):
            work.save_session(session)
        assert set(facts(lab, work).uses) == {Span(each.opened_at, each.closed_at) for each in counted}
        assert len(facts(lab, work, lab.bob).uses) == 1


def test_a_job_left_running_counts_for_nobodys_quota_and_an_open_session_counts_until_now(store, stored_lab):
    lab = stored_lab
    left = past(lab, 30, closed_at=NOW - 2 * HOUR, person_gone_at=NOW - 29 * HOUR)
    with store.begin() as work:
        work.save_session(left)
        work.save_session(past(lab, 1, state=State.ACTIVE, closed_at=None))
        assert set(facts(lab, work).uses) == {Span(NOW - 30 * HOUR, NOW - 29 * HOUR), Span(NOW - HOUR, NOW)}


def test_equal_machines_share_a_quota(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="lasers", names={"fr": "Les lasers"}))
        work.put_resource(replace(lab.laser, group_id=group.id))
        twin = work.put_resource(Resource(id=lab.ids.new(), slug="laser-2", names={"fr": "Laser 2"}, group_id=group.id))
        work.save_session(past(lab, 3, resource_id=twin.id))
        work.save_session(past(lab, 5, resource_id=lab.desk.id))
        assert facts(lab, work).uses == (Span(NOW - 3 * HOUR, NOW - 2 * HOUR),)


def test_open_sessions_on_other_machines_are_counted(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.save_session(lab.session())
        assert facts(lab, work).open_elsewhere == 0
        work.save_session(lab.session(id=lab.ids.new(), resource_id=lab.desk.id))
        assert facts(lab, work).open_elsewhere == 1
        assert facts(lab, work, lab.bob).open_elsewhere == 0


@pytest.mark.parametrize("later", ["session", "job"])
def test_a_machine_rests_from_its_last_session_or_job(store, stored_lab, later):
    lab = stored_lab
    ended = {"session": NOW - 2 * HOUR, "job": NOW - 4 * HOUR} | {later: NOW - HOUR}
    job = Job(
        id=lab.ids.new(), device_id=lab.devices["grbl-1"].id, key="j", name=None, resource_id=lab.laser.id,
        session_id=None, member_id=None, started_at=NOW - 9 * HOUR, ended_at=ended["job"], outcome=Outcome.FINISHED,
    )  # fmt: skip
    with store.begin() as work:
        assert facts(lab, work).last_ended_at is None
        work.save_session(past(lab, 8))
        work.save_session(past(lab, 5, closed_at=ended["session"]))
        work.save_job(job)
        assert facts(lab, work).last_ended_at == NOW - HOUR
        assert facts(lab, work, resource=lab.desk).last_ended_at is None
