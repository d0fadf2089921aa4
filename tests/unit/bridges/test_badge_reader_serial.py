"""A tap over a real serial line: told once, as hashes, and the number nowhere else."""

import logging

import pytest
from pydantic import ValidationError

from devices.badge_reader import hash_forms
from devices.messages import BadgeTapped, ShowVerdict, Tone
from devices.simulated.badge_reader import SimulatedBadgeReader
from firmware_bridges.badge_reader_serial import Settings, build
from firmware_bridges.bridge import BridgeContext
from firmware_bridges.twins.pty import PtyTwin
from gateway.adapters.card_crypto import SunKeys, hide
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.errors import BridgeLost, StoreUnavailable
from tests.fakes.card import MASTER, SITE_KEY, Card, address
from tests.fakes.clock import START
from tests.fakes.report_recording import RecordingReporter, Running, running, wait_until

KEY = b"k" * 32
BADGE = bytes.fromhex("010063E9AE")
CARD = bytes.fromhex("FB0EE20B")
PHONE = bytes.fromhex("08A1B2C3")


def hashed(canonical):
    return hash_forms(canonical, key=KEY, key_id="k1")


class FastClock(SystemClock):
    """Three seconds in one, for the silences of readers that say nothing."""

    def monotonic(self):
        return super().monotonic() * 3


def reader_at(tmp_path, kind, clock=None):
    return PtyTwin(SimulatedBadgeReader(kind), tmp_path / "reader", clock or SystemClock(), tick_s=0.005)


def bridge_to(twin, protocol="auto"):
    context = BridgeContext(
        site="lab",
        device="laser-reader",
        bus=None,
        clock=twin._clock,
        ids=TimeOrderedIds(),
        hash_badge=hashed,
        hide_card=lambda said: hide(SITE_KEY, said),
    )
    return build(context, Settings(port=str(twin.link), protocol=protocol))


def hold(twin, badge=BADGE, seconds=0.2):
    twin.do(lambda reader, now: reader.hold(badge, now, seconds=seconds))


KINDS = [
    ("rdm6300", "rdm6300", "em:010063E9AE"),
    ("rdm6300", "auto", "em:010063E9AE"),
    ("id12la", "id12la", "em:010063E9AE"),
    ("keyboard-decimal", "keyboard-decimal", "n32:0063E9AE"),
    ("keyboard-facility", "auto", "n24:63E9AE"),
    ("keyboard-hex", "keyboard-hex", "n32:0063E9AE"),
    ("keyboard-10-hex", "keyboard-hex", "em:010063E9AE"),
]


@pytest.mark.parametrize(("kind", "protocol", "number"), KINDS)
def test_a_badge_held_to_a_reader_is_one_tap_of_hashes(tmp_path, kind, protocol, number):
    with reader_at(tmp_path, kind) as twin, running(bridge_to(twin, protocol)) as run:
        run.wait(lambda: run.connected)
        hold(twin)
        run.wait(lambda: run.report.facts)
        wait_until(lambda: twin.device._badge is None)
        assert run.report.facts == [BadgeTapped(badge=hashed(number))]
        assert not run.report.nonsenses


@pytest.mark.parametrize("plainly", [False, True])
def test_a_card_that_signs_is_told_as_its_own_message_and_never_as_a_number(tmp_path, plainly):
    card = Card(bytes.fromhex("04DE5F1EACC040"))
    said = card.read_plainly() if plainly else card.read()
    told = f"https://x/?uid=04DE5F1EACC040&ctr=000001&cmac={said.mac}" if plainly else address(said)
    with reader_at(tmp_path, "keyboard-hex") as twin, running(bridge_to(twin, "auto")) as run:
        run.wait(lambda: run.connected)
        twin.do(lambda reader, _now: reader.babble(f"{told}\r\n".encode()))
        run.wait(lambda: run.report.facts)
        (tap,) = run.report.facts
    assert tap.badge == ()
    assert SunKeys(lambda: MASTER, SITE_KEY, hashed)(tap.sun).genuine
    assert "04DE5F1EACC040" not in repr(tap)


class FullDisk(RecordingReporter):
    """Keeps nothing while ``full``."""

    full = True
    refused = 0

    def fact(self, fact):
        if self.full:
            self.refused += 1
            raise StoreUnavailable("the outbox cannot be used")
        super().fact(fact)


