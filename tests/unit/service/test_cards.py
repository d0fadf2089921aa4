"""A card that cannot be cloned: what its tap is worth, what a copy of it is worth, and that it counts once."""

from dataclasses import replace

import pytest

from devices.badge_reader import hash_forms
from devices.messages import BadgeTapped, SunMessage
from gateway.adapters.card_crypto import SunKeys, hide
from gateway.domain.cards import Shown
from gateway.domain.layers import SaidPolicies
from gateway.domain.node_lists import lockout
from gateway.domain.refusals import Code
from gateway.domain.sessions import State
from gateway.service import kiosk, members
from tests.fakes.card import MASTER, SITE_KEY, Card
from tests.fakes.service_lab import ServiceLab

UID = bytes.fromhex("04DE5F1EACC040")


def hashed(canonical):
    return hash_forms(canonical, key=b"k" * 32, key_id="k1")


NUMBER = hashed("uid:04DE5F1EACC040")


@pytest.fixture
def cards(lab: ServiceLab):
    """The lab, with a card of Ada's, and a laser that asks for it."""
    lab.consumer._cards = SunKeys(lambda: MASTER, SITE_KEY, hashed)
    with lab.store.begin() as work:
        work.add_badge(id="card", member_id=lab.ada, badge=NUMBER, now=lab.clock.now())
        work.put_site_policies(SaidPolicies(use={"unclonable_card": True}))
    return lab


def tap(lab: ServiceLab, sun: SunMessage, **how):
    lab.say("reader-1", BadgeTapped(badge=(), sun=sun), **how)


def refusals(lab: ServiceLab):
    return [event.data["refusals"] for event in lab.events("tap_refused")]


def badge_of(lab: ServiceLab):
    return next(badge for badge in lab.store.views().badges_of(lab.ada) if badge.id == "card")


def test_the_card_itself_opens_and_is_known_as_one_from_then_on(cards):
    assert not badge_of(cards).unclonable
    tap(cards, Card(UID).read())
    assert cards.session().state is State.OPENING
    assert cards.events("tap_granted")[0].data["card"] == "proven"
    assert badge_of(cards).unclonable


def test_a_card_that_says_its_number_plainly_opens_as_well(cards):
    tap(cards, hide(SITE_KEY, Card(UID).read_plainly()))
    assert cards.session() is not None


def test_its_number_alone_is_refused_where_the_card_is_asked_for_and_enough_elsewhere(cards):
    cards.say("reader-1", BadgeTapped(badge=NUMBER))
    assert refusals(cards) == [[Code.CARD_NOT_PROVEN]]
    with cards.store.begin() as work:
        work.put_site_policies(SaidPolicies())
    cards.say("reader-1", BadgeTapped(badge=NUMBER))
    assert cards.session() is not None


def test_a_forged_message_is_nobodys_badge_and_nothing_is_offered_for_it(cards):
    sun = Card(UID).read()
    tap(cards, replace(sun, mac="0" * 16))
    assert refusals(cards) == [[Code.CARD_FORGED]]
    (refused,) = cards.events("tap_refused")
    assert refused.member_id is None
    assert "badge" not in refused.data
    assert cards.session() is None
    tap(cards, sun)
    assert cards.session() is not None, "a forgery must not use up the card's own message"


def test_what_was_good_once_is_refused_ever_after_even_where_any_badge_will_do(cards):
    with cards.store.begin() as work:
        work.put_site_policies(SaidPolicies())
    card = Card(UID)
    first, second = card.read(), card.read()
    tap(cards, second)
    cards.later(60)
    for sun in (second, first):
        tap(cards, sun)
    assert refusals(cards) == [[Code.CARD_REPLAYED]] * 2
    assert cards.session() is not None, "an overheard tap must not end what its owner began"


def test_a_refused_tap_uses_its_message_up_too(cards):
    with cards.store.begin() as work:
        work.put_member(replace(work.member(cards.ada), active=False))
    sun = Card(UID).read()
    tap(cards, sun)
    with cards.store.begin() as work:
        work.put_member(replace(work.member(cards.ada), active=True))
    tap(cards, sun)
    assert refusals(cards) == [[Code.MEMBER_INACTIVE], [Code.CARD_REPLAYED]]


def test_the_same_fact_sent_again_is_one_tap_and_no_replay(cards):
    fact = cards.fact("reader-1", BadgeTapped(badge=(), sun=Card(UID).read()))
    cards.hear(fact, fact)
    cards.hear(fact)
    assert cards.session() is not None
    assert refusals(cards) == []


def test_an_old_tap_that_comes_late_is_history_and_no_alarm(cards):
    card = Card(UID)
    waited, later = card.read(), card.read()
    tap(cards, later)
    tap(cards, waited, age_ms=3_600_000)
    assert refusals(cards) == []
    assert len(cards.events("tap_late")) == 1


def test_a_new_card_is_given_by_its_tap_and_that_tap_opens_nothing_again(cards):
    card = Card(bytes.fromhex("04958CAA5C5E80"))
    sun = card.read()
    tap(cards, sun)
    (event,) = cards.store.views().unknown_badges(cards.in_(hours=-1))
    with cards.store.begin() as work:
        members.enrol_tapped(work, id="new", member_id=cards.ada, event_id=event.id, now=cards.clock.now())
    assert next(badge for badge in cards.store.views().badges_of(cards.ada) if badge.id == "new").unclonable
    tap(cards, sun)
    assert refusals(cards)[-1] == [Code.CARD_REPLAYED]
    tap(cards, card.read())
    assert cards.session() is not None


def test_neither_number_nor_message_stands_in_the_log(cards):
    card = Card(UID)
    sun = card.read()
    tap(cards, sun)
    tap(cards, replace(sun, mac="0" * 16))
    told = repr(cards.events())
    assert not any(text in told.upper() for text in ("04DE5F1EACC040", sun.picc, sun.mac))


def test_a_node_alone_opens_no_machine_that_asks_for_the_card(cards):
    with cards.store.begin() as work:
        facts = work.facts_for_member(cards.laser.id, cards.ada, cards.clock.now())
    assert lockout(facts.access) == Code.CARD_NOT_PROVEN


def test_a_finger_on_the_kiosk_is_worth_what_the_tap_before_it_was(cards):
    for shown, opened in ((Shown.NUMBER, False), (Shown.PROVEN, True)):
        with cards.store.begin() as work:
            reader = work.reader("reader-1")
            assert reader is not None
            chosen = kiosk.Chosen(reader=reader, resource="laser-1", member_id=cards.ada, shown=shown)
            kiosk.begin(work, chosen, cards.clock.now(), cards.ids)
        assert (cards.session() is not None) is opened
