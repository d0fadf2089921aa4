"""Last taps at the door, on each kind of database, and what the one read of a tap makes of them."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.presence import Here, Place
from gateway.domain.resources import DeviceRole, Presence
from tests.fixtures_store import NOW, badge

HOUR = timedelta(hours=1)


def here(member, hours=1, **changes):
    until = None if hours is None else NOW + hours * HOUR
    return replace(Here(member_id=member.id, since=NOW - HOUR, until=until, changed_at=NOW), **changes)


def door(lab, work, presence):
    found = work.put_device(id=lab.ids.new(), slug="door", role=DeviceRole.PLACE, resource=None)
    work.save_device(replace(found, presence=presence))


def test_each_member_has_one_row_until_it_is_forgotten(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.put_here(here(lab.ada, responsible=True))
        work.put_here(here(lab.bob, None, since=NOW))
        work.put_here(here(lab.ada, 2, responsible=True))
        assert work.people_here() == (here(lab.ada, 2, responsible=True), here(lab.bob, None, since=NOW))
        work.forget_here([lab.ada.id])
        assert [row.member_id for row in work.people_here()] == [lab.bob.id]


def test_the_view_counts_those_whose_time_is_not_over(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        door(lab, work, Presence.ONLINE)
        work.put_here(here(lab.ada, responsible=True))
        work.put_here(here(lab.bob, None))
    assert store.views().presence(NOW) == (
        Place(known=True, people=1, responsible=1), (here(lab.ada, responsible=True),)
    )  # fmt: skip
    assert store.views().presence(NOW + HOUR)[0] == Place(known=True)


def test_a_tap_counts_whoever_taps_once(store, stored_lab):
    lab = stored_lab

    def place(work, name="ada"):
        return work.facts_for_tap(lab.devices["reader-1"], badge(name), NOW).access.place

    with store.begin() as work:
        assert place(work) == Place(known=False, people=1)
        door(lab, work, Presence.OFFLINE)
        assert not place(work).known
        door(lab, work, Presence.ONLINE)
        assert place(work) == Place(known=True, people=1)
        work.put_here(here(lab.ada, responsible=True))
        assert place(work) == Place(known=True, people=1)
        assert place(work, "bob") == Place(known=True, people=2, responsible=1)
        assert place(work, "nobody") == Place(known=True, people=1, responsible=1)
        work.put_here(here(lab.ada, 0, responsible=True))
        assert place(work, "bob") == Place(known=True, people=1)
