"""Ten in a queue: badges find their people one tap after another, presence is ticked, nothing gets power."""

from datetime import timedelta

import pytest

from devices.messages import BadgeTapped, PowerReported
from gateway.domain.qualifications import Qualification
from gateway.domain.refusals import Code
from gateway.domain.resources import DeviceRole
from gateway.domain.ways import OpenClass
from gateway.domain.workshops import PlaceState
from gateway.service import members, ways, workshops_list
from gateway.service.workshops_attendance import Row
from gateway.service.workshops_places import Who
from tests.fakes.service_lab import ServiceLab, hashed
from tests.unit.service.test_workshops import HOUR, Workshops, codes


class Queue(Workshops):
    """A workshop of five seats that begins now, and a reader at the door."""

    def __init__(self, lab: ServiceLab) -> None:
        super().__init__(lab)
        with lab.store.begin() as work:
            work.put_device(id=lab.ids.new(), slug="door", role=DeviceRole.READER, resource=None)
        self.key = self.planned(seats=5, resources=())
        lab.clock.set_wall(self.starts - timedelta(minutes=10))

    def open(self, reader: str = "door", key: str | None = None, minutes: int = 30):
        return self.transact(
            lambda work, now: workshops_list.open_list(
                work, workshop_id=key or self.key, reader=reader, lasts=timedelta(minutes=minutes), now=now
            )
        )

    def open_class(self) -> None:
        """The trainer, who may teach the laser, opens it for the workshop."""
        now, lab = self.lab.clock.now(), self.lab
        with lab.store.begin() as work:
            laser = work.training("laser")
            right = Qualification(id=lab.ids.new(), member_id=self.trainer, training_id=laser.id, granted_at=now)
            work.add_qualification(right)
            work.add_trainer(laser.id, self.trainer, now)
            held = ways.open_class(
                work, id=lab.ids.new(), resource="laser-1", trainer_id=self.trainer, workshop_id=self.key,
                until=now + HOUR, by="Accueil", now=now,
            )  # fmt: skip
        assert isinstance(held, OpenClass)

    def close(self):
        return self.transact(lambda work, now: workshops_list.close_list(work, workshop_id=self.key, now=now))

    def tap(self, badge: str, reader: str = "door", **how: object) -> None:
        self.lab.later(11)
        self.lab.say(reader, BadgeTapped(badge=hashed(badge)), **how)

    def codes(self, reader: str = "door") -> list[str]:
        return [command.code for command in self.lab.commands(reader)]

    def present(self) -> list[str | None]:
        return [place.member_id for place in self.roll(self.key).places if place.present]

    def badged(self, *people: str) -> set[str]:
        with self.lab.store.begin() as work:
            return set(work.badged(people))


@pytest.fixture
def desk(lab: ServiceLab) -> Queue:
    return Queue(lab)


def test_who_uses_a_machine_that_is_open_for_the_workshop_is_ticked(desk):
    lab = desk.lab
    cyd, dan = desk.member("Cyd"), desk.member("Dan")
    with lab.store.begin() as work:
        for member, badge in ((cyd, "cyd"), (dan, "dan"), (desk.trainer, "trainer")):
            work.add_badge(id=lab.ids.new(), member_id=member, badge=hashed(badge), now=lab.clock.now())
    desk.enrol(desk.key, cyd)
    desk.open_class()
    desk.tap("cyd", reader="reader-1")
    assert desk.codes("reader-1")[-1] == "class"
    assert desk.present() == [cyd]
    desk.tap("dan", reader="reader-1")
    assert set(desk.present()) == {cyd, dan}, "who was not on the list is put on it"
    desk.tap("trainer", reader="reader-1")
    assert set(desk.present()) == {cyd, dan}


def test_a_full_list_keeps_nobody_from_the_machine_and_the_log_says_so(desk):
    lab = desk.lab
    desk.enrol(desk.key, *(desk.member(name) for name in "ABCDE"))
    desk.open_class()
    desk.tap("bob", reader="reader-1")
    assert desk.codes("reader-1")[-1] == "class"
    assert desk.present() == []
    assert lab.events("tap_granted")[-1].data["unlisted"]["code"] == "workshop_full"


def test_new_badges_find_their_people_one_tap_after_another(desk):
    cyd, dan = desk.member("Cyd"), desk.member("Dan")
    desk.enrol(desk.key, desk.lab.ada, cyd, Who(name="Zoé"), dan)
    desk.open()
    for badge in ("new-1", "ada", "new-2", "new-3"):
        desk.tap(badge)
    assert desk.codes() == ["list_tied", "list_present", "list_tied", "workshop_badge_waits"]
    assert set(desk.present()) == {cyd, desk.lab.ada, dan}
    assert desk.badged(cyd, dan) == {cyd, dan}
    desk.close()
    desk.tap("new-1", reader="reader-1")
    assert desk.lab.events("tap_refused")[-1].member_id == cyd


def test_a_badge_that_waits_is_named_in_one_click(desk):
    desk.open()
    desk.tap("new")
    (event,) = desk.lab.store.views().unknown_badges(desk.starts - 24 * HOUR)
    assert event.event.data["workshop"] == desk.key
    cyd = desk.member("Cyd")
    desk.transact(
        lambda work, now: members.enrol_tapped(work, id=desk.lab.ids.new(), member_id=cyd, event_id=event.id, now=now)
    )
    desk.tap("new")
    assert desk.present() == [cyd]


def test_an_unsure_second_tap_changes_nothing(desk):
    cyd, dan = desk.member("Cyd"), desk.member("Dan")
    desk.enrol(desk.key, cyd, dan)
    desk.open()
    desk.tap("new")
    desk.tap("new")
    assert desk.codes() == ["list_tied", "list_again"]
    assert desk.present() == [cyd]


