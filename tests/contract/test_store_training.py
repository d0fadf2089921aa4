"""Trainings, rights and their history on every kind of database."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.adapters.sql.transaction import Refused
from gateway.domain.qualifications import Act, Line, Qualification
from gateway.domain.timespan import Span
from gateway.domain.training import Standing, Training, YearlyDate
from gateway.domain.workshops import Place, Roll, Workshop, WorkshopKind
from tests.fixtures_store import NOW

DAY = timedelta(days=1)


def right(lab, member=None, training=None, **changes):
    values = {
        "id": lab.ids.new(), "member_id": (member or lab.bob).id, "training_id": (training or lab.training).id,
        "granted_at": NOW,
    }  # fmt: skip
    return Qualification(**values | changes)


def add(store, *rights):
    with store.begin() as work:
        for each in rights:
            work.add_qualification(each)


def past(store, now):
    with store.begin() as work:
        return tuple(held for held, _ in work.rights_past_term(now))


class TestTrainings:
    def test_a_training_comes_back_as_it_was_put(self, store, stored_lab):
        course = Training(
            id=stored_lab.ids.new(), slug="cnc", names={"fr": "Fraisage"}, validity_days=365,
            yearly_until=YearlyDate(2, 29), unused_days=90, minutes=120, refresher_minutes=30, remind_days=(14,),
            retention_years=5, prerequisites=("laser",),
        )  # fmt: skip
        with store.begin() as work:
            assert work.put_training(course) == course
            assert work.training("cnc") == course
            bare = work.put_training(Training(id=course.id, slug="cnc", names={"fr": "x"}, remind_days=()))
            assert bare == Training(id=course.id, slug="cnc", names={"fr": "x"}, remind_days=())
        assert store.views().trainings() == (bare, stored_lab.training)

    def test_a_prerequisite_that_is_not_there_is_refused(self, store, stored_lab):
        with pytest.raises(Refused, match="nothing"), store.begin() as work:
            work.put_training(replace(stored_lab.training, prerequisites=("nothing",)))
        assert store.views().trainings() == (stored_lab.training,)

    def test_trainers_are_named_once_and_relieved(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            assert work.add_trainer(lab.training.id, lab.ada.id, NOW)
            assert not work.add_trainer(lab.training.id, lab.ada.id, NOW + DAY)
            assert work.add_trainer(lab.training.id, lab.bob.id, NOW - DAY)
            assert work.trainers(lab.training.id) == {lab.ada.id, lab.bob.id}
        assert store.views().trainers("laser") == (lab.bob.id, lab.ada.id)
        assert store.views().trainers("nothing") is None
        with store.begin() as work:
            assert work.remove_trainer(lab.training.id, lab.bob.id)
            assert not work.remove_trainer(lab.training.id, lab.bob.id)
        assert store.views().trainers("laser") == (lab.ada.id,)

    def test_the_zone_of_the_walls(self, store, stored_lab):
        with store.begin() as work:
            assert work.zone() == ZoneInfo("Europe/Paris")


class TestRights:
    def test_a_right_comes_back_as_it_was_kept(self, store, stored_lab):
        lab = stored_lab
        whole = right(
            lab, granted_by="accueil", granted_by_member=lab.ada.id, level=2, refresher=True, awaiting=True,
            ends_at=NOW + DAY, last_used_at=NOW, expires_at=NOW + DAY, revoked_at=NOW, refused_at=NOW, evidence="n° 7",
            note="très bien", told_days=7,
        )  # fmt: skip
        add(store, whole)
        with store.begin() as work:
            assert work.qualification(whole.id) == whole
            assert work.rights_of(lab.bob.id) == (whole,)
            assert work.rights_of("nobody") == ()

    def test_those_that_await_are_found(self, store, stored_lab):
        lab = stored_lab
        waits, refused = right(lab, awaiting=True), right(lab, awaiting=True, refused_at=NOW)
        add(store, waits, refused)
        views = store.views()
        assert views.qualifications(limit=9, cursor=None, awaiting=True).rows == (waits,)
        assert {r.id for r in views.qualifications(limit=9, cursor=None, awaiting=False).rows} == {
            lab.right.id, refused.id,
        }  # fmt: skip

    def test_the_history_only_grows_and_is_read_newest_first(self, store, stored_lab):
        lab = stored_lab
        lines = [
            Line(qualification_id=lab.right.id, member_id=lab.ada.id, at=NOW, act=Act.DECLARED, evidence="feuille 12"),
            Line(
                qualification_id=lab.right.id, member_id=lab.ada.id, at=NOW, act=Act.GRANTED, actor="accueil",
                actor_member=lab.bob.id, expires_at=NOW + DAY, note="vu",
            ),
            Line(qualification_id=lab.right.id, member_id=lab.ada.id, at=NOW, act=Act.REVOKED),
        ]  # fmt: skip
        seen = []
        for line in lines:
            with store.begin() as work:
                work.add_line(line)
            page = store.views().right_lines(limit=9, cursor=None, member_id=lab.ada.id)
            kept = [replace(row, id=None) for row in reversed(page.rows)]
            assert kept[:-1] == seen
            seen = kept
        assert seen == lines
        first = store.views().right_lines(limit=2, cursor=None, qualification_id=lab.right.id)
        rest = store.views().right_lines(limit=2, cursor=first.next, qualification_id=lab.right.id)
        assert [row.act for row in (*first.rows, *rest.rows)] == [Act.REVOKED, Act.GRANTED, Act.DECLARED]
        assert store.views().right_lines(limit=9, cursor=None, member_id=lab.bob.id).rows == ()

    def test_those_past_their_term_the_longest_over_first(self, store, stored_lab):
        lab, year = stored_lab, 366 * DAY
        kept = right(lab, expires_at=NOW - year + 2 * DAY)
        revoked = right(lab, revoked_at=NOW - year)
        lapsed = right(lab, expires_at=NOW - 2 * year)
        refused = right(lab, awaiting=True, refused_at=NOW - 3 * year)
        add(store, kept, revoked, lapsed, refused)
        assert past(store, NOW) == ()
        with store.begin() as work:
            work.put_training(replace(lab.training, retention_years=1))
        assert past(store, NOW) == (refused, lapsed, revoked)

    def test_what_is_forgotten_takes_its_history_along_and_leaves_the_list_it_came_from(self, store, stored_lab):
        lab = stored_lab
        gone = right(lab, revoked_at=NOW)
        session = Workshop(
            id=lab.ids.new(), kind=WorkshopKind.COURSE, titles={"fr": "Découpe"}, trainer_id=lab.ada.id, seats=4,
            minimum=0, span=Span(NOW, NOW + DAY), created_at=NOW, training="laser",
        )  # fmt: skip
        place = Place(
            id=lab.ids.new(), workshop_id=session.id, joined_at=NOW, member_id=lab.bob.id, qualification_id=gone.id
        )
        add(store, gone)
        with store.begin() as work:
            for each in (gone, lab.right):
                line = Line(qualification_id=each.id, member_id=each.member_id, at=NOW, act=Act.GRANTED)
                work.add_line(line)
            work.save_roll(Roll(workshop=session, places=(place,)), (place,))
        with store.begin() as work:
            work.forget_right(gone.id)
        with store.begin() as work:
            assert work.qualification(gone.id) is None
            assert work.qualification(lab.right.id) == lab.right
            assert work.roll(session.id).places == (replace(place, qualification_id=None),)
        (left,) = store.views().right_lines(limit=9, cursor=None).rows
        assert left.qualification_id == lab.right.id


class TestUse:
    def kept(self, store, lab, *, detected=True, member=None, resource=None):
        with store.begin() as work:
            found = work.rights_to_keep((member or lab.ada).id, (resource or lab.laser).id, detected=detected)
        return [(held.id, training.slug) for held, training in found]

    @pytest.fixture
    def lab(self, store, stored_lab):
        with store.begin() as work:
            work.put_training(replace(stored_lab.training, unused_days=90))
        return stored_lab

    def test_a_machine_keeps_the_rights_that_it_asks_for(self, store, lab):
        assert self.kept(store, lab) == [(lab.right.id, "laser")]
        assert self.kept(store, lab, member=lab.bob) == []
        assert self.kept(store, lab, resource=lab.desk) == []

    def test_power_alone_counts_only_where_no_job_could_be_seen(self, store, lab):
        with store.begin() as work:
            work.put_resource(replace(lab.desk, trainings=("laser",)))
        assert self.kept(store, lab, detected=False) == []
        assert self.kept(store, lab, detected=False, resource=lab.desk) == [(lab.right.id, "laser")]

    def test_and_those_that_these_stand_on(self, store, lab):
        with store.begin() as work:
            below = work.put_training(Training(id=lab.ids.new(), slug="fire", names={"fr": "Feu"}, unused_days=10))
            work.put_training(replace(lab.training, prerequisites=("fire",)))
            fire = right(lab, lab.ada, below)
            work.add_qualification(fire)
        assert self.kept(store, lab) == [(fire.id, "fire")]

    @pytest.mark.parametrize("over", [{"revoked_at": NOW}, {"refused_at": NOW}, {"awaiting": True}])
    def test_never_one_that_is_over_or_not_begun(self, store, lab, over):
        with store.begin() as work:
            work.save_qualification(replace(lab.right, **over))
        assert self.kept(store, lab) == []

    def test_a_training_that_does_not_lapse_so_costs_nothing(self, store, stored_lab):
        assert self.kept(store, stored_lab) == []


class TestNearTheirEnd:
    def near(self, store):
        with store.begin() as work:
            return [held.id for held, _ in work.rights_near_their_end(NOW)]

    def test_soonest_first_within_the_days_of_the_longest_reminder_and_not_long_past(self, store, stored_lab):
        lab = stored_lab
        soon, lapsed = right(lab, expires_at=NOW + 30 * DAY), right(lab, lab.ada, expires_at=NOW - 59 * DAY)
        with store.begin() as work:
            work.save_qualification(replace(lab.right, revoked_at=NOW))
        add(store, soon, lapsed)
        assert self.near(store) == [lapsed.id, soon.id]
        with store.begin() as work:
            work.save_qualification(replace(soon, expires_at=NOW + 31 * DAY))
            work.save_qualification(replace(lapsed, expires_at=NOW - 61 * DAY))
        assert self.near(store) == []

    @pytest.mark.parametrize(
        "changes",
        [{"told_days": 0}, {"revoked_at": NOW}, {"refused_at": NOW}, {"awaiting": True}, {"expires_at": None}],
    )
    def test_nothing_that_was_told_or_cannot_lapse(self, store, stored_lab, changes):
        add(store, right(stored_lab, **{"expires_at": NOW} | changes))
        assert self.near(store) == []

    @pytest.mark.parametrize(
        ("other", "told"),
        [
            ({"expires_at": NOW + 2 * DAY}, False), ({"expires_at": None}, False), ({"expires_at": NOW}, True),
            ({"expires_at": None, "awaiting": True}, True), ({"expires_at": None, "revoked_at": NOW}, True),
            ({"expires_at": None, "level": 1}, True),
        ],
    )  # fmt: skip
    def test_one_that_another_outlasts_at_its_level_is_left_out(self, store, stored_lab, other, told):
        lab = stored_lab
        old = right(lab, expires_at=NOW + DAY, level=2)
        add(store, old, right(lab, **{"level": 2} | other))
        assert (old.id in self.near(store)) is told


class TestStanding:
    def test_one_line_for_each_training_that_a_resource_asks_for(self, store, stored_lab):
        lab, views = stored_lab, store.views()
        (held,) = views.standing(lab.ada.id, lab.laser.slug, NOW)
        assert (held.slug, held.state) == ("laser", Standing.VALID)
        (missing,) = views.standing(lab.bob.id, lab.laser.slug, NOW)
        assert (missing.slug, missing.state) == ("laser", Standing.MISSING)
        assert views.standing(lab.bob.id, "nothing", NOW) is None
        assert views.standing("nobody", lab.laser.slug, NOW) is None
