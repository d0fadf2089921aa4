"""Sessions: never two ends, never negative seconds, never power that nobody asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.sessions import (
    CONFIRM_S,
    TABLE,
    EndReason,
    Session,
    State,
    Trigger,
    desired_power,
    due,
    step,
    tapped_again_too_soon,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def opened(state: State = State.ACTIVE) -> Session:
    return Session(
        id="s1", resource_id="r1", operator_id="m1", beneficiary_id="m1", reservation_id=None, state=state,
        opened_at=NOON, last_tap_at=NOON, last_activity_at=NOON,
        energised_at=None if state is State.OPENING else NOON,
    )  # fmt: skip


def test_a_session_from_tap_to_tap_counts_enabled_active_and_idle() -> None:
    on = step(opened(State.OPENING), Trigger.POWER_ON, NOON + SECOND).session
    over = step(on, Trigger.HOLDER_TAPPED, NOON + 61 * SECOND, running_s=0).session

    assert (over.state, over.end_reason) == (State.CLOSED, EndReason.TAPPED_OUT)
    assert (over.enabled_s, over.active_s, over.idle_s) == (60.0, 0.0, 60.0)


def test_a_tap_while_a_job_runs_marks_the_person_gone_and_cuts_nothing() -> None:
    left = step(opened(), Trigger.HOLDER_TAPPED_RUNNING, NOON + SECOND).session

    assert left.state is State.LEAVING
    assert left.person_gone_at == NOON + SECOND
    assert desired_power(out_of_service=False, session=left, running=True, observed=True) is None


def test_power_lost_interrupts_and_only_a_tap_opens_again() -> None:
    lost = step(opened(), Trigger.POWER_OFF, NOON + SECOND).session

    assert lost.state is State.INTERRUPTED
    assert step(lost, Trigger.POWER_ON, NOON + 2 * SECOND).session.state is State.INTERRUPTED
    assert desired_power(out_of_service=False, session=lost, running=False, observed=False) is False
    assert step(lost, Trigger.HOLDER_TAPPED, NOON + 3 * SECOND).session.state is State.OPENING


def test_a_relay_that_never_confirms_fails_the_start() -> None:
    session = opened(State.OPENING)

    assert due(session, NOON + (CONFIRM_S - 1) * SECOND, forgotten_s=60, ceiling_s=600, running=False) is None
    assert (
        due(session, NOON + CONFIRM_S * SECOND, forgotten_s=60, ceiling_s=600, running=False) is Trigger.NOT_CONFIRMED
    )
    over = step(session, Trigger.NOT_CONFIRMED, NOON + CONFIRM_S * SECOND).session
    assert (over.end_reason, over.enabled_s) == (EndReason.RELAY_UNCONFIRMED, 0.0)


@pytest.mark.parametrize(
    ("after_s", "running", "expected"),
    [
        (59, False, None),
        (60, False, Trigger.FORGOTTEN),
        (60, True, None),
        (600, False, Trigger.OVERDUE),
        (600, True, Trigger.OVERDUE_RUNNING),
    ],
)
def test_time_alone(after_s: int, running: bool, expected: Trigger | None) -> None:
    assert due(opened(), NOON + after_s * SECOND, forgotten_s=60, ceiling_s=600, running=running) is expected


def test_the_unsure_second_tap_comes_within_ten_seconds() -> None:
    assert tapped_again_too_soon(opened(), NOON + 9 * SECOND)
    assert not tapped_again_too_soon(opened(), NOON + 10 * SECOND)


def test_a_clock_that_is_set_back_does_not_lock_the_holder_in() -> None:
    assert not tapped_again_too_soon(opened(), NOON - SECOND)


@given(st.lists(st.tuples(st.sampled_from(Trigger), st.integers(-1000, 100_000)), max_size=30))
def test_any_story_ends_at_most_once_with_seconds_that_add_up(story: list[tuple[Trigger, int]]) -> None:
    session, ends = opened(State.OPENING), 0
    for trigger, offset in story:
        moved = step(session, trigger, NOON + offset * SECOND)
        ends += moved.event in ("session_closed", "session_failed")
        session = moved.session
    assert ends == (session.state is State.CLOSED)
    if session.state is State.CLOSED:
        assert session.closed_at is not None
        assert session.closed_at >= session.opened_at
        assert session.enabled_s == pytest.approx(session.active_s + session.idle_s)
        assert min(session.enabled_s, session.active_s, session.idle_s) >= 0


def test_what_is_over_stays_over() -> None:
    assert not [cell for cell in TABLE if cell[0] is State.CLOSED]


@given(st.none() | st.sampled_from([opened(state) for state in State]), st.booleans(), st.booleans() | st.none())
def test_power_is_never_on_without_a_session_nor_cut_under_a_job(
    session: Session | None, running: bool, observed: bool | None
) -> None:
    wanted = desired_power(out_of_service=False, session=session, running=running, observed=observed)

    if session is None or session.state in (State.CLOSED, State.INTERRUPTED):
        assert wanted is not True
    if running:
        assert wanted is not False
    if not observed and session is not None and session.state is not State.OPENING:
        assert wanted is not True


@given(st.none() | st.sampled_from([opened(state) for state in State]), st.booleans() | st.none())
def test_a_machine_out_of_service_is_never_switched_on(session: Session | None, observed: bool | None) -> None:
    assert desired_power(out_of_service=True, session=session, running=False, observed=observed) is False