def test_a_tap_that_cannot_be_kept_is_refused_and_the_next_one_is_heard(tmp_path):
    with reader_at(tmp_path, "rdm6300") as twin, running(bridge_to(twin), FullDisk()) as run:
        run.wait(lambda: run.connected)
        hold(twin)
        run.wait(lambda: run.report.refused)
        run.report.full = False
        hold(twin, CARD + b"\0")
        run.wait(lambda: run.report.facts)
        assert len(run.connected) == 1


def test_the_same_badge_after_a_pause_is_another_tap(tmp_path):
    with reader_at(tmp_path, "rdm6300") as twin, running(bridge_to(twin)) as run:
        run.wait(lambda: run.connected)
        hold(twin, seconds=0.1)
        run.wait(lambda: run.report.facts)
        end = twin._clock.monotonic() + 0.6
        wait_until(lambda: twin._clock.monotonic() > end)
        hold(twin, seconds=0.1)
        run.wait(lambda: len(run.report.facts) == 2)


def test_a_pn532_is_woken_and_reads_cards_and_refuses_what_changes_every_time(tmp_path):
    with reader_at(tmp_path, "pn532") as twin, running(bridge_to(twin, "pn532")) as run:
        run.wait(lambda: run.connected == ["pn532"])
        hold(twin, PHONE, 0.3)
        run.wait(lambda: run.report.nonsenses)
        wait_until(lambda: twin.device._badge is None)
        hold(twin, CARD, 0.3)
        run.wait(lambda: run.report.facts)
        wait_until(lambda: twin.device._badge is None)
        assert run.report.facts == [BadgeTapped(badge=hashed("uid:FB0EE20B"))]
        assert run.report.nonsenses == [("random id", b"")]


def test_a_pn532_that_does_not_answer_is_lost_with_a_plain_sentence(tmp_path):
    with reader_at(tmp_path, "pn532", FastClock()) as twin:
        twin.device.silent = True
        run = Running(bridge_to(twin, "pn532"))
        error = run.wait_for_end()
        assert isinstance(error, BridgeLost)
        assert str(error) == f"{twin.link}: the PN532 does not answer; is it set to HSU, and 115200 baud?"
        assert not run.connected


def test_a_pulled_cable_is_told_and_a_tap_after_the_replug_counts(tmp_path):
    with reader_at(tmp_path, "rdm6300") as twin:
        bridge, report = bridge_to(twin), RecordingReporter()
        run = Running(bridge, report)
        run.wait(lambda: run.connected)
        twin.unplug()
        error = run.wait_for_end()
        assert isinstance(error, BridgeLost)
        assert str(twin.link) in str(error)
        twin.replug()
        with running(bridge, report) as again:
            again.wait(lambda: again.connected)
            hold(twin)
            again.wait(lambda: report.facts)


def test_a_badge_held_while_nobody_listened_is_no_tap(tmp_path):
    with reader_at(tmp_path, "rdm6300") as twin:
        hold(twin, CARD + b"\x01", 0.05)
        wait_until(lambda: twin.device._badge is None)
        with running(bridge_to(twin)) as run:
            run.wait(lambda: run.connected)
            hold(twin)
            run.wait(lambda: run.report.facts)
            assert run.report.facts == [BadgeTapped(badge=hashed("em:010063E9AE"))]


def test_no_number_reaches_a_log_a_fact_or_a_report_of_nonsense(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with reader_at(tmp_path, "rdm6300") as twin, running(bridge_to(twin)) as run:
        run.wait(lambda: run.connected)
        twin.do(lambda reader, _: reader.babble(b"\x02010063E9AE99\x03\x020100\xff010063E9AE\r\n010063E9AE9\r\n"))
        run.wait(lambda: len(run.report.nonsenses) >= 2)
        hold(twin)
        run.wait(lambda: run.report.facts)
        told = f"{run.report.facts} {run.report.nonsenses} {caplog.text}".upper()
    for secret in ("63E9AE", "6547886", "59822"):
        assert secret not in told


def test_settings_say_what_is_wrong_and_the_speed_follows_the_protocol():
    assert Settings(port="x").speed == 9600
    assert Settings(port="x", protocol="pn532").speed == 115200
    assert Settings(port="x", protocol="pn532", baudrate=9600).speed == 9600
    for wrong in ({"port": ""}, {"port": "x", "protocol": "wiegand"}, {"port": "x", "speed": 1}):
        with pytest.raises(ValidationError):
            Settings(**wrong)


def test_it_obeys_nothing(tmp_path):
    with reader_at(tmp_path, "rdm6300") as twin:
        bridge_to(twin).obey(ShowVerdict(id="1", expires_at=START, tone=Tone.GRANTED, code="x"))
