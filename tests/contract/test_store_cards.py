"""A card's counter only rises, also when two gateways hear the same card at once."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.cards import Shown, ShownBadge
from gateway.domain.people import Role
from gateway.ports.store import Token
from tests.fixtures_store import NOW, badge, make_lab


def test_the_counter_rises_and_never_falls(store):
    lab = make_lab(store)
    reader = lab.devices["reader-1"]
    with store.begin() as work:
        before = work.facts_for_tap(reader, badge("ada"), NOW)
        assert before.access.shown is Shown.NUMBER
        assert before.badge is not None
        assert before.badge.counter is None
        said = [work.raise_counter(before.badge.id, counter) for counter in (5, 5, 4, 6)]
    assert said == [True, False, False, True]
    with store.begin() as work:
        assert work.facts_for_tap(reader, badge("ada"), NOW).badge == ShownBadge(id=before.badge.id, counter=6)
        assert work.facts_for_tap(reader, badge("stranger"), NOW).badge is None
        member = before.access.member
        assert member is not None
        known = work.facts_for_member(lab.laser.id, member.id, NOW)
    assert (known.access.shown, known.badge) == (None, None)


def test_a_screen_is_found_at_its_machine_or_beside_its_reader_while_its_key_is_good(store):
    lab = make_lab(store)
    reader = lab.devices["reader-1"]
    with store.begin() as work:
        assert not work.has_screen(lab.laser.id, reader.id, NOW)
        token = Token(id="t", digest="d", role=Role.KIOSK, label="", created_at=NOW, resource=lab.laser.slug)
        work.add_token(replace(token, expires_at=NOW + timedelta(hours=1)))
        assert work.has_screen(lab.laser.id, "another", NOW)
        assert not work.has_screen("another", reader.id, NOW)
        assert not work.has_screen(lab.laser.id, "another", NOW + timedelta(hours=1))
        work.revoke_token("t", NOW)
        assert not work.has_screen(lab.laser.id, "another", NOW)
        work.add_token(replace(token, id="u", digest="e", resource=None, reader=reader.slug))
        assert work.has_screen("another", reader.id, NOW)


def test_a_code_is_known_to_be_there(store):
    lab = make_lab(store)
    with store.begin() as work:
        member = work.facts_for_tap(lab.devices["reader-1"], badge("ada"), NOW).access.member
        assert not work.has_pin(member.id)
        work.set_pin(member.id, "kept", NOW)
        assert work.has_pin(member.id)
