"""Rights that live: when one ends, what use does to it, what it stands on, and who may give it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.granting import Granter, Wish, to_granter, to_member, to_times
from gateway.domain.qualifications import TABLE, Act, Qualification, RightState, after, due_reminder, kept_until, used
from gateway.domain.refusals import Code
from gateway.domain.training import (
    Asked,
    Held,
    Standing,
    Training,
    YearlyDate,
    all_needs,
    cycle_in,
    end_of_right,
    expiry,
    requirement,
)  # fmt: skip

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
LASER = Training(id="t1", slug="laser", names={"fr": "Laser"})

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))
days = st.integers(1, 1500)
yearly = st.dates().map(lambda day: YearlyDate(day.month, day.day))
courses = st.builds(
    Training, id=st.just("t1"), slug=st.just("laser"), names=st.just({"fr": "Laser"}),
    validity_days=st.none() | days, yearly_until=st.none() | yearly, unused_days=st.none() | days,
    remind_days=st.lists(st.integers(1, 90), max_size=4).map(tuple),
)  # fmt: skip


def right(**changes: object) -> Qualification:
    values: dict[str, object] = {"id": "q1", "member_id": "m1", "training_id": "t1", "granted_at": NOON}
    return Qualification(**values | changes)  # type: ignore[arg-type]


def given_at(course: Training, at: datetime) -> Qualification:
    ends_at = end_of_right(course, at, PARIS)
    return right(granted_at=at, ends_at=ends_at, expires_at=expiry(course, ends_at, at))


class TestHowLongARightLasts:
    @given(courses, moments)
    def test_it_never_ends_before_it_was_given(self, course: Training, at: datetime) -> None:
        new = given_at(course, at)

        assert new.valid(at)
        for end in (new.ends_at, new.expires_at):
            assert end is None or end > at
        ends = (course.validity_days, course.yearly_until, course.unused_days)
        assert (new.expires_at is None) == (ends == (None, None, None))

    @given(yearly, moments)
    def test_a_yearly_date_is_midnight_on_the_wall_within_a_year_and_a_day(
        self, until: YearlyDate, at: datetime
    ) -> None:
        end = until.end_after(at, PARIS)
        wall = end.astimezone(PARIS)
        last_day = (wall - timedelta(hours=2)).date()

        assert at < end <= at + 367 * DAY
        assert (wall.hour, wall.minute, wall.second) == (0, 0, 0)
        wanted = (2, 28) if str(until) == "02-29" and last_day.day == 28 else (until.month, until.day)
        assert (last_day.month, last_day.day) == wanted

    @pytest.mark.parametrize("year", range(2020, 2041))
    def test_the_day_of_the_year_is_the_same_in_every_year(self, year: int) -> None:
        summer = YearlyDate(8, 31).end_after(datetime(year, 6, 1, tzinfo=UTC), PARIS)
        leap = YearlyDate(2, 29).end_after(datetime(year, 1, 1, tzinfo=UTC), PARIS)

        assert summer == datetime(year, 8, 31, 22, tzinfo=UTC)
        assert leap == datetime(year, 2, 29 if year % 4 == 0 else 28, 23, tzinfo=UTC)

    def test_its_last_day_is_still_in_it(self) -> None:
        until = YearlyDate(8, 31)
        on_the_day = datetime(2026, 8, 31, 10, tzinfo=UTC)

        assert until.end_after(on_the_day, PARIS) == datetime(2026, 8, 31, 22, tzinfo=UTC)
        assert until.end_after(datetime(2026, 8, 31, 22, tzinfo=UTC), PARIS) == datetime(2027, 8, 31, 22, tzinfo=UTC)

    @pytest.mark.parametrize("text", ["8-31", "02-30", "13-01", "00-10", "08/31", "", "0831", "-8-31", "٠٨-٣١"])
    def test_what_is_no_day_of_the_year_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"day|month"):
            YearlyDate.read(text)

    def test_it_reads_what_it_writes(self) -> None:
        assert YearlyDate.read(str(YearlyDate(2, 29))) == YearlyDate(2, 29)

    def test_the_first_of_its_ends_counts(self) -> None:
        course = replace(LASER, validity_days=365, yearly_until=YearlyDate(8, 31), unused_days=90)

        assert given_at(course, NOON).expires_at == NOON + 90 * DAY
        assert given_at(course, NOON).ends_at == datetime(2027, 8, 31, 22, tzinfo=UTC)


class TestUse:
    @given(courses, moments, st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3)), max_size=8))
    def test_it_never_shortens_and_never_outlasts_the_end(
        self, course: Training, at: datetime, sessions: list[tuple[int, int]]
    ) -> None:
        kept = given_at(course, at)
        for start, length in sessions:
            opened = at + start * DAY
            new = used(kept, course, opened_at=opened, closed_at=opened + length * DAY)
            assert (kept.expires_at is None) == (new.expires_at is None)
            if kept.expires_at and new.expires_at:
                assert new.expires_at >= kept.expires_at
                assert new.ends_at is None or new.expires_at <= new.ends_at
            kept = new

    def test_it_puts_the_lapse_off_from_the_last_use(self) -> None:
        course = replace(LASER, unused_days=90)
        kept = used(given_at(course, NOON), course, opened_at=NOON + 50 * DAY, closed_at=NOON + 50 * DAY + SECOND)

        assert kept.expires_at == NOON + 140 * DAY + SECOND
        assert kept.last_used_at == NOON + 50 * DAY + SECOND

    def test_a_long_job_begun_in_time_counts_and_one_begun_too_late_wakes_nothing(self) -> None:
        course = replace(LASER, unused_days=10)
        old = given_at(course, NOON)

        assert used(old, course, opened_at=NOON + 9 * DAY, closed_at=NOON + 12 * DAY).expires_at == NOON + 22 * DAY
        assert used(old, course, opened_at=NOON + 10 * DAY, closed_at=NOON + 11 * DAY) == old

    @pytest.mark.parametrize("over", [{"revoked_at": NOON}, {"refused_at": NOON}, {"awaiting": True}])
    def test_it_wakes_nothing_that_was_ended_or_not_begun(self, over: dict[str, object]) -> None:
        course = replace(LASER, unused_days=10)
        ended = replace(given_at(course, NOON), **over)  # type: ignore[arg-type]

        assert used(ended, course, opened_at=NOON + DAY, closed_at=NOON + 2 * DAY) == ended


class TestStates:
    @given(st.lists(st.sampled_from([Act.VALIDATED, Act.REFUSED, Act.REVOKED]), max_size=8), st.booleans(), days)
    def test_a_right_that_is_revoked_or_refused_never_opens_again(
        self, acts: list[Act], awaiting: bool, lasts: int
    ) -> None:
        course, now = replace(LASER, unused_days=lasts), NOON
        kept = replace(given_at(course, NOON), awaiting=awaiting)
        ended = False
        for act in acts:
            now += DAY
            kept = after(kept, act, now) or kept
            kept = used(kept, course, opened_at=now, closed_at=now + DAY)
            ended = ended or kept.revoked_at is not None or kept.refused_at is not None
            assert not (ended and kept.valid(now))

    def test_the_table_has_no_way_out_of_an_end(self) -> None:
        assert not {state for state, _ in TABLE} & {RightState.REVOKED, RightState.REFUSED}

    def test_what_the_table_does_not_know_changes_nothing(self) -> None:
        assert after(right(), Act.VALIDATED, NOON) is None
        assert after(right(revoked_at=NOON), Act.REVOKED, NOON) is None
        assert after(right(awaiting=True), Act.REFUSED, NOON) == right(awaiting=True, refused_at=NOON)

    def test_time_alone_makes_it_lapse(self) -> None:
        old = right(expires_at=NOON)

        assert old.state(NOON - SECOND) is RightState.VALID
        assert old.state(NOON) is RightState.LAPSED


class TestReminders:
    @given(courses, moments, st.lists(st.integers(0, 40), max_size=60), st.lists(st.booleans(), min_size=60))
    def test_each_stage_of_an_end_is_told_once_and_the_lapse_is_the_last(
        self, course: Training, at: datetime, steps: list[int], uses: list[bool]
    ) -> None:
        kept, now = given_at(course, at), at
        told: dict[datetime, list[int]] = {}
        for step, use in zip(steps, uses, strict=False):
            now += step * DAY
            if use:
                kept = used(kept, course, opened_at=now, closed_at=now)
            due = due_reminder(kept, course, now)
            if due is not None:
                assert kept.expires_at is not None
                told.setdefault(kept.expires_at, []).append(due)
                kept = replace(kept, told_days=due)
            assert due_reminder(kept, course, now) is None
        assert all(later < earlier for stages in told.values() for earlier, later in pairwise(stages))

    def test_after_a_pause_only_the_most_urgent_is_told(self) -> None:
        course = replace(LASER, validity_days=365, remind_days=(30, 7))
        new = given_at(course, NOON)

        assert due_reminder(new, course, NOON + 334 * DAY) is None
        assert due_reminder(new, course, NOON + 335 * DAY) == 30
        assert due_reminder(new, course, NOON + 360 * DAY) == 7
        assert due_reminder(replace(new, told_days=7), course, NOON + 360 * DAY) is None
        assert due_reminder(replace(new, told_days=7), course, NOON + 365 * DAY) == 0
        assert due_reminder(new, course, NOON + 500 * DAY) is None

    def test_a_short_right_is_not_told_at_once_that_it_ends(self) -> None:
        course = replace(LASER, validity_days=20, remind_days=(30, 7))

        assert due_reminder(given_at(course, NOON), course, NOON + DAY) is None
        assert due_reminder(given_at(course, NOON), course, NOON + 13 * DAY) == 7

    @pytest.mark.parametrize("over", [{"revoked_at": NOON}, {"awaiting": True}])
    def test_nobody_is_told_of_what_is_over_or_not_begun(self, over: dict[str, object]) -> None:
        assert due_reminder(right(expires_at=NOON + DAY, **over), LASER, NOON) is None


class TestKeeping:
    def test_a_right_is_kept_for_its_term_once_it_is_over(self) -> None:
        course = replace(LASER, retention_years=5)
        leap = datetime(2028, 2, 29, 12, tzinfo=UTC)

        assert kept_until(right(expires_at=NOON), course, NOON) == datetime(2031, 11, 23, 12, tzinfo=UTC)
        assert kept_until(right(expires_at=NOON, revoked_at=leap), course, leap) == datetime(
            2033, 2, 28, 12, tzinfo=UTC
        )
        assert kept_until(right(awaiting=True, refused_at=NOON), course, NOON) == datetime(2031, 11, 23, 12, tzinfo=UTC)

    def test_one_that_is_not_over_or_has_no_term_is_kept(self) -> None:
        course = replace(LASER, retention_years=5)

        assert kept_until(right(), course, NOON) is None
        assert kept_until(right(awaiting=True), course, NOON) is None
        assert kept_until(right(expires_at=NOON), LASER, NOON) is None


graphs = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3, unique=True).map(tuple), max_size=6
)


class TestPrerequisites:
    @given(graphs)
    def test_a_cycle_is_a_way_round_and_only_then(self, edges: dict[str, tuple[str, ...]]) -> None:
        way = cycle_in(edges)
        reach = {slug: {need for below in edges[slug] for need in (below, *all_needs(edges, below))} for slug in edges}

        assert (way is not None) == any(slug in needs for slug, needs in reach.items())
        if way:
            assert way[0] == way[-1]
            assert all(need in edges[slug] for slug, need in pairwise(way))

    def test_it_names_the_cycle(self) -> None:
        assert cycle_in({"laser": ("fire",), "fire": ("safety",), "safety": ("fire",)}) == ("fire", "safety", "fire")
        assert cycle_in({"laser": ("laser",)}) == ("laser", "laser")

    def test_everything_below_near_and_far(self) -> None:
        assert all_needs({"a": ("b",), "b": ("c", "d"), "d": ("c",)}, "a") == {"b", "c", "d"}


class TestWhatAResourceAsks:
    def asked(self, *held: Held, level: int = 1) -> Asked:
        return Asked(slug="laser", names={"fr": "Laser"}, level=level, held=held)

    def test_a_right_below_the_level_is_missing_and_says_what_is_held(self) -> None:
        need = requirement(self.asked(Held(1), Held(2, expires_at=NOON), level=3), (), NOON)

        assert (need.state, need.held_level) == (Standing.MISSING, 1)

    def test_the_end_is_the_sooner_of_its_own_and_of_what_it_stands_on(self) -> None:
        below = Asked(slug="fire", names={}, held=(Held(expires_at=NOON + DAY),))

        assert requirement(self.asked(Held()), (below,), NOON).until == NOON + DAY
        assert requirement(self.asked(Held(expires_at=NOON + SECOND)), (below,), NOON).until == NOON + SECOND

    @given(st.lists(st.builds(Held, st.integers(1, 3), st.booleans(), st.none() | moments), max_size=4), moments)
    def test_only_a_validated_right_of_that_level_whose_time_is_not_over_opens(
        self, held: list[Held], now: datetime
    ) -> None:
        need = requirement(self.asked(*held, level=2), (), now)
        opens = [r for r in held if r.level >= 2 and not r.awaiting and (r.expires_at is None or r.expires_at > now)]

        assert (need.state is Standing.VALID) == bool(opens)
        if need.state is Standing.VALID and need.until is not None:
            assert need.until > now
            assert need.state_at(need.until) is Standing.LAPSED


class TestWhoMayGive:
    known = {"laser": replace(LASER, prerequisites=("fire",)), "fire": Training(id="t2", slug="fire", names={})}
    trainer = Granter(member_id="m9", team=False)

    def against(self, granter: Granter, own: tuple[Qualification, ...] | None, level: int = 1) -> list[Code]:
        laser = self.known["laser"]
        return [
            refusal.code
            for refusal in to_granter(laser, level, granter, member_id="m1", own=own, known=self.known, now=NOON)
        ]

    def test_the_team_may(self) -> None:
        assert self.against(Granter(label="accueil"), None) == []
        assert self.against(Granter(label="Ada", member_id="m9"), None) == []

    def test_a_trainer_may_who_holds_the_right_and_what_it_stands_on(self) -> None:
        fire = right(training_id="t2")

        assert self.against(self.trainer, (right(), fire)) == []
        assert self.against(self.trainer, (right(),)) == [Code.TRAINER_WITHOUT_RIGHT]
        assert self.against(self.trainer, (right(), fire), level=2) == [Code.TRAINER_WITHOUT_RIGHT]
        assert self.against(self.trainer, (right(expires_at=NOON), fire)) == [Code.TRAINER_WITHOUT_RIGHT]
        assert self.against(self.trainer, (right(revoked_at=NOON), fire)) == [Code.TRAINER_WITHOUT_RIGHT]
        assert self.against(self.trainer, ()) == [Code.TRAINER_WITHOUT_RIGHT]

    def test_who_is_not_named_may_not(self) -> None:
        assert self.against(self.trainer, None) == [Code.TRAINER_NOT_NAMED]

    def test_nobody_gives_to_themselves(self) -> None:
        own = (right(), right(training_id="t2"))

        assert self.against(Granter(member_id="m1", team=False), own) == [Code.TRAINER_FOR_ONESELF]
        assert self.against(Granter(member_id="m1"), None) == [Code.TRAINER_FOR_ONESELF]

    def test_what_a_right_stands_on_comes_first_and_a_refresher_after(self) -> None:
        laser = self.known["laser"]

        def against(wish: Wish, *rights: Qualification) -> list[Code]:
            return [refusal.code for refusal in to_member(laser, wish, rights, self.known, NOON)]

        fire = right(training_id="t2")
        refresher = Wish(at=NOON, refresher=True)
        assert against(Wish(at=NOON)) == [Code.PREREQUISITE_MISSING]
        assert against(Wish(at=NOON), fire) == []
        assert against(refresher, fire) == [Code.REFRESHER_WITHOUT_FIRST]
        assert against(refresher, fire, right(expires_at=NOON)) == []
        assert against(refresher, fire, right(revoked_at=NOON)) == [Code.REFRESHER_WITHOUT_FIRST]
        assert against(replace(refresher, level=2), fire, right()) == [Code.REFRESHER_WITHOUT_FIRST]

    def test_times_that_cannot_be(self) -> None:
        def against(at: datetime, ends_at: datetime | None = None) -> list[Code]:
            return [refusal.code for refusal in to_times(Wish(at=at, ends_at=ends_at), NOON)]

        assert against(NOON, NOON + SECOND) == []
        assert against(NOON + SECOND) == [Code.RIGHT_FROM_THE_FUTURE]
        assert against(NOON, NOON) == [Code.RIGHT_ENDS_BEFORE_IT_BEGINS]
