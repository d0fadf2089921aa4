"""Ways in beside one's own right, from tap to power: two taps together, a machine passed on, a class, a repair, a part."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from devices.messages import JobEnded, JobStarted, Outcome, PowerReported, ShowVerdict
from gateway.domain.events import Event
from gateway.domain.qualifications import Qualification
from gateway.domain.sessions import Beneficiary, EndReason, Session, State, Way
from gateway.service import ways
from gateway.service.bookings import book
from gateway.service.resources import end_session, take_out
from tests.fakes.service_lab import ServiceLab


@pytest.fixture
def say(lab: ServiceLab) -> Any:
    """What the lab asks on its laser."""

    def say(**policy: Any) -> None:
        with lab.store.begin() as work:
            lab.laser = work.put_resource(replace(lab.laser, use_policy=policy))

    return say


def verdict(lab: ServiceLab) -> str:
    return [command for command in lab.commands("reader-1") if isinstance(command, ShowVerdict)][-1].code


def teach(lab: ServiceLab, member: str) -> None:
    """The member holds the laser's training and may give it."""
    with lab.store.begin() as work:
        laser = next(training for training in work.trainings() if training.slug == "laser")
        if member != lab.ada:
            work.add_qualification(
                Qualification(
                    id=lab.ids.new(), member_id=member, training_id=laser.id, granted_at=lab.clock.now()
                )
            )  # fmt: skip
        work.add_trainer(laser.id, member, lab.clock.now())


def use(lab: ServiceLab, badge: str = "ada") -> Session:
    """A tap that opens, and the relay that confirms."""
    lab.tap(badge)
    lab.say("plug-1", PowerReported(on=True, cause="command"))
    session = lab.session()
    assert session is not None
    return session


def last(lab: ServiceLab, kind: str) -> Event:
    return lab.events(kind)[-1]


def run_a_job(lab: ServiceLab, seconds: float = 100) -> None:
    lab.say("grbl-1", JobStarted(job="j1", name="boite.gcode"))
    lab.later(seconds)
    lab.say("grbl-1", JobEnded(job="j1", outcome=Outcome.FINISHED, wall_s=seconds, active_s=seconds, paused_s=0))


def until(lab: ServiceLab, hours: float = 2) -> datetime:
    return lab.clock.now() + timedelta(hours=hours)


# Mentor and learner


@pytest.mark.parametrize("order", [("ada", "bob"), ("bob", "ada")])
def test_mentor_and_learner_tap_one_after_the_other_and_both_are_recorded(
    lab: ServiceLab, say: Any, order: tuple[str, str]
) -> None:
    say(supervised_use=True)
    teach(lab, lab.ada)

    lab.tap(order[0])
    lab.later(8)
    lab.tap(order[1])

    session = lab.session()
    assert session is not None
    assert (session.way, session.operator_id, session.supervisor_id) == (Way.SUPERVISED, lab.bob, lab.ada)
    assert session.beneficiary_id == lab.bob
    assert verdict(lab) == "supervised"
    assert set(lab.power()) == {True}
    assert last(lab, "tap_granted").data["way"] == "supervised"
    lab.say("plug-1", PowerReported(on=True, cause="command"))
    lab.later(60)
    lab.tap("ada")
    assert lab.session() is None
    assert lab.power()[-1] is False


def test_a_mentor_who_comes_too_late_opens_only_for_themselves(lab: ServiceLab, say: Any) -> None:
    say(supervised_use=True)
    teach(lab, lab.ada)

    lab.tap("bob")
    assert last(lab, "tap_refused").data["asks_mentor"] is True
    lab.later(31)
    session = use(lab)

    assert (session.way, session.operator_id, session.supervisor_id) == (Way.OWN, lab.ada, None)


def test_without_the_labs_word_nobody_is_supervised_nor_told_that_a_mentor_would_do(lab: ServiceLab) -> None:
    teach(lab, lab.ada)

    lab.tap("bob")
    assert "asks_mentor" not in last(lab, "tap_refused").data
    lab.later(5)
    session = use(lab)

    assert session.way is Way.OWN


def test_two_members_who_may_teach_nothing_get_nothing_together(lab: ServiceLab, say: Any) -> None:
    say(supervised_use=True)

    lab.tap("bob")
    lab.later(5)
    lab.tap("ada")

    session = lab.session()
    assert session is not None
    assert (session.way, session.operator_id) == (Way.OWN, lab.ada)


