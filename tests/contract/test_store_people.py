"""Members, badges, rights."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from devices.messages import HashedBadge
from gateway.domain.people import Member
from tests.fixtures_store import NOW, badge


def test_a_member_is_changed_in_place(store, stored_lab):
    changed = replace(
        stored_lab.ada, last_name="Ève", email=None, active=False, member_until=NOW, created_at=NOW + timedelta(days=1),
        suspended_reason="prêté son badge", birth_date=date(2010, 2, 28), charter_version=3, guardian_consent_at=NOW,
        responsible=True,
    )  # fmt: skip
    with store.begin() as work:
        work.put_member(changed)
        assert work.member(changed.id) == changed
        assert work.member("nobody") is None
        assert work.facts_for_member(stored_lab.laser.id, changed.id, NOW).access.member == changed
    assert store.views().member(changed.id) == changed


def test_a_badge_belongs_to_one_person(store, stored_lab):
    lab = stored_lab
    mixed = (HashedBadge(form="uid", key_id="k1", digest="new"), badge("ada")[1])
    with store.begin() as work:
        assert not work.add_badge(id=lab.ids.new(), member_id=lab.bob.id, badge=badge("ada"), now=NOW)
        assert not work.add_badge(id=lab.ids.new(), member_id=lab.bob.id, badge=mixed, now=NOW)
        assert not work.add_badge(id=lab.ids.new(), member_id=lab.bob.id, badge=(), now=NOW)
        assert work.add_badge(id=lab.ids.new(), member_id=lab.bob.id, badge=mixed[:1] * 2, now=NOW)
        assert work.revoke_badges(lab.bob.id, NOW) == 2
        assert work.revoke_badges(lab.bob.id, NOW) == 0


def test_enrolling_again_with_the_same_id_is_the_same_badge(store, stored_lab):
    for _ in range(2):
        with store.begin() as work:
            assert work.add_badge(id="b1", member_id=stored_lab.bob.id, badge=badge("new"), now=NOW)
    with store.begin() as work:
        assert not work.add_badge(id="b1", member_id=stored_lab.ada.id, badge=badge("new"), now=NOW)


def test_a_badge_for_nobody_is_refused(store, stored_lab):
    with pytest.raises(ValueError), store.begin() as work:
        work.add_badge(id="b1", member_id="nobody", badge=badge("new"), now=NOW)


def test_a_right_is_granted_and_revoked(store, stored_lab):
    revoked = replace(stored_lab.right, revoked_at=NOW, note="prêté son badge")
    with store.begin() as work:
        assert work.qualification(stored_lab.right.id) == stored_lab.right
        work.save_qualification(revoked)
        assert work.qualification(revoked.id) == revoked
        assert work.qualification("nothing") is None


class TestMembersPage:
    @pytest.fixture
    def crowd(self, store, stored_lab):
        names = [("Zoé", "Martin"), ("élan", "Martin"), ("Éric", "étienne"), ("Ann", "Ösz"), ("Jo", "100%_sûr")]
        with store.begin() as work:
            for first, last in names:
                work.put_member(Member(id=stored_lab.ids.new(), first_name=first, last_name=last))
        return stored_lab

    def names(self, page):
        return [row.first_name for row in page.rows]

    def test_sorted_by_last_and_first_name_whatever_the_accents(self, store, crowd):
        page = store.views().members(limit=100, cursor=None)
        assert self.names(page) == ["Jo", "Ada", "Éric", "élan", "Zoé", "Ann", "Bob"]
        assert page.next is None

    def test_page_by_page(self, store, crowd):
        found, cursor = [], None
        while True:
            page = store.views().members(limit=2, cursor=cursor)
            found += self.names(page)
            cursor = page.next
            if cursor is None:
                break
        assert found == ["Jo", "Ada", "Éric", "élan", "Zoé", "Ann", "Bob"]

    @pytest.mark.parametrize(
        ("search", "expected"),
        [
            ("MARTIN", ["élan", "Zoé"]), ("elan", ["Ada", "élan"]), ("martin z", ["Zoé"]), ("ada@", ["Ada"]),
            ("%", ["Jo"]), ("_", ["Jo"]), ("\\", []), ("'", []), ("", ["Jo", "Ada", "Éric", "élan", "Zoé", "Ann", "Bob"]),
        ],
    )  # fmt: skip
    def test_search(self, store, crowd, search, expected):
        assert self.names(store.views().members(limit=100, cursor=None, search=search)) == expected
