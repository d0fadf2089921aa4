"""Rights at work: real use keeps them, time tells of their end once, and each act leaves its line."""

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.messages import JobEnded, JobStarted, Outcome, PowerReported
from gateway.domain.granting import Granter, Wish
from gateway.domain.qualifications import Act, Qualification
from gateway.domain.refusals import Code, Refused
from gateway.domain.timespan import Span
from gateway.domain.training import Training
from gateway.domain.workshops import Roll, Workshop, WorkshopKind
from gateway.service import qualifications, trainings
from gateway.service.qualifications import Proof
from tests.fakes.service_lab import ServiceLab

DAY = timedelta(days=1)
TEAM = Granter(label="accueil")


def course(lab: ServiceLab, **changes: object) -> Training:
    with lab.store.begin() as work:
        known = work.training("laser")
        assert known is not None
        return work.put_training(replace(known, **changes))  # type: ignore[arg-type]


def give(lab: ServiceLab, member: str, granter: Granter = TEAM, **wish: object) -> Qualification | Refused | None:
    with lab.store.begin() as work:
        return qualifications.grant(
            work, id=lab.ids.new(), member_id=member, training="laser",
            wish=Wish(at=lab.clock.now(), **wish), granter=granter, now=lab.clock.now(),  # type: ignore[arg-type]
        )  # fmt: skip


def declare(lab: ServiceLab, member: str) -> Qualification:
    with lab.store.begin() as work:
        made = qualifications.declare(
            work, id=lab.ids.new(), member_id=member, training="laser", wish=Wish(at=lab.clock.now()), by=TEAM,
            proof=Proof(evidence="feuille 12"), now=lab.clock.now(),
        )  # fmt: skip
    assert isinstance(made, Qualification)
    return made


def rights(lab: ServiceLab, member: str) -> tuple[Qualification, ...]:
    with lab.store.begin() as work:
        return work.rights_of(member)


def lines(lab: ServiceLab, member: str) -> list[Act]:
    return [line.act for line in lab.store.views().right_lines(limit=50, cursor=None, member_id=member).rows][::-1]


def codes(made: object) -> list[Code]:
    return [refusal.code for refusal in made.refusals] if isinstance(made, Refused) else []


class TestUse:
    @pytest.fixture
    def held(self, lab: ServiceLab) -> Qualification:
        """Ada's right, which lapses after 90 days without use."""
        course(lab, unused_days=90)
        with lab.store.begin() as work:
            (old,) = work.rights_of(lab.ada)
            work.save_qualification(replace(old, expires_at=old.granted_at + 90 * DAY))
        return replace(old, expires_at=old.granted_at + 90 * DAY)

    def run(self, lab: ServiceLab, *, job: bool) -> None:
        lab.tap("ada")
        lab.say("plug-1", PowerReported(on=True))
        if job:
            lab.say("grbl-1", JobStarted(job="j1", name="pied.gcode"))
            lab.later(600)
            lab.say("grbl-1", JobEnded(job="j1", outcome=Outcome.FINISHED, wall_s=600, active_s=600, paused_s=0))
        lab.later(60)
        lab.tap("ada")

    def test_a_job_keeps_the_right_alive(self, lab: ServiceLab, held: Qualification) -> None:
        lab.later(80 * 86400)
        self.run(lab, job=True)

        (kept,) = rights(lab, lab.ada)
        assert (kept.last_used_at, kept.expires_at) == (lab.clock.now(), lab.clock.now() + 90 * DAY)
        lab.later(80 * 86400)
        lab.tap("ada")
        assert lab.session() is not None

    def test_power_without_a_job_on_a_machine_that_tells_of_jobs_does_not(
        self, lab: ServiceLab, held: Qualification
    ) -> None:
        lab.later(80 * 86400)
        self.run(lab, job=False)

        assert rights(lab, lab.ada) == (held,)
        lab.later(11 * 86400)
        lab.tap("ada")
        assert lab.events("tap_refused")[-1].data["refusals"] == ["training_lapsed"]

    def test_a_member_whose_rights_do_not_lapse_so_is_not_written_to(self, lab: ServiceLab) -> None:
        before = rights(lab, lab.ada)
        self.run(lab, job=True)

        assert rights(lab, lab.ada) == before


