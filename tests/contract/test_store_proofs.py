"""Cards, codes, tries and second factors in the store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from gateway.domain.accounts import BrowserSession, SignedInBy
from gateway.domain.proofs import Card, Passkey, Proof, SecondFactor, Tries
from gateway.service import proofs
from tests.fixtures_store import NOW, badge

HOUR = timedelta(hours=1)


def test_a_card_names_its_holder_until_it_is_revoked(store, stored_lab):
    ada, views = stored_lab.ada.id, store.views()
    with store.begin() as work:
        work.add_card(Card(id="c1", member_id=ada, digest="d1", made_at=NOW))
        work.add_card(Card(id="c2", member_id=ada, digest="d2", made_at=NOW + HOUR))
    assert (views.card_holder("d1"), views.card_holder("d3")) == (ada, None)
    assert views.cards([ada, stored_lab.bob.id]) == {ada: NOW + HOUR}
    with store.begin() as work:
        assert work.revoke_cards(ada, NOW) == 2
        assert work.revoke_cards(ada, NOW) == 0
    assert views.card_holder("d1") is None
    assert views.cards([ada]) == {}


def test_a_badge_names_its_holder_by_any_form_until_it_is_revoked(store, stored_lab):
    views = store.views()
    assert views.badge_holder(badge("ada")[1:]) == stored_lab.ada.id
    assert views.badge_holder(badge("nobody")) is None
    assert views.badge_holder(()) is None
    with store.begin() as work:
        work.revoke_badges(stored_lab.ada.id, NOW)
    assert views.badge_holder(badge("ada")) is None


def test_a_code_of_six_digits_is_kept_and_changed(store, stored_lab):
    for kept in ("one", "two"):
        with store.begin() as work:
            work.set_pin(stored_lab.ada.id, kept, NOW)
        assert store.views().pin(stored_lab.ada.id) == kept
    assert store.views().pin(stored_lab.bob.id) is None


def test_of_many_tries_at_once_only_five_are_looked_at(store, stored_lab):
    def take(_):
        with store.begin() as work:
            return proofs.take_try(work, member_id=stored_lab.ada.id, proof=Proof.PIN, now=NOW)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(12))) == 5
    with store.begin() as work:
        assert work.tries(stored_lab.ada.id, Proof.SECOND_FACTOR) == Tries()
        proofs.it_was_right(work, member_id=stored_lab.ada.id, proof=Proof.PIN)
        assert work.tries(stored_lab.ada.id, Proof.PIN) == Tries()


def test_a_one_time_code_is_taken_once_and_no_older_one_after_it(store, stored_lab):
    ada = stored_lab.ada.id
    with store.begin() as work:
        work.put_second_factor(SecondFactor(member_id=ada, sealed="s"))
        assert [work.use_step(ada, step) for step in (58_000_000, 58_000_000, 57_999_999, 58_000_001)] == [
            True, False, False, True,
        ]  # fmt: skip
        assert not work.use_step(stored_lab.bob.id, 1)


def test_recovery_codes_are_used_once_each_and_go_with_the_second_factor(store, stored_lab):
    ada, views = stored_lab.ada.id, store.views()
    with store.begin() as work:
        work.put_second_factor(SecondFactor(member_id=ada, sealed="s"))
        work.confirm_second_factor(ada, NOW)
        work.put_recovery_codes(ada, ["a", "b"])
        work.put_recovery_codes(ada, ["c", "d", "e"])
        assert not work.use_recovery_code(ada, "a", NOW)
        assert not work.use_recovery_code(stored_lab.bob.id, "c", NOW)
        assert work.use_recovery_code(ada, "c", NOW)
        assert not work.use_recovery_code(ada, "c", NOW)
    assert views.recovery_codes_left(ada) == 2
    assert views.second_factor(ada) == SecondFactor(member_id=ada, sealed="s", confirmed_at=NOW)
    with store.begin() as work:
        assert work.forget_second_factor(ada)
        assert not work.forget_second_factor(ada)
    assert views.second_factor(ada) is None
    assert views.recovery_codes_left(ada) == 0


def test_a_browser_that_has_proved_more_has_another_cookie(store, stored_lab):
    ada, views = stored_lab.ada.id, store.views()
    session = BrowserSession(
        id="s", member_id=ada, digest="d1", by=SignedInBy.CARD, second_factor=False, device="", created_at=NOW,
        last_seen_at=NOW, expires_at=NOW + HOUR,
    )  # fmt: skip
    with store.begin() as work:
        work.add_browser_session(session)
        work.put_second_factor(SecondFactor(member_id=ada, sealed="s"))
    assert not views.signed_in("d1", NOW).has_second_factor
    with store.begin() as work:
        work.confirm_second_factor(ada, NOW)
        assert work.raise_browser_session("s", "d2")
        assert not work.raise_browser_session("gone", "d3")
    assert views.signed_in("d1", NOW) is None
    found = views.signed_in("d2", NOW)
    assert found.has_second_factor
    assert found.session.second_factor


def test_a_passkey_is_known_once_counted_and_removed_by_its_owner(store, stored_lab):
    ada, views = stored_lab.ada.id, store.views()
    key = Passkey(id="k1", member_id=ada, public_key="p", count=0, label="Firefox, Android", created_at=NOW)
    with store.begin() as work:
        assert work.add_passkey(key)
        assert not work.add_passkey(replace(key, member_id=stored_lab.bob.id))
        work.note_passkey("k1", 7, NOW + HOUR)
    assert views.passkeys(ada) == (views.passkey("k1"),) == (replace(key, count=7, last_used_at=NOW + HOUR),)
    assert views.passkeys(stored_lab.bob.id) == ()
    with store.begin() as work:
        assert not work.forget_passkey(stored_lab.bob.id, "k1")
        assert work.forget_passkey(ada, "k1")
    assert views.passkey("k1") is None