def test_a_mentor_who_taps_under_a_running_job_changes_nothing(lab: ServiceLab, say: Any) -> None:
    say(supervised_use=True)
    teach(lab, lab.ada)
    lab.tap("bob")
    lab.later(5)
    use(lab)
    lab.say("grbl-1", JobStarted(job="j1", name="boite.gcode"))
    lab.later(60)

    lab.tap("ada")

    assert verdict(lab) == "watching"
    assert lab.session().state is State.ACTIVE
    assert set(lab.power()) == {True}


# A machine passes on


def test_a_session_left_idle_is_ended_by_the_next_qualified_person_who_has_the_machine(
    lab: ServiceLab, say: Any
) -> None:
    say(take_over_minutes=15)
    teach(lab, lab.bob)
    first = use(lab)

    lab.later(14 * 60)
    lab.tap("bob")
    assert (verdict(lab), lab.session()) == ("in_use", first)
    lab.later(60)
    second = use(lab, "bob")

    assert (second.operator_id, second.state) == (lab.bob, State.ACTIVE)
    closed = last(lab, "session_closed")
    assert (closed.session_id, closed.member_id) == (first.id, lab.ada)
    assert (closed.data["reason"], closed.data["enabled_s"]) == (EndReason.TAKEN_OVER, 15 * 60)
    assert False not in lab.power()


def test_nobody_takes_over_from_a_running_job_or_without_the_right(lab: ServiceLab, say: Any) -> None:
    say(take_over_minutes=15)
    first = use(lab)
    lab.later(3000)
    lab.tap("bob")
    assert lab.session().id == first.id

    teach(lab, lab.bob)
    lab.say("grbl-1", JobStarted(job="j1", name="boite.gcode"))
    lab.later(3000)
    lab.tap("bob")

    assert lab.session().id == first.id
    assert last(lab, "tap_refused").data["refusals"] == ["in_use"]
    assert False not in lab.power()


def test_a_machine_that_is_handed_over_goes_to_the_next_person_who_may_and_power_stays(lab: ServiceLab) -> None:
    teach(lab, lab.bob)
    first = use(lab)
    with lab.store.begin() as work:
        assert isinstance(ways.hand_over(work, resource="laser-1", now=lab.clock.now()), Session)
    lab.later(120)

    second = use(lab, "bob")

    assert (second.operator_id, second.id != first.id) == (lab.bob, True)
    assert last(lab, "session_closed").data["reason"] == EndReason.HANDED_OVER
    assert False not in lab.power()


def test_a_running_job_or_an_unused_machine_is_not_handed_over(lab: ServiceLab) -> None:
    def refusal() -> str:
        with lab.store.begin() as work:
            said = ways.hand_over(work, resource="laser-1", now=lab.clock.now())
        return said.refusals[0].code

    assert refusal() == "not_in_use"
    use(lab)
    lab.say("grbl-1", JobStarted(job="j1", name="boite.gcode"))
    assert refusal() == "job_running"


# A class


def open_class(lab: ServiceLab, hours: float = 2) -> Any:
    with lab.store.begin() as work:
        return ways.open_class(
            work, id=lab.ids.new(), resource="laser-1", trainer_id=lab.ada, workshop_id=None, until=until(lab, hours),
            by="Accueil", now=lab.clock.now(),
        )  # fmt: skip


def test_during_a_class_whoever_taps_has_the_machine_and_the_trainers_tap_ends_it(lab: ServiceLab) -> None:
    teach(lab, lab.ada)
    held = open_class(lab)
    session = use(lab, "bob")

    assert (session.way, session.supervisor_id, session.granted_until) == (Way.CLASS, lab.ada, held.until)
    assert (session.beneficiary_kind, session.beneficiary_id) == (Beneficiary.WORKSHOP, None)
    assert verdict(lab) == "class"
    lab.later(60)
    lab.tap("ada")
    assert (verdict(lab), lab.session()) == ("class_closed", None)
    lab.later(60)
    lab.tap("bob")
    assert verdict(lab) == "training_missing"
    assert last(lab, "class_closed").data["how"] == "tap"


def test_a_class_closes_when_its_time_is_over(lab: ServiceLab) -> None:
    teach(lab, lab.ada)
    open_class(lab, hours=1)
    lab.later(3601)

    lab.sweeper.sweep()

    assert last(lab, "class_closed").data["how"] == "time"
    lab.tap("bob")
    assert verdict(lab) == "training_missing"


