"""From tap to power: what a member, a stranger and the unsure person who taps twice get."""

from devices.messages import (
    BadgeTapped,
    HashedBadge,
    JobEnded,
    JobStarted,
    Outcome,
    PowerReported,
    SetPower,
    ShowVerdict,
    Tone,
)
from gateway.domain.refusals import Code
from gateway.domain.sessions import EndReason, State
from gateway.service.bookings import book
from gateway.service.resources import end_session, take_out
from tests.fakes.service_lab import ServiceLab, hashed


def tone(lab: ServiceLab) -> Tone:
    verdicts = [command for command in lab.commands("reader-1") if isinstance(command, ShowVerdict)]
    return verdicts[-1].tone


def test_a_trained_member_gets_power_under_a_ceiling_and_the_relay_confirms(lab: ServiceLab) -> None:
    lab.tap("ada")

    order = lab.commands("plug-1")[-1]
    assert isinstance(order, SetPower)
    assert (order.on, order.ceiling_s) == (True, lab.laser.ceiling_s)
    assert tone(lab) is Tone.GRANTED
    assert lab.session().state is State.OPENING
    lab.say("plug-1", PowerReported(on=True, cause="command"))
    assert lab.session().state is State.ACTIVE


def test_an_untrained_member_is_refused_with_the_reason_and_nothing_is_powered(lab: ServiceLab) -> None:
    lab.tap("bob")

    assert lab.power() == []
    assert lab.session() is None
    assert tone(lab) is Tone.REFUSED
    (refused,) = lab.events("tap_refused")
    assert refused.data["refusals"] == [Code.TRAINING_MISSING]
    assert refused.member_id == lab.bob


def test_an_unknown_badge_leaves_its_hash_for_enrolment_and_no_number(lab: ServiceLab) -> None:
    lab.tap("stranger")

    (refused,) = lab.events("tap_refused")
    assert refused.data["refusals"] == [Code.BADGE_UNKNOWN]
    assert refused.data["badge"] == [{"form": "em-10", "key_id": "k1", "digest": b"stranger".hex()}]