def test_somebody_who_is_marked_absent_is_passed_over(desk):
    cyd, dan = desk.member("Cyd"), desk.member("Dan")
    place = desk.enrol(desk.key, cyd)
    desk.enrol(desk.key, dan)
    desk.type_in(desk.key, Row(place_id=place.id, present=False))
    desk.open()
    desk.tap("new")
    assert desk.badged(cyd, dan) == {dan}


def test_whoever_comes_by_gets_a_free_seat_and_no_other(desk):
    desk.change(desk.key, fields={"seats": 1})
    desk.open()
    desk.tap("bob")
    desk.tap("ada")
    assert desk.codes() == ["list_present", "workshop_full"]
    assert desk.roll(desk.key).of_member(desk.lab.bob).state is PlaceState.ENROLLED
    assert desk.roll(desk.key).of_member(desk.lab.ada) is None


def test_the_list_at_a_machine_s_reader_powers_nothing_until_it_is_closed(desk):
    desk.open("reader-1")
    desk.tap("ada", "reader-1")
    assert desk.codes("reader-1") == ["list_present"]
    assert (desk.lab.power(), desk.lab.session()) == ([], None)
    assert desk.close() is True
    assert desk.close() is False
    desk.tap("ada", "reader-1")
    assert desk.lab.power() == [True]


def test_a_list_that_nobody_closes_ends_by_itself(desk):
    desk.open("reader-1", minutes=5)
    desk.lab.later(300)
    desk.tap("ada", "reader-1")
    assert desk.codes("reader-1") == ["granted"]
    assert desk.open("door", minutes=60 * 24).until == desk.lab.in_(hours=4)


def test_a_list_never_opens_over_a_running_session_and_its_holder_can_still_end_it(desk):
    desk.tap("ada", "reader-1")
    desk.lab.say("plug-1", PowerReported(on=True))
    assert codes(desk.open("reader-1")) == [Code.WORKSHOP_READER_BUSY]
    with desk.lab.store.begin() as work:
        reader = work.reader("reader-1")
        work.set_list(reader.id, desk.key, desk.lab.clock.now(), desk.lab.in_(hours=1))
    desk.tap("ada", "reader-1")
    assert desk.lab.session() is None
    assert desk.lab.power() == [True, False]


def test_an_interrupted_session_is_not_powered_again_by_the_list(desk):
    desk.tap("ada", "reader-1")
    desk.lab.say("plug-1", PowerReported(on=True))
    desk.lab.say("plug-1", PowerReported(on=False, cause="button"))
    with desk.lab.store.begin() as work:
        reader = work.reader("reader-1")
        work.set_list(reader.id, desk.key, desk.lab.clock.now(), desk.lab.in_(hours=1))
    desk.tap("ada", "reader-1")
    assert desk.codes("reader-1")[-1] == "list_present"
    assert desk.lab.power() == [True]


def test_one_list_at_a_reader(desk):
    other = desk.planned(seats=5, resources=(), starts=desk.starts + HOUR)
    desk.open()
    assert codes(desk.open(key=other)) == [Code.WORKSHOP_READER_BUSY]
    assert codes(desk.open("plug-1")) == [Code.NO_SUCH_READER]
    assert desk.open(key="nothing") is None
    desk.close()
    assert desk.open(key=other).reader == "door"


def test_no_list_before_the_day_nor_of_a_cancelled_workshop(desk):
    later = desk.planned(seats=5, resources=(), starts=desk.starts + 24 * HOUR, ends=desk.starts + 26 * HOUR)
    assert codes(desk.open(key=later)) == [Code.WORKSHOP_NOT_YET]
    desk.open()
    desk.cancel(desk.key)
    assert codes(desk.open()) == [Code.WORKSHOP_CANCELLED]
    desk.tap("bob")
    assert desk.codes() == ["reader_unassigned"]


def test_the_end_of_the_workshop_closes_its_list(desk):
    desk.open(minutes=240)
    desk.at(desk.starts + 3 * HOUR)
    assert len(desk.lab.events("workshop_list_closed")) == 1


def test_a_lost_badge_ticks_nobody(desk):
    desk.enrol(desk.key, desk.lab.ada)
    desk.transact(lambda work, now: members.revoke_badges(work, member_id=desk.lab.ada, now=now))
    desk.open()
    desk.tap("ada")
    assert desk.codes() == ["badge_revoked"]
    assert desk.present() == []
    assert desk.lab.store.views().unknown_badges(desk.starts - 24 * HOUR) == ()


def test_a_late_tap_of_somebody_known_counts_a_late_unknown_one_is_nobody_s(desk):
    cyd = desk.member("Cyd")
    desk.enrol(desk.key, desk.lab.ada, cyd)
    desk.open()
    desk.lab.later(60)
    desk.tap("ada", age_ms=30_000)
    desk.tap("new", age_ms=30_000)
    assert desk.present() == [desk.lab.ada]
    assert desk.roll(desk.key).of_member(desk.lab.ada).present_at == desk.lab.in_(seconds=-41)
    assert desk.badged(cyd) == set()
    assert desk.codes() == []


def test_the_trainer_s_own_badge_takes_no_seat(desk):
    with desk.lab.store.begin() as work:
        work.add_badge(id=desk.lab.ids.new(), member_id=desk.trainer, badge=hashed("tess"), now=desk.lab.clock.now())
    desk.open()
    desk.tap("tess")
    assert desk.roll(desk.key).places == ()
