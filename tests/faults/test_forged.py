"""Forged and replayed cards, facts and commands: none is taken."""

from random import Random

import pytest

from devices import envelope
from firmware_bridges.runner import BridgeRunner
from gateway.adapters import card_crypto
from gateway.domain.cards import Shown
from tests.faults import forged
from tests.faults.forged import KINDS, forge, of_forgeries
from tests.faults.lengths import short_and_long


@pytest.mark.parametrize("count", short_and_long(100_000, 10_000_000))
def test_nothing_that_is_forged_or_played_back_is_taken(publish, count):
    found = forge(count, seed=count)
    publish(of_forgeries(found))
    assert found.trials == count
    assert found.taken == ()


def taken(kind, count=400):
    return any(KINDS[kind][1](count, Random(1)))


def any_signature(monkeypatch):
    monkeypatch.setattr(card_crypto.hmac, "compare_digest", lambda one, other: one[:0] == other[:0])
    return "forged cards"


def no_counter(monkeypatch):
    monkeypatch.setattr(forged, "shown_as", lambda card, _badge: Shown.PROVEN if card.genuine else Shown.FORGED)
    return "replayed cards"


def unsigned_facts(monkeypatch):
    monkeypatch.setattr(envelope, "sign", lambda *_data, **_how: b"")
    monkeypatch.setattr(envelope.hmac, "compare_digest", lambda _one, _other: True)
    return "facts with a broken signature"


def node_that_believes(monkeypatch):
    monkeypatch.setattr("firmware_bridges.firmware.badge_node.wire.same", lambda _one, _other: True)
    return "orders that a node was not sent"


def bridge_that_forgets(monkeypatch):
    monkeypatch.setattr(BridgeRunner, "_remember", lambda _runner, _id: None)
    return "replayed, late or retained commands"


BUGS = [any_signature, no_counter, unsigned_facts, node_that_believes, bridge_that_forgets]


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(monkeypatch, plant):
    assert taken(plant(monkeypatch))