class TestReminders:
    def told(self, lab: ServiceLab) -> list[tuple[str, object]]:
        kinds = ("right_lapses_soon", "right_lapsed")
        return [(str(event.kind), event.data["days"]) for event in lab.events() if event.kind in kinds]

    def test_each_stage_once_whatever_starts_anew(self, lab: ServiceLab) -> None:
        course(lab, validity_days=365, refresher_minutes=20)
        made = give(lab, lab.bob)
        assert isinstance(made, Qualification)
        for _ in range(370):
            lab.later(86400)
            lab.sweeper.sweep()
            lab.sweeper._reminded_at = float("-inf")
            lab.sweeper.sweep()

        assert self.told(lab) == [
            ("right_lapses_soon", 30), ("right_lapses_soon", 7), ("right_lapsed", 0),
        ]  # fmt: skip
        soon = lab.events("right_lapses_soon")[0]
        assert soon.member_id == lab.bob
        assert soon.data == {
            "training": "laser", "qualification": made.id, "level": 1, "expires_at": made.expires_at.isoformat(),
            "days": 30, "refresher_minutes": 20, "next_session": None,
        }  # fmt: skip
        assert lines(lab, lab.bob) == [Act.GRANTED, Act.LAPSED]

    def test_it_names_the_next_session_of_that_training_with_a_seat_left(self, lab: ServiceLab) -> None:
        course(lab, validity_days=10, remind_days=(5,))
        give(lab, lab.bob)
        starts = lab.clock.now() + 7 * DAY
        session = Workshop(
            id=lab.ids.new(), kind=WorkshopKind.COURSE, titles={"fr": "Découpe"}, trainer_id=lab.ada, seats=4,
            minimum=0, span=Span(starts, starts + DAY), created_at=lab.clock.now(), training="laser",
        )  # fmt: skip
        with lab.store.begin() as work:
            work.save_roll(Roll(workshop=session), ())
        lab.later(6 * 86400)
        lab.sweeper.sweep()

        (soon,) = lab.events("right_lapses_soon")
        assert soon.data["next_session"] == {
            "workshop": session.id, "starts": starts.isoformat(), "seats_left": 4,
        }  # fmt: skip

    def test_a_refreshed_right_is_not_said_to_lapse(self, lab: ServiceLab) -> None:
        course(lab, validity_days=365)
        give(lab, lab.bob)
        lab.later(300 * 86400)
        assert isinstance(give(lab, lab.bob, refresher=True), Qualification)
        lab.later(100 * 86400)
        lab.sweeper.sweep()

        assert self.told(lab) == []
        assert len(rights(lab, lab.bob)) == 2


class TestKeeping:
    def test_a_right_stays_for_its_term_and_then_goes_with_its_history(self, lab: ServiceLab) -> None:
        course(lab, validity_days=365, retention_years=2)
        give(lab, lab.bob)
        lab.later((365 + 2 * 365) * 86400)
        lab.sweeper.sweep()
        assert lines(lab, lab.bob) == [Act.GRANTED]
        assert len(rights(lab, lab.bob)) == 1

        lab.later(3 * 86400)
        for _ in range(2):
            lab.sweeper._reminded_at = float("-inf")
            lab.sweeper.sweep()
        assert rights(lab, lab.bob) == ()
        assert lines(lab, lab.bob) == []
        assert [(event.member_id, event.data) for event in lab.events("rights_purged")] == [
            (None, {"training": "laser", "count": 1})
        ]
        assert len(rights(lab, lab.ada)) == 1

    def test_without_a_term_nothing_goes(self, lab: ServiceLab) -> None:
        course(lab, validity_days=365)
        give(lab, lab.bob)
        lab.later(20 * 366 * 86400)
        lab.sweeper.sweep()

        assert len(rights(lab, lab.bob)) == 1


class TestGiving:
    def test_a_right_lasts_as_the_course_says_or_as_is_named(self, lab: ServiceLab) -> None:
        course(lab, validity_days=365, unused_days=90)
        now = lab.clock.now()
        made, named = give(lab, lab.bob), give(lab, lab.bob, ends_at=now + 400 * DAY)

        assert isinstance(made, Qualification)
        assert isinstance(named, Qualification)
        assert (made.ends_at, made.expires_at) == (now + 365 * DAY, now + 90 * DAY)
        assert (named.ends_at, named.expires_at) == (now + 400 * DAY, now + 400 * DAY)

    def test_a_trainer_gives_what_they_hold_and_nothing_else(self, lab: ServiceLab) -> None:
        ada = Granter(label="tablette", member_id=lab.ada, team=False)
        assert codes(give(lab, lab.bob, ada)) == [Code.TRAINER_NOT_NAMED]
        with lab.store.begin() as work:
            assert trainings.name_trainer(work, training="laser", member_id=lab.ada, now=lab.clock.now())
        assert codes(give(lab, lab.bob, ada, level=2)) == [Code.TRAINER_WITHOUT_RIGHT]
        assert codes(give(lab, lab.ada, ada)) == [Code.TRAINER_FOR_ONESELF]
        assert rights(lab, lab.bob) == ()
        made = give(lab, lab.bob, ada)
        assert isinstance(made, Qualification)
        assert (made.granted_by, made.granted_by_member) == ("tablette", lab.ada)
        with lab.store.begin() as work:
            (own,) = work.rights_of(lab.ada)
            work.save_qualification(replace(own, expires_at=lab.clock.now()))
        assert codes(give(lab, lab.bob, ada)) == [Code.TRAINER_WITHOUT_RIGHT]

    def test_every_objection_at_once_and_nothing_written(self, lab: ServiceLab) -> None:
        with lab.store.begin() as work:
            work.put_training(Training(id=lab.ids.new(), slug="fire", names={"fr": "Feu"}))
        course(lab, prerequisites=("fire",))
        now = lab.clock.now()
        with lab.store.begin() as work:
            made = qualifications.grant(
                work, id=lab.ids.new(), member_id=lab.bob, training="laser",
                wish=Wish(at=now + DAY, ends_at=now, refresher=True),
                granter=Granter(member_id=lab.bob, team=False), now=now,
            )  # fmt: skip
        assert codes(made) == [
            Code.RIGHT_FROM_THE_FUTURE, Code.RIGHT_ENDS_BEFORE_IT_BEGINS, Code.TRAINER_NOT_NAMED,
            Code.TRAINER_FOR_ONESELF, Code.PREREQUISITE_MISSING, Code.REFRESHER_WITHOUT_FIRST,
        ]  # fmt: skip
        assert rights(lab, lab.bob) == ()
        assert lines(lab, lab.bob) == []
        assert lab.events("qualification_granted") == []