def test_a_second_class_and_one_of_somebody_who_does_not_teach_are_refused(lab: ServiceLab) -> None:
    assert [one.code for one in open_class(lab).refusals] == ["not_a_mentor"]
    teach(lab, lab.ada)
    open_class(lab)
    assert [one.code for one in open_class(lab).refusals] == ["class_open"]


# A repair


def test_a_maintainer_starts_what_is_out_of_service_and_nobody_else_does(lab: ServiceLab) -> None:
    with lab.store.begin() as work:
        assert ways.add_maintainer(work, resource="laser-1", member_id=lab.bob, now=lab.clock.now())
        take_out(work, slug="laser-1", reason="Courroie cassée", back_at=None, now=lab.clock.now())

    lab.tap("ada")
    assert (verdict(lab), lab.power()) == ("out_of_service", [])
    session = use(lab, "bob")

    assert (session.way, verdict(lab), lab.power()) == (Way.REPAIR, "repair", [True])
    lab.sweeper.sweep()
    assert lab.power() == [True]
    lab.later(60)
    lab.tap("bob")
    assert (lab.session(), lab.power()) == (None, [True, False])


# What lies on the bed


def leave_a_part(lab: ServiceLab) -> None:
    """Ada has left while her job ran; it is done."""
    use(lab)
    lab.say("grbl-1", JobStarted(job="j1", name="boite.gcode"))
    lab.later(60)
    lab.tap("ada")
    lab.later(60)
    lab.say("grbl-1", JobEnded(job="j1", outcome=Outcome.FINISHED, wall_s=120, active_s=120, paused_s=0))


def test_whoever_comes_next_clears_the_bed_and_its_maker_is_told_where_the_part_lies(lab: ServiceLab, say: Any) -> None:
    say(parts_wait=True, shelf={"fr": "Étagère 2, à gauche"})
    teach(lab, lab.bob)
    leave_a_part(lab)
    assert last(lab, "part_left").member_id == lab.ada
    assert lab.power() == [True, False]

    lab.later(60)
    lab.tap("bob")
    assert (verdict(lab), lab.session(), lab.power()) == ("part_waiting", None, [True, False])
    lab.later(20)
    session = use(lab, "bob")

    assert session.operator_id == lab.bob
    shelved = last(lab, "part_shelved")
    assert (shelved.member_id, shelved.data["shelf"]) == (lab.ada, {"fr": "Étagère 2, à gauche"})


def test_the_maker_takes_the_part_away_with_one_tap_and_begins_anew_with_another(lab: ServiceLab, say: Any) -> None:
    say(parts_wait=True)
    leave_a_part(lab)

    lab.later(60)
    lab.tap("ada")
    assert (verdict(lab), lab.session()) == ("part_taken", None)
    lab.later(60)

    assert use(lab).operator_id == lab.ada
    assert lab.events("part_shelved") == []


def test_without_the_labs_word_nothing_waits(lab: ServiceLab) -> None:
    leave_a_part(lab)

    lab.later(60)
    assert use(lab).operator_id == lab.ada
    assert lab.events("part_left") == []


def test_a_part_of_a_session_taken_over_waits_and_the_machine_is_off_meanwhile(lab: ServiceLab, say: Any) -> None:
    say(parts_wait=True, take_over_minutes=5)
    teach(lab, lab.bob)
    use(lab)
    run_a_job(lab)
    lab.later(301)

    lab.tap("bob")
    assert (verdict(lab), lab.session()) == ("part_waiting", None)
    assert lab.power()[-1] is False
    lab.say("plug-1", PowerReported(on=False, cause="command"))
    lab.later(20)
    assert use(lab, "bob").operator_id == lab.bob
    assert last(lab, "part_shelved").member_id == lab.ada


def test_a_place_for_one_part_is_told_to_its_maker(lab: ServiceLab, say: Any) -> None:
    say(parts_wait=True, shelf={"fr": "Étagère 2"})
    use(lab)
    run_a_job(lab)
    with lab.store.begin() as work:
        end_session(work, slug="laser-1", now=lab.clock.now())
        ways.shelve_part(work, resource="laser-1", now=lab.clock.now(), place="Bac bleu, à l’accueil")

    assert last(lab, "part_shelved").data["shelf"] == {"fr": "Bac bleu, à l’accueil"}


