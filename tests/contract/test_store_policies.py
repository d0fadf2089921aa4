"""Groups and policies: kept as they were said, and known to a tap in its one read."""

from dataclasses import replace

import pytest

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.layers import SaidPolicies
from gateway.domain.resources import ResourceGroup
from tests.fixtures_store import badge


@pytest.fixture
def grouped(store, stored_lab):
    """The laser in a group, each layer saying something."""
    lab = stored_lab
    with store.begin() as work:
        group = ResourceGroup(
            id=lab.ids.new(), slug="lasers", names={"fr": "Découpeuses"}, booking_policy={"day_count": 2}
        )
        lab.group = work.put_group(group)
        work.put_site_policies(SaidPolicies(booking={"day_count": 1, "step_minutes": 15, "approval": True}))
        said = replace(lab.laser, group_id=group.id, booking_policy={"approval": "off"})
        lab.laser = work.put_resource(said)
        assert (lab.laser, lab.group) == (said, group)
    return lab


WHOLE = BookingPolicy(day_count=2, step_minutes=15)


def test_what_is_in_force_is_site_then_group_then_resource(store, grouped):
    with store.begin() as work:
        assert work.policies(grouped.laser.id).booking == WHOLE
        assert work.policies(grouped.desk.id).booking == BookingPolicy(day_count=1, step_minutes=15, approval=True)
    found = store.views().policies("laser-1")
    assert (found.resource, found.group, found.in_force.booking) == (grouped.laser, "lasers", WHOLE)
    assert store.views().policies("nothing") is None
    assert store.views().groups() == (grouped.group,)


def test_a_tap_knows_them_from_its_one_read(store, grouped):
    reader = grouped.devices["reader-1"]
    with store.begin() as work:
        assert work.facts_for_tap(reader, badge("ada"), grouped.now).access.booking == WHOLE
        nowhere = replace(reader, resource_id=None)
        assert work.facts_for_tap(nowhere, badge("ada"), grouped.now).access.resource is None


def test_a_start_with_the_same_site_keeps_what_staff_said(store, grouped):
    with store.begin() as work:
        said = work.site_policies()
        work.put_site(id=grouped.ids.new(), slug="hesdin", name="Autre nom", timezone="Europe/Paris")
        assert work.site_policies() == said == store.views().site_policies()
        assert said.use is None


def test_the_same_group_again_keeps_its_id(store, grouped):
    with store.begin() as work:
        again = work.put_group(replace(grouped.group, id=grouped.ids.new(), names={"fr": "Lasers"}))
        assert again == replace(grouped.group, names={"fr": "Lasers"})
        assert work.group("none") is None
