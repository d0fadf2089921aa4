"""Reservations never overlap: the database says so, whoever asks and however."""

import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.guards import EXCLUSION, TRIGGERS
from gateway.domain.booking import Purpose, Status
from gateway.domain.resources import ResourceGroup
from gateway.ports.errors import StoreUnavailable

FREE = [(-1, 0), (1, 2), (-1, -0.5), (1.0000001, 3)]
TAKEN = [(0, 1), (0.25, 0.75), (-1, 2), (-1, 0.5), (0.5, 2), (0, 0.5), (0.5, 1), (-0.5, 0.0000001)]


def raw(store, path_or_url, *statements):
    """Past the store, as somebody with a database shell would."""
    if store._database.statements.dialect.name == "postgresql":
        with psycopg.connect(path_or_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    connection = store._database._writer if path_or_url is None else sqlite3.connect(path_or_url)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        if path_or_url is not None:
            connection.close()


@pytest.fixture
def where(store, request):
    """The address of this test's store, None in memory."""
    kind = request.node.callspec.params["store"]
    names = {"sqlite-file": "sqlite_path", "postgresql": "postgres_store_url"}
    return request.getfixturevalue(names[kind]) if kind in names else None


def overlapping(store):
    """Pairs of standing reservations of one resource that share a moment."""
    rows = store.views().reservations(limit=1000, cursor=None).rows
    return [
        (a.id, b.id)
        for n, a in enumerate(rows)
        for b in rows[n + 1 :]
        if a.resource_id == b.resource_id and a.span.overlaps(b.span)
    ]


@pytest.mark.parametrize("span", FREE)
def test_edges_may_touch(store, stored_lab, span):
    with store.begin() as work:
        assert work.add_reservation(stored_lab.booking(0, 1))
        assert work.add_reservation(stored_lab.booking(*span, stored_lab.bob))
    assert overlapping(store) == []


@pytest.mark.parametrize("span", TAKEN)
def test_an_overlap_is_refused_and_the_transaction_goes_on(store, stored_lab, span):
    first, after = stored_lab.booking(0, 1), stored_lab.booking(10, 11)
    with store.begin() as work:
        assert work.add_reservation(first)
        assert not work.add_reservation(stored_lab.booking(*span, stored_lab.bob))
        assert work.add_reservation(after)
    assert store.views().reservations(limit=10, cursor=None).rows == (first, after)


def test_far_into_a_long_past_an_old_long_one_still_counts(store, stored_lab):
    with store.begin() as work:
        assert work.add_reservation(stored_lab.booking(0, 1000))
        assert not work.add_reservation(stored_lab.booking(998, 999))
        assert work.add_reservation(stored_lab.booking(1000, 1001))
        assert not work.add_reservation(stored_lab.booking(-5, 2000))


def test_the_pause_after_a_booking_is_kept_whoever_comes_first(store, stored_lab):
    pause = {"buffer": timedelta(minutes=30)}
    with store.begin() as work:
        assert work.add_reservation(stored_lab.booking(2, 3, **pause))
        assert not work.add_reservation(stored_lab.booking(3.25, 4, stored_lab.bob))
        assert not work.add_reservation(stored_lab.booking(1, 1.75, **pause))
        assert work.add_reservation(stored_lab.booking(1, 1.5, **pause))
        assert work.add_reservation(stored_lab.booking(3.5, 4, stored_lab.bob))


def test_a_request_that_waits_for_approval_holds_its_span(store, stored_lab):
    asked = stored_lab.booking(0, 1, status=Status.AWAITING_APPROVAL)
    with store.begin() as work:
        assert work.add_reservation(asked)
        assert not work.add_reservation(stored_lab.booking(0, 1, stored_lab.bob))
        work.cancel_reservation(asked.id, stored_lab.now, Status.DECLINED)
        assert work.add_reservation(stored_lab.booking(0, 1, stored_lab.bob))
        assert work.reservation(asked.id).status is Status.DECLINED


def test_maintenance_and_visitors_need_no_member(store, stored_lab):
    lab = stored_lab
    held = lab.booking(0, 1, member_id=None, purpose=Purpose.MAINTENANCE, note="Courroies", series_id=lab.ids.new())
    with store.begin() as work:
        assert work.add_reservation(held)
        assert work.reservation(held.id) == held


def test_another_resource_is_another_matter(store, stored_lab):
    with store.begin() as work:
        assert work.add_reservation(stored_lab.booking(0, 1))
        assert work.add_reservation(stored_lab.booking(0, 1, resource_id=stored_lab.desk.id))


def test_a_cancelled_one_frees_its_span_once(store, stored_lab):
    lab = stored_lab
    first = lab.booking(0, 1)
    with store.begin() as work:
        work.add_reservation(first)
        work.cancel_reservation(first.id, lab.now)
        work.cancel_reservation(first.id, lab.now + timedelta(hours=1))
        assert work.reservation(first.id) == replace(
            first, cancelled_at=lab.now, changed_at=lab.now, status=Status.CANCELLED, version=2
        )
        assert work.add_reservation(lab.booking(0, 1))
        assert work.reservation("nothing") is None


def test_the_same_call_again_is_the_same_answer(store, stored_lab):
    """An error at COMMIT means unknown: the caller tries again with the same id."""
    booking = stored_lab.booking(0, 1)
    with store.begin() as work:
        assert work.add_reservation(booking)
    with store.begin() as work:
        assert work.add_reservation(booking)
    assert store.views().reservations(limit=10, cursor=None).rows == (booking,)


def test_neither_uncancelling_nor_moving_may_overlap(store, stored_lab, where):
    lab = stored_lab
    cancelled, standing, later = lab.booking(0, 1), lab.booking(0.5, 1), lab.booking(5, 6)
    with store.begin() as work:
        work.add_reservation(cancelled)
        work.cancel_reservation(cancelled.id, lab.now)
        assert work.add_reservation(standing)
        assert work.add_reservation(later)
    there = f"(SELECT starts FROM reservations WHERE id = '{standing.id}')"
    for change in (
        f"UPDATE reservations SET cancelled_at = NULL, status = 'standing' WHERE id = '{cancelled.id}'",
        f"UPDATE reservations SET starts = {there} WHERE id = '{later.id}'",
        f"UPDATE reservations SET starts = ends WHERE id = '{later.id}'",
        f"UPDATE reservations SET starts = NULL WHERE id = '{later.id}'",
    ):
        with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
            raw(store, where, change)
    raw(store, where, f"UPDATE reservations SET created_at = created_at WHERE id = '{later.id}'")
    assert overlapping(store) == []


def test_two_who_book_at_once(store, stored_lab):
    lab, kept = stored_lab, []
    together = threading.Barrier(4)

    def book(n):
        together.wait()
        with store.begin() as work:
            if work.add_reservation(lab.booking(n / 10, 1 + n / 10)):
                kept.append(n)

    threads = [threading.Thread(target=book, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 1
    assert overlapping(store) == []


def test_without_its_guard_the_oracle_sees_the_overlap(store, stored_lab, where):
    """Plant the bug: if these tests could not see it, they would prove nothing."""
    if isinstance(where, str):
        raw(store, where, f"ALTER TABLE reservations DROP CONSTRAINT {EXCLUSION}")
    else:
        raw(store, where, *(f"DROP TRIGGER {name}" for name in TRIGGERS))
    try:
        with store.begin() as work:
            assert work.add_reservation(stored_lab.booking(0, 1))
            assert work.add_reservation(stored_lab.booking(0.5, 1.5))
        assert len(overlapping(store)) == 1
    finally:
        if isinstance(where, str):
            raw(store, where, "DELETE FROM reservations")
            _mend(where)


def _mend(url):
    from gateway.adapters.sql.migrate import migrate

    migrate(url)
    mended = SqlStore(url)
    try:
        mended.check()
    finally:
        mended.close()


def change(held, **more):
    return replace(held, version=held.version + 1, **more)


def test_a_change_is_kept_and_the_same_change_again_is_the_same_answer(store, stored_lab):
    lab = stored_lab
    held = lab.booking(0, 1)
    moved = change(held, span=lab.booking(2, 3).span, member_id=lab.bob.id, resource_id=lab.desk.id)
    with store.begin() as work:
        assert work.add_reservation(held)
        assert work.save_reservation(moved)
    with store.begin() as work:
        assert work.save_reservation(moved)
        assert work.reservation(held.id) == moved


def test_a_change_onto_another_is_refused_and_the_transaction_goes_on(store, stored_lab):
    lab = stored_lab
    held, other, later = lab.booking(0, 1), lab.booking(2, 3), lab.booking(5, 6)
    with store.begin() as work:
        assert work.add_reservation(held)
        assert work.add_reservation(other)
        assert not work.save_reservation(change(held, span=replace(held.span, ends=other.span.ends)))
        assert not work.save_reservation(change(held, buffer=timedelta(hours=2)))
        assert work.add_reservation(later)
    with store.begin() as work:
        assert work.reservation(held.id) == held
        assert work.reservation(later.id) == later


def test_one_that_gave_way_comes_back_where_it_is_free_and_only_there(store, stored_lab):
    held, other = stored_lab.booking(0, 1), stored_lab.booking(0, 1, stored_lab.bob)
    with store.begin() as work:
        assert work.add_reservation(held)
        work.cancel_reservation(held.id, stored_lab.now, Status.DISPLACED)
        assert work.add_reservation(other)
        gone = work.reservation(held.id)
        assert gone.status is Status.DISPLACED
        back = gone.changed(stored_lab.now, status=Status.STANDING, cancelled_at=None)
        assert not work.save_reservation(back)
        there = replace(back, resource_id=stored_lab.desk.id)
        assert work.save_reservation(there)
        assert work.reservation(held.id) == there
    assert overlapping(store) == []


def test_a_change_of_what_somebody_else_has_changed_is_not_written(store, stored_lab):
    held = stored_lab.booking(0, 1)
    with store.begin() as work:
        assert work.add_reservation(held)
        assert work.save_reservation(change(held, note="une"))
    with pytest.raises(StoreUnavailable), store.begin() as work:
        work.save_reservation(change(held, note="autre"))


def test_the_bookings_of_a_member_are_those_of_the_machine_and_its_equals(store, stored_lab):
    lab = stored_lab
    first, past, freed = lab.booking(0, 1), lab.booking(-3, -2), lab.booking(4, 5)
    others = (
        lab.booking(2, 3, lab.bob), lab.booking(6, 7, purpose=Purpose.MAINTENANCE), lab.booking(0, 1, resource_id=lab.desk.id),
    )  # fmt: skip
    with store.begin() as work:
        for one in (first, past, freed, *others):
            assert work.add_reservation(one)
        work.cancel_reservation(freed.id, lab.now)
        assert work.bookings_of(first.member_id, first.resource_id, first.span.starts) == (first,)
        group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="egales", names={"fr": "Égales"}))
        for slug in (lab.laser.slug, lab.desk.slug):
            work.put_resource(replace(work.resource(slug), group_id=group.id))
        found = work.bookings_of(first.member_id, first.resource_id, first.span.starts)
        assert {one.id for one in found} == {first.id, others[2].id}


def test_a_series_is_found_as_long_as_it_stands(store, stored_lab):
    lab = stored_lab
    series = lab.ids.new()
    one, two = (lab.booking(n, n + 1, series_id=series) for n in (0, 2))
    with store.begin() as work:
        assert work.add_reservation(two)
        assert work.add_reservation(one)
        assert work.add_reservation(lab.booking(8, 9))
        assert work.reservations_in(series) == (one, two)
        work.cancel_reservation(one.id, lab.now)
        assert work.reservations_in(series) == (two,)


def test_two_requests_at_once_do_not_both_find_room_in_a_quota(store, stored_lab):
    lab, found = stored_lab, []
    together = threading.Barrier(4)

    def book(n):
        mine = lab.booking(2 * n, 2 * n + 1)
        together.wait()
        with store.begin() as work:
            if not work.bookings_of(mine.member_id, mine.resource_id, lab.now - timedelta(days=9)):
                assert work.add_reservation(mine)
                found.append(n)

    threads = [threading.Thread(target=book, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
