"""Accounts in the store: one browser session per cookie, links that work once whatever happens at once, roles per site."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.accounts import BrowserSession, SignedInBy, SignInLink
from gateway.domain.people import Member, Role
from tests.fixtures_store import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def session(stored_lab):
    return BrowserSession(
        id=stored_lab.ids.new(), member_id=stored_lab.ada.id, digest="d1", by=SignedInBy.PASSWORD, second_factor=False,
        device="Firefox, Linux", created_at=NOW, last_seen_at=NOW, expires_at=NOW + HOUR,
    )  # fmt: skip


def keep(store, *sessions):
    with store.begin() as work:
        for session in sessions:
            work.add_browser_session(session)


def test_a_browser_is_known_until_its_time_is_over_or_it_is_ended(store, stored_lab, session):
    keep(store, session)
    views = store.views()
    found = views.signed_in("d1", NOW)
    assert (found.session, found.first_name, found.role, found.language) == (session, "Ada", Role.MEMBER, None)
    assert views.signed_in("d2", NOW) is None
    assert views.signed_in("d1", NOW + HOUR) is None
    with store.begin() as work:
        work.note_browser_session(session.id, seen=NOW + HOUR / 2, until=NOW + 2 * HOUR)
    assert views.signed_in("d1", NOW + HOUR).session.last_seen_at == NOW + HOUR / 2
    with store.begin() as work:
        assert not work.forget_browser_session(stored_lab.bob.id, session.id)
        assert work.forget_browser_session(stored_lab.ada.id, session.id)
        work.note_browser_session(session.id, seen=NOW, until=NOW + HOUR)
    assert views.signed_in("d1", NOW) is None


def test_whoever_is_suspended_is_known_nowhere(store, stored_lab, session):
    keep(store, session)
    with store.begin() as work:
        work.put_member(replace(stored_lab.ada, active=False))
    assert store.views().signed_in("d1", NOW) is None


def test_the_others_of_one_member_are_ended_and_nobody_else_s(store, stored_lab, session):
    others = [replace(session, id=f"s{n}", digest=f"x{n}", last_seen_at=NOW - n * HOUR) for n in (1, 2)]
    bobs = replace(session, id="b", digest="b", member_id=stored_lab.bob.id)
    keep(store, session, *others, bobs)
    assert store.views().browser_sessions(stored_lab.ada.id, NOW) == (session, *others)
    with store.begin() as work:
        assert work.forget_browser_sessions(stored_lab.ada.id, session.id) == 2
        assert work.forget_browser_sessions(stored_lab.bob.id, None) == 1
    assert store.views().browser_sessions(stored_lab.ada.id, NOW) == (session,)


def test_what_is_over_goes(store, stored_lab, session):
    keep(store, session, replace(session, id="s2", digest="d2", expires_at=NOW + 2 * HOUR))
    with store.begin() as work:
        work.forget_expired(NOW + HOUR)
    assert [one.id for one in store.views().browser_sessions(stored_lab.ada.id, NOW)] == ["s2"]


def test_of_many_who_use_a_link_at_once_one_does(store, stored_lab):
    link = SignInLink(
        digest="l", address="ada@example.org", toward="/r/laser-1", created_at=NOW, expires_at=NOW + HOUR
    )  # fmt: skip
    with store.begin() as work:
        work.add_link(link)
    assert store.views().link("l", NOW) == link
    assert store.views().link("l", NOW + HOUR) is None

    def use(_):
        with store.begin() as work:
            return work.use_link("l", NOW)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(use, range(12))) == 1
    assert store.views().link("l", NOW) is None


def test_a_role_is_kept_when_the_member_is_changed_and_is_nobody_s_who_is_not_here(store, stored_lab):
    with store.begin() as work:
        assert work.role(stored_lab.ada.id) is Role.MEMBER
        work.set_role(stored_lab.ada.id, Role.MANAGER)
        work.put_member(replace(stored_lab.ada, last_name="Autre", responsible=True))
        assert work.role(stored_lab.ada.id) is Role.MANAGER
        assert work.role("nobody") is None
    assert store.views().role(stored_lab.ada.id) is Role.MANAGER
    both = {stored_lab.ada.id: Role.MANAGER, stored_lab.bob.id: Role.MEMBER}
    assert store.views().roles([*both, "nobody"]) == both


def test_members_are_found_by_address_whatever_its_capitals_and_only_active_ones(store, stored_lab):
    child = Member(id=stored_lab.ids.new(), first_name="Zoé", email="Ada@Example.org", created_at=NOW + HOUR)
    gone = Member(id=stored_lab.ids.new(), first_name="Max", email="ada@example.org", active=False)
    with store.begin() as work:
        work.put_member(child)
        work.put_member(gone)
    assert [one.first_name for one in store.views().members_at("ada@example.org")] == ["Ada", "Zoé"]
    assert store.views().members_at("") == ()


def test_a_password_is_kept_changed_and_forgotten(store, stored_lab):
    views, ada = store.views(), stored_lab.ada.id
    for kept in ("one", "two", None):
        with store.begin() as work:
            work.set_password(ada, kept, NOW)
        assert views.password(ada) == kept