def test_the_unsure_second_tap_changes_nothing(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.later(9)
    lab.tap("ada")

    assert lab.session().state is State.ACTIVE
    assert lab.power() == [True]


def test_a_later_tap_ends_the_idle_session_and_cuts_the_power(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.later(60)
    lab.tap("ada")

    assert lab.session() is None
    assert lab.power() == [True, False]
    (closed,) = lab.events("session_closed")
    assert closed.data["enabled_s"] == 60
    assert closed.data["reason"] == EndReason.TAPPED_OUT


def test_a_tap_under_a_running_job_never_cuts_and_the_end_of_the_job_ends_the_session(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.say("grbl-1", JobStarted(job="j1", name="boite.gcode"))
    lab.later(100)
    lab.tap("ada")
    assert lab.session().state is State.LEAVING
    assert lab.power() == [True]

    lab.later(20)
    lab.say("grbl-1", JobEnded(job="j1", outcome=Outcome.FINISHED, wall_s=120, active_s=110, paused_s=10))

    assert lab.session() is None
    assert lab.power() == [True, False]
    (closed,) = lab.events("session_closed")
    assert (closed.data["active_s"], closed.data["idle_s"]) == (110, 10)
    (ended,) = lab.events("job_ended")
    assert ended.member_id == lab.ada


def test_a_second_member_is_told_that_the_machine_is_in_use(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.tap("bob")

    (refused,) = lab.events("tap_refused")
    assert set(refused.data["refusals"]) == {Code.TRAINING_MISSING, Code.IN_USE}


def test_a_booking_of_another_refuses_and_tells_until_when(lab: ServiceLab) -> None:
    with lab.store.begin() as work:
        book(
            work, id=lab.ids.new(), resource="laser-1", member_id=lab.bob, starts=lab.clock.now(),
            ends=lab.in_(hours=1), now=lab.clock.now(),
        )  # fmt: skip
    lab.tap("ada")

    (refused,) = lab.events("tap_refused")
    (reason,) = refused.data["reasons"]
    assert reason == {"code": "reserved_by_other", "params": {"until": lab.in_(hours=1).isoformat()}}


def test_a_late_tap_is_history_and_never_grants(lab: ServiceLab) -> None:
    lab.tap("ada", age_ms=11_000)
    lab.tap("ada", age_ms=None)

    assert lab.power() == []
    assert lab.session() is None
    first, _second = lab.events("tap_late")
    assert first.at == lab.in_(seconds=-11)


def test_power_lost_interrupts_and_only_a_new_tap_powers_again(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.later(30)
    lab.say("plug-1", PowerReported(on=False, cause="boot"))
    lab.sweeper.sweep()
    assert lab.session().state is State.INTERRUPTED
    assert lab.power() == [True]

    lab.tap("ada")
    assert lab.power() == [True, True]


def test_a_relay_that_comes_back_on_by_itself_is_told_off(lab: ServiceLab) -> None:
    lab.say("plug-1", PowerReported(on=True, cause="boot"))

    assert lab.power() == [False]


def test_out_of_service_refuses_new_starts_and_cuts_only_when_idle(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.say("grbl-1", JobStarted(job="j1"))
    with lab.store.begin() as work:
        take_out(work, slug="laser-1", reason="Miroir cassé", back_at=None, now=lab.clock.now())
    lab.sweeper.sweep()
    assert lab.power() == [True]

    lab.say("grbl-1", JobEnded(job="j1", outcome=Outcome.FINISHED, wall_s=1, active_s=1, paused_s=0))
    assert lab.power() == [True, False]


def test_staff_end_a_session_and_the_sweep_cuts_the_power(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    with lab.store.begin() as work:
        ended = end_session(work, slug="laser-1", now=lab.clock.now())
    lab.later(2)
    lab.sweeper.sweep()

    assert ended is not None
    assert ended.end_reason is EndReason.STAFF
    assert lab.power() == [True, False]


def test_a_silent_relay_refuses_the_start(lab: ServiceLab) -> None:
    lab.status("plug-1", online=False)
    lab.tap("ada")

    (refused,) = lab.events("tap_refused")
    assert refused.data["refusals"] == [Code.INTERLOCK_UNKNOWN]


def test_a_stranger_whose_number_shares_its_last_bits_is_not_let_in(lab: ServiceLab) -> None:
    def badge(full: str) -> tuple[HashedBadge, ...]:
        return (
            HashedBadge(form="em-10", key_id="k1", digest=full), HashedBadge(form="n-24", key_id="k1", digest="same")
        )  # fmt: skip

    with lab.store.begin() as work:
        assert work.add_badge(id=lab.ids.new(), member_id=lab.ada, badge=badge("hers"), now=lab.clock.now())
    lab.say("reader-1", BadgeTapped(badge=badge("strangers")))
    (refused,) = lab.events("tap_refused")
    assert refused.data["refusals"] == [Code.BADGE_UNKNOWN]

    lab.say("reader-1", BadgeTapped(badge=badge("hers")[1:]))
    assert lab.power() == [True]


def test_a_tap_that_waited_for_its_predecessors_while_we_were_away_never_grants(lab: ServiceLab) -> None:
    lab.hear(lab.fact("reader-1", BadgeTapped(badge=hashed("ada")), seq=2))
    assert lab.power() == []

    lab.later(600)
    lab.consumer._close_gaps()

    assert lab.power() == []
    assert lab.session() is None
    (late,) = lab.events("tap_late")
    assert late.at == lab.in_(seconds=-600)


def test_a_tap_that_waited_in_our_own_queue_is_as_old_as_that(lab: ServiceLab) -> None:
    tap, heard_at = lab.fact("reader-1", BadgeTapped(badge=hashed("ada")), age_ms=6000), lab.clock.now()
    lab.later(5)
    lab.consumer.consume([(tap, heard_at)])

    assert lab.power() == []


def test_a_relay_that_is_on_already_is_told_anyway_so_that_it_confirms_and_knows_its_ceiling(lab: ServiceLab) -> None:
    lab.say("grbl-1", JobStarted(job="j0"))
    lab.say("plug-1", PowerReported(on=True))
    assert lab.power() == []
    lab.tap("ada")

    order = lab.commands("plug-1")[-1]
    assert isinstance(order, SetPower)
    assert (order.on, order.ceiling_s) == (True, lab.laser.ceiling_s)
    lab.say("plug-1", PowerReported(on=True, cause="command"))
    assert lab.session().state is State.ACTIVE
    lab.later(16)
    lab.sweeper.sweep()
    assert lab.power() == [True]
    assert lab.events("alarm_raised") == []


def test_out_of_service_never_cuts_a_running_job_not_even_while_another_session_begins(lab: ServiceLab) -> None:
    lab.say("grbl-1", JobStarted(job="j0"))
    lab.say("plug-1", PowerReported(on=True))
    lab.tap("ada")
    with lab.store.begin() as work:
        take_out(work, slug="laser-1", reason=None, back_at=None, now=lab.clock.now())
    for _ in range(10):
        lab.later(2)
        lab.sweeper.sweep()

    assert False not in lab.power()


def test_a_relay_that_restarts_and_comes_back_on_by_itself_is_switched_off_until_a_new_tap(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True, cause="command"))
    lab.later(60)
    lab.say("plug-1", PowerReported(on=True, cause="boot"))

    assert lab.session().state is State.INTERRUPTED
    assert lab.power() == [True, False]
    lab.say("plug-1", PowerReported(on=False, cause="command"))
    lab.tap("ada")
    assert lab.power() == [True, False, True]