def test_staff_clear_the_bed_and_what_is_clear_is_not_cleared_twice(lab: ServiceLab, say: Any) -> None:
    say(parts_wait=True, shelf={"fr": "Étagère 2"})
    use(lab)
    run_a_job(lab)
    with lab.store.begin() as work:
        end_session(work, slug="laser-1", now=lab.clock.now())
    with lab.store.begin() as work:
        ways.shelve_part(work, resource="laser-1", now=lab.clock.now())
        again = ways.shelve_part(work, resource="laser-1", now=lab.clock.now())

    assert again.refusals[0].code == "no_part_waiting"
    assert last(lab, "part_shelved").data["shelf"] == {"fr": "Étagère 2"}


# A job that outlives its maker


def test_a_long_job_runs_on_past_the_end_of_its_makers_time_and_the_next_person_is_told_once(
    lab: ServiceLab, say: Any
) -> None:
    say(job_outlives_hours=30)
    with lab.store.begin() as work:
        book(
            work, id=lab.ids.new(), resource="laser-1", member_id=lab.ada, starts=lab.clock.now(), ends=until(lab, 1),
            now=lab.clock.now(),
        )  # fmt: skip
        book(
            work, id=lab.ids.new(), resource="laser-1", member_id=lab.bob, starts=until(lab, 2), ends=until(lab, 3),
            now=lab.clock.now(),
        )  # fmt: skip
    session = use(lab)
    assert lab.commands("plug-1")[-1].ceiling_s >= 30 * 3600
    lab.say("grbl-1", JobStarted(job="j1", name="vase.gcode"))

    lab.later(3700)
    lab.sweeper.sweep()
    assert last(lab, "session_runs_on").session_id == session.id
    assert lab.session().state is State.LEAVING
    lab.later(3700)
    lab.sweeper.sweep()
    lab.sweeper.sweep()

    (told,) = lab.events("reservation_held_up")
    assert told.member_id == lab.bob
    assert lab.events("session_overdue") == []
    assert False not in lab.power()


# What staff open


def opening(lab: ServiceLab, **changes: Any) -> ways.Opening:
    given = {
        "way": Way.OVERRIDE, "resource": "laser-1", "operator_id": lab.bob, "by": "Accueil", "reason": "Portes ouvertes",
    }  # fmt: skip
    return ways.Opening(**given | changes)


def opened(lab: ServiceLab, wish: ways.Opening) -> Any:
    with lab.store.begin() as work:
        return ways.open_session(work, wish, id=lab.ids.new(), now=lab.clock.now())


def test_staff_open_against_a_rule_with_a_reason_that_stays_in_the_log(lab: ServiceLab) -> None:
    session = opened(lab, opening(lab))

    assert (session.way, session.operator_id, session.reason) == (Way.OVERRIDE, lab.bob, "Portes ouvertes")
    told = last(lab, "session_opened")
    assert (told.data["by"], told.data["reason"], told.data["way"]) == ("Accueil", "Portes ouvertes", "override")
    lab.sweeper.sweep()
    assert lab.power() == [True]


def test_a_session_for_a_visitor_counts_for_nobody_who_is_known(lab: ServiceLab) -> None:
    wish = opening(lab, way=Way.ON_BEHALF, operator_id=lab.ada, beneficiary_kind=Beneficiary.VISITOR)

    session = opened(lab, wish)

    assert (session.operator_id, session.beneficiary_id, session.beneficiary_kind) == (
        lab.ada, None, Beneficiary.VISITOR,
    )  # fmt: skip


def test_a_session_for_a_member_counts_for_them_once_and_is_not_opened_without_the_operators_right(
    lab: ServiceLab,
) -> None:
    refused = opened(lab, opening(lab, way=Way.ON_BEHALF, beneficiary_id=lab.ada))
    assert [one.code for one in refused.refusals] == ["training_missing"]

    session = opened(lab, opening(lab, way=Way.ON_BEHALF, operator_id=lab.ada, beneficiary_id=lab.bob))
    assert (session.operator_id, session.beneficiary_id) == (lab.ada, lab.bob)


def test_what_does_not_exist_opens_nothing(lab: ServiceLab) -> None:
    for unknown in ({"resource": "rien"}, {"operator_id": "x"}, {"beneficiary_id": "x"}, {"workshop_id": "x"}):
        assert opened(lab, opening(lab, **unknown)) is None
    assert lab.events("session_opened") == []
