"""Two records of one person become one, on every kind of database: nothing points to the one that goes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.sql.work_merge import pointers
from gateway.domain.accounts import BrowserSession, SignedInBy
from gateway.domain.events import EventKind
from gateway.domain.notices import EMAIL, Contact, Notice, NoticeState
from gateway.domain.people import Role
from gateway.domain.presence import Here
from gateway.domain.proofs import Card, Passkey, Proof, SecondFactor
from gateway.domain.qualifications import Qualification
from gateway.domain.timespan import Span
from gateway.domain.workshops import Place, PlaceState, Roll, Workshop, WorkshopKind
from gateway.service import members
from tests.fixtures_store import NOW, badge

HOUR = timedelta(hours=1)


def merge(lab):
    with lab.store.begin() as work:
        work.acting("desk")
        return members.merge_members(work, keep=lab.ada.id, gone=lab.bob.id, now=NOW)


@pytest.fixture
def twins(stored_lab):
    """Ada and Bob are one person, and each has a bit of everything."""
    lab = stored_lab
    with lab.store.begin() as work:
        for member, hours in ((lab.ada, 0), (lab.bob, 1)):
            work.save_session(replace(lab.session(operator_id=member.id, beneficiary_id=member.id), closed_at=NOW))
            assert work.add_reservation(lab.booking(2 * hours, 2 * hours + 1, member))
            work.put_here(
                Here(member_id=member.id, since=NOW, until=NOW + HOUR, changed_at=NOW + hours * HOUR, responsible=False)
            )
            work.add_trainer(lab.training.id, member.id, NOW)
            work.add_maintainer(lab.laser.id, member.id, NOW)
            work.add_notices(
                [Notice(
                    id=lab.ids.new(), event_id=7 + hours, kind=EventKind.RESERVATION_MADE, member_id=member.id,
                    channel=EMAIL, state=NoticeState.WAITING, created_at=NOW, next_try_at=NOW, data={},
                )]
            )  # fmt: skip
        work.put_contact(Contact(member_id=lab.bob.id, topics={}, addresses={EMAIL: "bob@example.org"}))
        work.add_qualification(
            Qualification(id=lab.ids.new(), member_id=lab.bob.id, training_id=lab.training.id, granted_at=NOW)
        )
    return lab


def test_everything_moves_and_what_both_had_stands_once(twins):
    lab, views = twins, twins.store.views()
    assert merge(lab).id == lab.ada.id
    assert views.member(lab.bob.id) is None
    assert len(views.badges_of(lab.ada.id)) == 2
    assert len(views.sessions_of(lab.ada.id, 10)) == 2
    assert len(views.bookings_of(lab.ada.id, NOW - HOUR)) == 2
    assert len(views.qualifications(limit=9, cursor=None, member_id=lab.ada.id).rows) == 2
    assert views.trainers("laser") == (lab.ada.id,)
    assert [row.member_id for row in views.presence(NOW)[1]] == [lab.ada.id]
    assert len(views.notices(limit=9, cursor=None, member_id=lab.ada.id).rows) == 2
    with lab.store.begin() as work:
        assert work.contact(lab.ada.id).addresses == {EMAIL: "bob@example.org"}
        reader = work.lock_devices(["reader-1"], NOW, iter([]))["reader-1"].device
        for name in ("ada", "bob"):
            assert work.facts_for_tap(reader, badge(name), NOW).access.member.id == lab.ada.id
    event = views.events(limit=1, cursor=None).rows[0].event
    assert (event.kind, event.member_id, event.data) == (
        EventKind.MEMBER_MERGED, lab.ada.id, {"actor": "desk", "other": lab.bob.id},
    )  # fmt: skip


def test_the_log_speaks_of_the_one_that_stays(twins):
    merge(twins)
    rows = twins.store.views().events(limit=100, cursor=None).rows
    assert {row.event.member_id for row in rows} <= {None, twins.ada.id}


def test_nobody_is_merged_with_themselves_or_with_nobody(twins):
    with twins.store.begin() as work:
        assert members.merge_members(work, keep=twins.ada.id, gone=twins.ada.id, now=NOW) is None
        assert members.merge_members(work, keep=twins.ada.id, gone="nobody", now=NOW) is None
    assert twins.store.views().count_members() == 2


def test_two_places_on_one_list_become_one_and_free_a_seat(stored_lab):
    lab = stored_lab
    session = Workshop(
        id=lab.ids.new(), kind=WorkshopKind.COURSE, titles={"fr": "Découpe"}, trainer_id=lab.ada.id,
        span=Span(NOW, NOW + HOUR), seats=3, created_at=NOW,
    )  # fmt: skip
    places = tuple(
        Place(id=lab.ids.new(), workshop_id=session.id, joined_at=NOW + n * HOUR, member_id=member.id, present=present)
        for n, (member, present) in enumerate([(lab.ada, None), (lab.bob, True)])
    )
    with lab.store.begin() as work:
        work.save_roll(Roll(workshop=session, places=places), places)
    merge(lab)
    with lab.store.begin() as work:
        roll = work.roll(session.id)
    assert roll.taken == 1
    assert roll.of_member(lab.ada.id).present
    assert roll.place(places[0].id).state is PlaceState.LEFT
    assert lab.store.views().workshop(session.id).taken == 1


def test_every_column_that_names_a_member_is_moved():
    named = {(table.name, column.name) for table, column in pointers()}
    assert {("sessions", "supervisor_id"), ("qualification_acts", "actor_member"), ("classes", "trainer_id")} <= named
    assert all(column.type.length == 36 for _, column in pointers())


def test_a_lent_badge_is_nobodys_once_its_day_is_over(store, stored_lab):
    lab, end = stored_lab, NOW + HOUR
    with store.begin() as work:
        reader = work.lock_devices(["reader-1"], NOW, iter([]))["reader-1"].device
        assert work.add_badge(id="day", member_id=lab.bob.id, badge=badge("day"), now=NOW, lent_until=end)
        assert work.facts_for_tap(reader, badge("day"), NOW).access.member.id == lab.bob.id
        assert work.facts_for_tap(reader, badge("day"), end).access.member is None
        assert not work.add_badge(id="other", member_id=lab.ada.id, badge=badge("day"), now=NOW)
        assert work.end_loans(NOW) == ()
    with store.begin() as work:
        members.end_loans(work, end)
        members.end_loans(work, end)
        assert [event.member_id for event in work.appended] == [lab.bob.id]
    with store.begin() as work:
        assert work.facts_for_tap(reader, badge("day"), end).access.member is None
        assert work.add_badge(id="other", member_id=lab.ada.id, badge=badge("day"), now=end, lent_until=end + HOUR)


def test_a_lent_badge_can_be_lent_again_before_the_sweep(store, stored_lab):
    with store.begin() as work:
        assert work.add_badge(id="d1", member_id=stored_lab.bob.id, badge=badge("day"), now=NOW, lent_until=NOW + HOUR)
        assert work.add_badge(id="d2", member_id=stored_lab.ada.id, badge=badge("day"), now=NOW + HOUR)
    live = {view.id: view.live(NOW + HOUR) for view in store.views().badges_of(stored_lab.bob.id)}
    assert not live.pop("d1")
    assert all(live.values())


def test_a_lost_badge_opens_nothing_and_the_others_do(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.add_badge(id="second", member_id=lab.ada.id, badge=badge("second"), now=NOW, lent_until=NOW + HOUR)
        assert members.revoke_badge(work, member_id=lab.ada.id, badge_id="second", now=NOW)
        assert not members.revoke_badge(work, member_id=lab.ada.id, badge_id="second", now=NOW)
        assert not members.revoke_badge(work, member_id=lab.bob.id, badge_id="second", now=NOW)
        reader = work.lock_devices(["reader-1"], NOW, iter([]))["reader-1"].device
        found = work.facts_for_tap(reader, badge("second"), NOW + 2 * HOUR).access
        assert found.badge_revoked
        assert not work.facts_for_tap(reader, badge("ada"), NOW).access.badge_revoked


def test_members_are_found_by_every_word_and_by_state(store, stored_lab):
    from gateway.domain.people import Member, MemberState

    with store.begin() as work:
        for n, (first, last, more) in enumerate([
            ("Léa", "Marchand", {"email": "LM@Example.org", "reference": "A-12"}),
            ("Léa", "Petit", {"active": False}),
            ("Marc", "Léonard", {"member_until": NOW}),
        ]):  # fmt: skip
            work.put_member(Member(id=f"m{n}", first_name=first, last_name=last, **more))
    views = store.views()

    def found(search=None, state=None):
        return [m.id for m in views.members(limit=9, cursor=None, search=search, state=state, now=NOW).rows]

    assert found("lea mar") == ["m0"]
    assert found("marchand LÉA") == ["m0"]
    assert found("lm@ex") == ["m0"]
    assert found("a-12") == ["m0"]
    assert found("léo\0") == ["m2"]
    assert found("lea % _") == []
    assert found(state=MemberState.SUSPENDED) == ["m1"]
    assert found(state=MemberState.LAPSED) == ["m2"]
    assert found("lea", MemberState.CURRENT) == ["m0"]
    assert views.count_members() == 5
    page = views.members(limit=1, cursor=None, state=MemberState.CURRENT, now=NOW)
    rest = views.members(limit=9, cursor=page.next, state=MemberState.CURRENT, now=NOW)
    assert len(page.rows + rest.rows) == 3


def test_the_log_is_read_for_one_person_whether_they_did_it_or_it_is_about_them(store, stored_lab):
    lab = stored_lab
    for actor, member in (("desk", lab.ada), (lab.ada.id, lab.bob), ("desk", lab.bob), (lab.bob.id, lab.bob)):
        with store.begin() as work:
            work.acting(actor)
            members.change_member(work, id=member.id, changes={}, now=NOW)
    kinds = (EventKind.MEMBER_CHANGED, EventKind.MEMBER_ADDED)

    def found(*people, limit=9, cursor=None):
        page = store.views().events(limit=limit, cursor=cursor, kinds=kinds, people=people)
        return [(row.event.data["actor"], row.event.member_id) for row in page.rows], page.next

    assert found(lab.ada.id)[0] == [(lab.ada.id, lab.bob.id), ("desk", lab.ada.id)]
    assert [actor for actor, _ in found("desk")[0]] == ["desk", "desk"]
    assert found("nobody")[0] == []
    first, cursor = found(lab.bob.id, limit=2)
    rest, _ = found(lab.bob.id, limit=2, cursor=cursor)
    assert len(first) == 2
    assert rest == [(lab.ada.id, lab.bob.id)]


def test_nothing_that_opened_the_one_that_goes_opens_the_one_that_stays(twins):
    bob, views = twins.bob.id, twins.store.views()
    with twins.store.begin() as work:
        work.set_role(twins.ada.id, Role.ADMINISTRATOR)
        work.set_password(bob, "kept", NOW)
        work.set_pin(bob, "kept", NOW)
        work.add_card(Card(id="c", member_id=bob, digest="card", made_at=NOW))
        work.add_passkey(Passkey(id="k", member_id=bob, public_key="p", count=0, label="", created_at=NOW))
        work.put_second_factor(SecondFactor(member_id=bob, sealed="s"))
        work.put_recovery_codes(bob, ["r"])
        work.tries(bob, Proof.PIN)
        work.add_browser_session(
            BrowserSession(
                id="s", member_id=bob, digest="cookie", by=SignedInBy.CARD, second_factor=True, device="",
                created_at=NOW, last_seen_at=NOW, expires_at=NOW + HOUR,
            )
        )  # fmt: skip
    merge(twins)
    ada = twins.ada.id
    assert views.role(ada) is Role.ADMINISTRATOR
    assert (views.signed_in("cookie", NOW), views.card_holder("card"), views.passkey("k")) == (None, None, None)
    assert (views.password(ada), views.pin(ada), views.second_factor(ada)) == (None, None, None)
    assert views.recovery_codes_left(ada) == 0
