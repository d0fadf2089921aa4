"""What must hold of one machine whatever happens to it; and that each promise, broken on purpose, is found."""

from dataclasses import replace

import pytest

from gateway.domain.resources import Presence
from gateway.domain.sessions import State
from gateway.service import taps, uses
from tests.faults import model
from tests.faults.lengths import short_and_long
from tests.faults.model import Machine, live, of_the_model


def no_rights(monkeypatch):
    real = taps.find_way
    monkeypatch.setattr(taps, "find_way", lambda access, *more: real(replace(access, requirements=()), *more))
    return "powered without right"


def cut_at_lockout(monkeypatch):
    real = uses.desired_power
    monkeypatch.setattr(uses, "desired_power", lambda **how: real(**how | {"running": False}))
    return "cut while running"


def lease_of_the_network(monkeypatch):
    def lose(machine):
        machine.lab.status("plug-1", online=False)
        machine.plug.twin.on = machine.plug.twin._closed = False

    monkeypatch.setattr(Machine, "lose_network", lose)
    return "for a network reason"


def switched_on_again(monkeypatch):
    real = uses.desired_power

    def broken(**how):
        session = how["session"]
        return True if session is not None and session.state is State.INTERRUPTED else real(**how)

    monkeypatch.setattr(uses, "desired_power", broken)
    return "alone|by itself"


def two_at_once(monkeypatch):
    real = taps.find_way
    monkeypatch.setattr(taps, "find_way", lambda access, *more: real(replace(access, session=None), *more))
    monkeypatch.setattr(model, "GUARDS_OFF", True)
    return "two sessions"


def nonsense_is_off(monkeypatch):
    real = model.board_state

    def broken(view, now):
        devices = tuple(replace(d, power_on=bool(d.power_on), presence=Presence.ONLINE) for d in view.devices)
        return real(replace(view, devices=devices), now)

    monkeypatch.setattr(model, "board_state", broken)
    return "UNKNOWN shown"


BUGS = [no_rights, cut_at_lockout, lease_of_the_network, switched_on_again, two_at_once, nonsense_is_off]


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_promise_that_is_broken_on_purpose_is_found(monkeypatch, plant):
    with pytest.raises(AssertionError, match=plant(monkeypatch)):
        live(300, 50)


@pytest.mark.parametrize("size", short_and_long((60, 50), (20_000, 100)))
def test_nothing_of_what_is_promised_breaks(publish, size):
    runs, steps = size
    live(runs, steps)
    publish(of_the_model(runs, steps))
    assert Machine.seen["network while running"] > runs / 6, Machine.seen
    assert Machine.seen["let in"] > runs / 2, Machine.seen
