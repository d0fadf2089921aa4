"""Check-in, release, moves and the line for slots, on every kind of database."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.refusals import Code, Refused
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.sessions import State
from gateway.domain.timespan import Span
from gateway.domain.waiting import Wait, WaitState
from gateway.service import waiting

HOUR = timedelta(hours=1)


@pytest.fixture
def twin(store, stored_lab):
    """The laser in a group with an equal one."""
    lab = stored_lab
    with store.begin() as work:
        group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="lasers", names={"fr": "Lasers"}))
        lab.laser = work.put_resource(replace(lab.laser, group_id=group.id))
        return work.put_resource(
            Resource(id=lab.ids.new(), slug="laser-2", names={"fr": "Laser 2"}, group_id=group.id, position=2)
        )


def wait_for(lab, member, **how):
    values = {
        "id": lab.ids.new(), "member_id": member.id, "span": Span(lab.now + HOUR, lab.now + 2 * HOUR),
        "joined_at": lab.now, "resource_id": lab.laser.id,
    }  # fmt: skip
    return Wait(**values | how)


def test_machines_that_should_be_back_by_now(store, stored_lab):
    lab = stored_lab
    for out, back_at, late in (
        (True, None, False), (True, lab.now + timedelta(seconds=1), False), (True, lab.now, True),
        (False, lab.now, False),
    ):  # fmt: skip
        with store.begin() as work:
            changed = work.put_resource(replace(lab.laser, out_of_service=out, back_at=back_at))
            assert work.late_returns(lab.now) == ((changed,) if late else ())


def test_who_came_is_noted_once_and_is_not_released(store, stored_lab):
    lab, held = stored_lab, stored_lab.booking(0, 1)
    with store.begin() as work:
        work.add_reservation(held)
        assert work.check_in(held.id, lab.now)
        assert not work.check_in(held.id, lab.now + HOUR)
        assert not work.release_reservation(held.id, lab.now)
        assert work.reservation(held.id) == replace(held, checked_in_at=lab.now)


def test_who_did_not_come_frees_the_span(store, stored_lab):
    lab, held = stored_lab, stored_lab.booking(0, 1)
    with store.begin() as work:
        work.add_reservation(held)
        assert work.release_reservation(held.id, lab.now)
        assert not work.check_in(held.id, lab.now)
        assert work.reservation(held.id).status is Status.NO_SHOW
        assert work.add_reservation(lab.booking(0, 1, lab.bob))


def test_stays_are_what_members_hold_now_with_what_is_seen_there(store, stored_lab):
    lab = stored_lab
    held, now = lab.booking(-1, 1), lab.now
    used = lab.session(reservation_id=held.id, opened_at=now - HOUR / 2)
    with store.begin() as work:
        work.add_reservation(held)
        work.add_reservation(lab.booking(1, 2))
        work.add_reservation(lab.booking(-1, 1, member_id=None, purpose=Purpose.MAINTENANCE, resource_id=lab.desk.id))
        (stay,) = work.stays(now)
        assert (stay.reservation, stay.there, stay.running, stay.left_at) == (held, False, False, None)
        work.check_in(held.id, now - HOUR / 2)
        work.save_session(used)
        assert work.stays(now)[0].there
        work.save_session(replace(used, state=State.CLOSED, closed_at=now))
        (stay,) = work.stays(now)
        assert (stay.there, stay.out_of_service) == (False, False)


def test_a_booking_among_equals_and_the_time_that_is_touched(store, stored_lab, twin):
    lab = stored_lab
    held = lab.booking(0.25, 1)
    with store.begin() as work:
        work.add_reservation(held)
        find = {"after": lab.now, "before": lab.now + HOUR / 4}
        group = twin.group_id
        assert work.booked_among_equals(lab.ada.id, group, **find) == held
        assert work.booked_among_equals(lab.bob.id, group, **find) is None
        assert work.booked_among_equals(lab.ada.id, group, after=lab.now, before=lab.now) is None
        assert work.touched(lab.laser.id, lab.now, None) == (held,)
        assert work.touched(lab.laser.id, lab.now, held.span.starts) == ()
        assert work.touched(lab.laser.id, held.span.ends, None) == ()
        assert [each.slug for each in work.equals(resource_id=None, group_id=group)] == ["laser-1", "laser-2"]
        assert work.equals(resource_id=None, group_id=None) == ()
        assert work.is_taken(lab.laser.id, Span(lab.now, lab.now + HOUR))
        assert not work.is_taken(lab.laser.id, Span(held.span.ends, held.span.ends + HOUR))


def test_the_line_is_first_come_first_and_forgets_who_is_out_of_it(store, stored_lab):
    lab = stored_lab
    second = wait_for(lab, lab.ada, joined_at=lab.now + HOUR)
    first = wait_for(lab, lab.bob, state=WaitState.OFFERED, offered_id=lab.laser.id, offered_until=lab.now + HOUR)
    with store.begin() as work:
        for one in (second, first):
            work.save_wait(one)
        assert work.live_waits() == (first, second)
        assert work.wait(first.id) == first
        work.save_wait(replace(first, state=WaitState.LEFT, offered_id=None, offered_until=None))
        assert work.live_waits() == (second,)
        assert work.wait("nothing") is None
    assert store.views().waits() == (second,)
    assert [one.state for one in store.views().waits(lab.bob.id)] == [WaitState.LEFT]


def test_two_who_accept_at_one_instant_get_it_once(store, stored_lab):
    lab, answers, together = stored_lab, [], threading.Barrier(2)
    asked = {"state": WaitState.OFFERED, "offered_id": lab.laser.id, "offered_until": lab.now + HOUR}
    both = [wait_for(lab, member, **asked) for member in (lab.ada, lab.bob)]
    with store.begin() as work:
        for one in both:
            work.save_wait(one)

    def take(key):
        together.wait()
        with store.begin() as work:
            answers.append(waiting.accept(work, id=key, now=lab.now))

    threads = [threading.Thread(target=take, args=(one.id,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [answer for answer in answers if isinstance(answer, Reservation)]
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(taken) == len(refused) == 1
    assert refused[0].refusals[0].code in (Code.BOOKING_OVERLAPS, Code.OFFER_OVER)
    assert store.views().reservations(limit=10, cursor=None).rows == (taken[0],)
