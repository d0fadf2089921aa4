"""What the team does from afar happens once, to the right thing, and leaves a line in the log."""

from datetime import timedelta

import pytest

from devices.messages import CancelJob, JobStarted, NonsenseHeard
from gateway.domain.booking import Reservation
from gateway.domain.events import EventKind
from gateway.domain.people import Role
from gateway.domain.timespan import Span
from gateway.service import team
from gateway.service.transact import Transact
from tests.fakes.service_lab import ServiceLab

HOUR = timedelta(hours=1)


@pytest.fixture
def lab():
    made = ServiceLab()
    made.transact = Transact(store=made.store, clock=made.clock, deliver=made.deliver)
    yield made
    made.close()


def do(lab, act, **how):
    return lab.transact(lambda work, now: act(work, by="token-1", now=now, **how))


def acts(lab):
    return [e.data["act"] for e in lab.events() if e.kind is EventKind.TEAM_ACTED and e.data["by"] == "token-1"]


def test_a_machine_is_locked_out_and_put_back(lab):
    back = lab.clock.now() + 3 * HOUR
    assert do(lab, team.lock_out, slug="laser-1", reason="Lentille", back_at=back)
    view = lab.store.views().resource("laser-1", lab.clock.now()).resource
    assert (view.out_of_service, view.out_reason, view.back_at) == (True, "Lentille", back)
    assert do(lab, team.put_back, slug="laser-1")
    assert not do(lab, team.lock_out, slug="nothing", reason=None, back_at=None)
    assert acts(lab) == ["lock_out", "release"]


def test_a_print_is_cancelled_by_its_own_name_at_its_own_device(lab):
    lab.say("grbl-1", JobStarted(job="boot-1", name="x.gcode"))
    job = lab.store.views().resource("laser-1", lab.clock.now()).job
    lab.bus.sent.clear()
    assert not do(lab, team.cancel_job, slug="laser-1", job="another", device="grbl-1")
    assert not do(lab, team.cancel_job, slug="nothing", job=job.id, device="grbl-1")
    assert lab.commands("grbl-1") == []
    assert do(lab, team.cancel_job, slug="laser-1", job=job.id, device="grbl-1")
    (command,) = lab.commands("grbl-1")
    assert isinstance(command, CancelJob)
    assert command.job == "boot-1"
    assert command.expires_at - lab.clock.now() <= timedelta(seconds=5)


def test_a_note_on_a_screen_is_taken_back(lab):
    assert do(lab, team.say, slug="laser-1", text="a" * 500)
    assert len(lab.store.views().resource("laser-1", lab.clock.now()).note.text) == team.NOTE_CHARS
    assert do(lab, team.unsay, slug="laser-1")
    assert not do(lab, team.unsay, slug="laser-1")
    assert not do(lab, team.say, slug="laser-1", text="")
    assert acts(lab) == ["message", "unsay"]


def test_a_slot_that_nobody_came_for_is_freed_once(lab):
    now, laser = lab.clock.now(), lab.store.views().resource("laser-1", lab.clock.now()).resource
    held = Reservation(
        id=lab.ids.new(), resource_id=laser.id, member_id=lab.ada, span=Span(now - HOUR, now + HOUR), created_at=now
    )
    with lab.store.begin() as work:
        assert work.add_reservation(held)
    assert not do(lab, team.free_slot, slug="nothing", reservation=held.id)
    assert do(lab, team.free_slot, slug="laser-1", reservation=held.id)
    assert not do(lab, team.free_slot, slug="laser-1", reservation=held.id)
    assert acts(lab) == ["free_slot"]
    assert [e.data["reason"] for e in lab.events() if e.kind is EventKind.RESERVATION_RELEASED] == ["no_show"]


def test_nothing_is_ended_or_shelved_where_nothing_is(lab):
    assert not do(lab, team.end, slug="laser-1")
    assert not do(lab, team.shelve, slug="laser-1")
    assert acts(lab) == []
    lab.tap("ada")
    assert do(lab, team.end, slug="laser-1")
    assert lab.store.views().resource("laser-1", lab.clock.now()).session is None


def test_nonsense_is_counted_from_nothing_once_somebody_has_looked(lab):
    lab.say("grbl-1", NonsenseHeard(what="x", count=4, example="??"))
    assert do(lab, team.forget_nonsense, device="grbl-1")
    assert not do(lab, team.forget_nonsense, device="never-seen")
    device = next(d for d in lab.store.views().devices() if d.slug == "grbl-1")
    assert (device.nonsense_count, device.nonsense_example) == (0, None)
    assert "never-seen" not in {d.slug for d in lab.store.views().devices()}


def test_a_machine_s_log_and_an_address_for_screens(lab):
    line = {"note": "Lentille", "next_at": None, "next_hours": 40, "signed": "Ada"}
    assert do(lab, team.note_upkeep, id="u1", slug="laser-1", **line)
    assert not do(lab, team.note_upkeep, id="u2", slug="laser-1", **line | {"note": ""})
    (kept,) = lab.store.views().kept().values()
    assert (kept.last.note, kept.last.by, kept.last.next_hours) == ("Lentille", "Ada", 40)
    do(lab, team.open_tv, id="t1", digest="d1")
    do(lab, team.open_tv, id="t2", digest="d2")
    views, now = lab.store.views(), lab.clock.now()
    assert views.token("d1", now) is None
    assert views.token("d2", now).role is Role.TV
    do(lab, team.close_tv)
    assert views.token("d2", now) is None
    assert acts(lab) == ["note_upkeep", "open_tv", "open_tv", "close_tv"]
