"""What the store knows for nodes' lists, on each kind of database; and a node as the relay of its resource."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.node_lists import NodeList
from gateway.domain.resources import DeviceRole, Presence
from gateway.domain.sessions import State
from tests.fixtures_store import NOW, badge


def test_a_list_has_one_row_and_its_number_is_what_was_last_written(store, stored_lab) -> None:
    lab = stored_lab
    with store.begin() as work:
        node = work.put_device(id=lab.ids.new(), slug="node-1", role=DeviceRole.NODE, resource="laser-1")
        assert work.node_list(node.id) is None
        first = NodeList(device_id=node.id, version=1, digest="a", issued_at=NOW, expires_at=NOW + timedelta(hours=72))
        work.save_node_list(first)
        work.save_node_list(replace(first, version=2, digest="b"))
    with store.begin() as work:
        assert work.node_list(node.id) == replace(first, version=2, digest="b")
    assert [each.slug for each in store.views().nodes()] == ["node-1"]


def test_who_may_be_listed_has_a_live_badge_and_the_rights_and_the_last_user_comes_first(store, stored_lab) -> None:
    lab, views = stored_lab, store.views()
    assert views.listable(lab.laser.id, 9) == (lab.ada.id,)
    assert set(views.listable(lab.desk.id, 9)) == {lab.ada.id, lab.bob.id}
    with store.begin() as work:
        used = lab.session(resource_id=lab.desk.id, operator_id=lab.bob.id, beneficiary_id=lab.bob.id)
        work.save_session(replace(used, state=State.CLOSED, closed_at=NOW))
    assert views.listable(lab.desk.id, 1) == (lab.bob.id,)
    assert views.live_badges(lab.ada.id) == ({each.form: each.digest for each in badge("ada")},)
    with store.begin() as work:
        work.add_badge(
            id=lab.ids.new(), member_id=lab.ada.id, badge=badge("lent"), now=NOW, lent_until=NOW + timedelta(hours=9)
        )
    assert len(views.live_badges(lab.ada.id)) == 1, "one lent for the day is dead at closing, and needs the gateway"
    with store.begin() as work:
        work.revoke_badges(lab.ada.id, NOW)
    assert views.listable(lab.laser.id, 9) == ()
    assert views.live_badges(lab.ada.id) == ()


def test_a_node_is_the_relay_of_its_resource(store, stored_lab) -> None:
    lab = stored_lab
    with store.begin() as work:
        node = work.put_device(id=lab.ids.new(), slug="node-1", role=DeviceRole.NODE, resource="desk-1")
        work.save_device(replace(node, presence=Presence.ONLINE, power_on=False))
        facts = work.facts_for_tap(node, badge("bob"), NOW)
        assert facts.interlock is not None
        assert facts.interlock.slug == "node-1"
        assert facts.access.interlock_known
        swept = {each.resource.slug: each.interlock for each in work.resources_to_sweep()}
        assert swept["desk-1"] == facts.interlock
