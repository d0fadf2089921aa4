"""What the team keeps of its floor, on each kind of database."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.events import Event, EventKind
from gateway.domain.people import Role
from gateway.domain.sessions import State
from gateway.domain.upkeep import Kept, ScreenNote, Upkeep
from gateway.ports.store import Token
from gateway.ports.views_team import StandingAlarm
from tests.fixtures_store import NOW

HOUR = timedelta(hours=1)


def line(lab, hours_ago, **more):
    return Upkeep(id=lab.ids.new(), resource_id=lab.laser.id, at=NOW - hours_ago * HOUR, note="Lentille", **more)


def test_upkeep_is_listed_newest_first_and_counts_the_hours_since(store, stored_lab):
    lab = stored_lab
    old, new = line(lab, 50, by="Ada"), line(lab, 10, next_at=NOW, next_hours=40)
    with store.begin() as work:
        work.add_upkeep(old)
        work.add_upkeep(new)
        for hours_ago, used in ((20, 1000.0), (9, 7200.0), (8, 600.0)):
            at = NOW - hours_ago * HOUR
            work.save_session(replace(
                lab.session(), id=lab.ids.new(), opened_at=at, state=State.CLOSED, closed_at=at, enabled_s=used
            ))  # fmt: skip
    views = store.views()
    assert views.upkeep(lab.laser.id, 10) == (new, old)
    assert views.upkeep(lab.laser.id, 1) == (new,)
    assert views.kept() == {lab.laser.id: Kept(last=new, used_s=7800.0)}


def test_a_screen_has_one_note_which_its_resource_carries(store, stored_lab):
    lab = stored_lab
    note = ScreenNote(resource_id=lab.laser.id, text="Bonjour", at=NOW, until=NOW + HOUR)
    with store.begin() as work:
        work.save_screen_note(replace(note, text="Avant"))
        work.save_screen_note(note)
    views = store.views()
    assert [view.note for view in views.floor(NOW) if view.note] == [note]
    assert views.resource(lab.laser.slug, NOW).note == note
    with store.begin() as work:
        assert work.clear_screen_note(lab.laser.id)
        assert not work.clear_screen_note(lab.laser.id)
    assert views.resource(lab.laser.slug, NOW).note is None


def test_an_alarm_stands_since_it_was_first_raised_and_people_are_read_at_once(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        for minutes in (9, 4):
            work.append(work.site_id(), [Event(
                kind=EventKind.ALARM_RAISED, at=NOW - timedelta(minutes=minutes), resource_id=lab.laser.id,
                device_id=lab.devices["reader-1"].id if minutes == 4 else None, data={"code": "x"},
            )])  # fmt: skip
        work.put_member(replace(work.member(lab.ada.id), show_first_name=True))
    views = store.views()
    assert views.standing_alarms() == (
        StandingAlarm(resource_id=lab.laser.id, code="x", since=NOW - timedelta(minutes=9)),
    )
    found = views.people([lab.ada.id, lab.bob.id, lab.ada.id, "nobody"])
    assert {who: member.show_first_name for who, member in found.items()} == {lab.ada.id: True, lab.bob.id: False}
    assert views.people([]) == {}


def test_a_role_s_tokens_are_revoked_together_and_no_others(store, stored_lab):
    with store.begin() as work:
        for number, role in enumerate((Role.TV, Role.TV, Role.MANAGER)):
            work.add_token(Token(id=f"t{number}", digest=f"d{number}", role=role, label="", created_at=NOW))
    assert store.views().token_since(Role.TV) == NOW
    with store.begin() as work:
        assert work.revoke_tokens(Role.TV, NOW) == 2
        assert work.revoke_tokens(Role.TV, NOW) == 0
    assert store.views().token_since(Role.TV) is None
    assert [store.views().token(f"d{number}", NOW) is None for number in range(3)] == [True, True, False]
