"""Many people at one instant: a seat, a place and a room go to one of them, on every database."""

import threading
from datetime import timedelta

from gateway.domain.booking import Purpose
from gateway.domain.people import Member
from gateway.domain.workshops import PlaceState, WorkshopKind
from gateway.ports.errors import StoreUnavailable
from gateway.service import workshops, workshops_places
from gateway.service.workshops import Plan
from gateway.service.workshops_places import Who

HOUR = timedelta(hours=1)
SEATS, PEOPLE = 4, 9


def together(store, *acts):
    """What each came to, all begun at once; what met another change is tried again, as its sender would."""
    ready, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(n, act):
        ready.wait()
        while True:
            try:
                with store.begin() as work:
                    found[n] = act(work)
                break
            except StoreUnavailable:
                continue

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return found


def wish(lab, **changes):
    given = {
        "kind": WorkshopKind.COURSE, "titles": {"fr": "Découpe"}, "trainer_id": lab.ada.id, "starts": lab.now + 48 * HOUR,
        "ends": lab.now + 50 * HOUR, "seats": SEATS, "offer_hours": 4,
    }  # fmt: skip
    return Plan(**given | changes)


def planning(lab, plan):
    return lambda work: workshops.plan(work, plan, zone="Europe/Paris", ids=lab.ids, now=lab.now)


def enrolling(lab, key, who):
    new = lab.ids.new()
    return lambda work: workshops_places.enrol(work, id=new, workshop_id=key, who=who, now=lab.now)


def lines(store, key):
    with store.begin() as work:
        return work.roll(key).places


def test_seats_are_never_sold_twice_while_people_come_and_go(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        ((key,),) = [[made.id for made in planning(lab, wish(lab))(work)]]
        people = [Member(id=lab.ids.new(), first_name=f"M{n}") for n in range(PEOPLE)]
        for one in people:
            work.put_member(one)
    # Everybody twice, as an impatient finger does.
    together(store, *(enrolling(lab, key, Who(member_id=one.id)) for one in people * 2))
    states = [place.state for place in lines(store, key)]
    assert (states.count(PlaceState.ENROLLED), states.count(PlaceState.WAITING)) == (SEATS, PEOPLE - SEATS)

    def leaving(place):
        return lambda work: workshops_places.leave(work, workshop_id=key, place_id=place.id, now=lab.now)

    seated = [place for place in lines(store, key) if place.state is PlaceState.ENROLLED]
    together(store, *(leaving(place) for place in seated), *(enrolling(lab, key, Who(name=f"N{n}")) for n in range(4)))
    after = [place.state for place in lines(store, key)]
    assert after.count(PlaceState.OFFERED) == SEATS
    assert after.count(PlaceState.ENROLLED) == 0
    assert store.views().workshop(key).taken == SEATS


def test_one_of_two_workshops_gets_the_machine(store, stored_lab):
    lab = stored_lab
    made = together(store, *(planning(lab, wish(lab, resources=("laser-1", "desk-1"))) for _ in range(3)))
    assert sorted(isinstance(one, tuple) for one in made) == [False, False, True]
    assert len(store.views().workshops(limit=10, cursor=None).rows) == 1
    with store.begin() as work:
        held = work.reservations_over(lab.laser.id, next(one for one in made if isinstance(one, tuple))[0].span)
    assert [(one.purpose, one.member_id) for one in held] == [(Purpose.WORKSHOP, lab.ada.id)]