class TestDeclaring:
    def test_what_is_declared_opens_nothing_until_it_is_validated(self, lab: ServiceLab) -> None:
        course(lab, validity_days=365)
        taken = lab.clock.now()
        made = declare(lab, lab.bob)
        lab.tap("bob")
        assert lab.events("tap_refused")[-1].data["refusals"] == ["training_awaiting"]
        lab.later(3 * 86400)
        with lab.store.begin() as work:
            valid = qualifications.validate(work, id=made.id, granter=TEAM, now=lab.clock.now())
        assert isinstance(valid, Qualification)
        assert (valid.granted_at, valid.expires_at, valid.granted_by) == (taken, taken + 365 * DAY, "accueil")
        lab.tap("bob")
        assert lab.session() is not None
        assert lines(lab, lab.bob) == [Act.DECLARED, Act.VALIDATED]

    def test_twice_is_once(self, lab: ServiceLab) -> None:
        assert declare(lab, lab.bob) == declare(lab, lab.bob)
        assert lines(lab, lab.bob) == [Act.DECLARED]

    def test_what_is_turned_down_stays_so(self, lab: ServiceLab) -> None:
        made = declare(lab, lab.bob)
        with lab.store.begin() as work:
            now = lab.clock.now()
            qualifications.turn_down(work, id=made.id, granter=TEAM, proof=Proof(note="pas fini"), now=now)
            again = qualifications.validate(work, id=made.id, granter=TEAM, now=now)
            revoked = qualifications.revoke(work, id=made.id, by=TEAM, now=now)
        assert (codes(again), codes(revoked)) == ([Code.RIGHT_NOT_AWAITING], [Code.RIGHT_OVER])
        assert lines(lab, lab.bob) == [Act.DECLARED, Act.REFUSED]
        lab.tap("bob")
        assert lab.events("tap_refused")[-1].data["refusals"] == ["training_missing"]

    def test_only_who_may_give_it_decides(self, lab: ServiceLab) -> None:
        made = declare(lab, lab.bob)
        ada = Granter(member_id=lab.ada, team=False)
        with lab.store.begin() as work:
            for decide in (qualifications.validate, qualifications.turn_down):
                assert codes(decide(work, id=made.id, granter=ada, now=lab.clock.now())) == [Code.TRAINER_NOT_NAMED]
        assert lines(lab, lab.bob) == [Act.DECLARED]


class TestRevoking:
    def test_no_older_right_opens_in_its_place(self, lab: ServiceLab) -> None:
        give(lab, lab.bob)
        lab.later(60)
        newest = give(lab, lab.bob, refresher=True)
        assert isinstance(newest, Qualification)
        with lab.store.begin() as work:
            qualifications.revoke(work, id=newest.id, by=TEAM, now=lab.clock.now())
        lab.tap("bob")

        assert lab.session() is None
        assert lines(lab, lab.bob) == [Act.GRANTED, Act.GRANTED, Act.REVOKED, Act.REVOKED]

    def test_twice_changes_nothing_more(self, lab: ServiceLab) -> None:
        (own,) = rights(lab, lab.ada)
        for _ in range(2):
            lab.later(60)
            with lab.store.begin() as work:
                qualifications.revoke(work, id=own.id, by=TEAM, now=lab.clock.now())
        assert len(lab.events("qualification_revoked")) == 1


class TestTrainings:
    def test_a_circle_is_named_and_changes_nothing(self, lab: ServiceLab) -> None:
        laser = course(lab)
        with lab.store.begin() as work:
            fire = Training(id=lab.ids.new(), slug="fire", names={"fr": "Feu"}, prerequisites=("laser",))
            assert isinstance(trainings.put_training(work, fire, lab.clock.now()), Training)
            circle = trainings.put_training(work, replace(laser, prerequisites=("fire",)), lab.clock.now())
            itself = trainings.put_training(work, replace(laser, prerequisites=("laser",)), lab.clock.now())
            unknown = trainings.put_training(work, replace(laser, prerequisites=("x",)), lab.clock.now())
        assert [codes(each) for each in (circle, itself, unknown)] == [
            [Code.TRAINING_CYCLE], [Code.TRAINING_CYCLE], [Code.TRAINING_UNKNOWN],
        ]  # fmt: skip
        assert isinstance(circle, Refused)
        assert set(str(circle.refusals[0].params["cycle"]).split(" → ")) == {"fire", "laser"}
        assert course(lab) == laser
