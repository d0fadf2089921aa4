"""The log of what happened: order, cursors, alarms, badges that nobody has."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.migrate import migrate
from gateway.domain.events import Event, EventKind
from tests.fixtures_store import NOW, badge, make_lab

SECOND = timedelta(seconds=1)


def noted(**data):
    return Event(kind=EventKind.TAP_NOTED, at=NOW, data=data)


def numbers(store, cursor=0, limit=100):
    return [row.event.data.get("n") for row in store.views().events_after(cursor, limit)]


def refused(lab, name, at=NOW):
    forms = [{"form": form.form, "key_id": form.key_id, "digest": form.digest} for form in badge(name)]
    return Event(kind=EventKind.TAP_REFUSED, at=at, resource_id=lab.laser.id, data={"badge": forms})


def test_events_come_in_order_with_their_slugs(store, stored_lab):
    lab = stored_lab
    event = Event(
        kind=EventKind.SESSION_CLOSED, at=NOW, resource_id=lab.laser.id, member_id=lab.ada.id, session_id="s",
        device_id=lab.devices["reader-1"].id, data={"é": [1, 2.5, None, True, {"a": "b"}], "nul": "\0"},
    )  # fmt: skip
    with store.begin() as work:
        work.append(lab.site_id, [event, noted(n=1)])
        work.append(lab.site_id, [])
        work.append(lab.site_id, [noted(n=2)])
        assert work.appended == (event, noted(n=1), noted(n=2))
    first, *rest = store.views().events_after(0, 10)
    assert first.event == event
    assert (first.site, first.resource, first.device, first.resource_kind) == ("hesdin", "laser-1", "reader-1", "laser")
    assert [(row.event.data["n"], row.resource, row.device) for row in rest] == [(1, None, None), (2, None, None)]


def test_a_cursor_goes_through_everything_once(store, stored_lab):
    for n in range(10):
        with store.begin() as work:
            work.append(stored_lab.site_id, [noted(n=n), noted(n=n + 100)])
    seen, cursor = [], 0
    while page := store.views().events_after(cursor, 3):
        seen += [row.event.data["n"] for row in page]
        cursor = page[-1].id
    assert seen == [m for n in range(10) for m in (n, n + 100)]


def test_a_sink_remembers_how_far_it_came(store, stored_lab):
    assert store.views().cursor("series") == 0
    for cursor in (5, 7):
        with store.begin() as work:
            work.save_cursor("series", cursor)
        assert store.views().cursor("series") == cursor
    assert store.views().cursor("notify") == 0


@pytest.mark.postgres
def test_an_event_that_commits_late_is_not_skipped(postgres_store_url):
    """The one who takes its number first commits last: whoever read past it in between would never see it."""
    slow, quick = SqlStore(postgres_store_url), SqlStore(postgres_store_url)
    try:
        site = make_lab(slow).site_id
        with slow.begin() as late:
            late.append(site, [noted(n="first number, last commit")])
            with quick.begin() as early:
                early.append(site, [noted(n="second number, first commit")])
            assert numbers(quick) == []
        assert numbers(quick) == ["first number, last commit", "second number, first commit"]
    finally:
        slow.close()
        quick.close()


@pytest.mark.postgres
def test_numbers_taken_in_another_order_than_transactions_began(postgres_store_url):
    """The older transaction takes the higher number: a cursor of numbers alone would skip the lower one."""
    older, younger = SqlStore(postgres_store_url), SqlStore(postgres_store_url)
    try:
        site = make_lab(older).site_id
        with younger.begin() as second:
            with older.begin() as first:
                first.append(site, [noted(n=0)])
                second.append(site, [noted(n=1)])
                first.append(site, [noted(n=2)])
            page = older.views().events_after(0, 10)
            assert [row.event.data["n"] for row in page] == [0, 2]
            cursor = page[-1].id
        assert numbers(older, cursor) == [1]
        (last,) = older.views().events_after(cursor, 10)
        assert last.id < cursor
        assert numbers(older, last.id) == []
    finally:
        older.close()
        younger.close()


@pytest.mark.postgres
def test_a_dump_restored_elsewhere_is_read_on(postgres_store_url):
    """Transactions count from anew in another cluster: rows from the old one would wait for ages."""
    store = SqlStore(postgres_store_url)
    try:
        site = make_lab(store).site_id
        with store.begin() as work:
            work.append(site, [noted(n=1)])
        with psycopg.connect(postgres_store_url, autocommit=True) as connection:
            connection.execute("UPDATE events SET xid = 9000000000000")
        assert numbers(store) == []
        migrate(postgres_store_url)
        assert numbers(store) == [1]
    finally:
        store.close()


class TestAlarms:
    def raise_(self, work, lab, code, **who):
        values = {"resource_id": lab.laser.id, "device_id": lab.devices["grbl-1"].id} | who
        work.append(lab.site_id, [Event(kind=EventKind.ALARM_RAISED, at=NOW, data={"code": code}, **values)])

    def clear(self, work, lab, code, **who):
        values = {"resource_id": lab.laser.id, "device_id": lab.devices["grbl-1"].id} | who
        work.append(lab.site_id, [Event(kind=EventKind.ALARM_CLEARED, at=NOW, data={"code": code}, **values)])

    def standing(self, store):
        return store.views().resource("laser-1", NOW).alarms

    def test_an_alarm_stands_until_it_is_cleared(self, store, stored_lab):
        with store.begin() as work:
            for code in ("lid", "grbl-alarm-1", "lid"):
                self.raise_(work, stored_lab, code)
        assert self.standing(store) == ("grbl-alarm-1", "lid")
        with store.begin() as work:
            self.clear(work, stored_lab, "lid")
            self.clear(work, stored_lab, "never raised")
        assert self.standing(store) == ("grbl-alarm-1",)

    def test_each_device_clears_its_own(self, store, stored_lab):
        other = stored_lab.devices["plug-1"].id
        with store.begin() as work:
            self.raise_(work, stored_lab, "hot")
            self.raise_(work, stored_lab, "hot", device_id=other)
            self.clear(work, stored_lab, "hot")
        assert self.standing(store) == ("hot",)
        with store.begin() as work:
            self.clear(work, stored_lab, "hot", device_id=None)
        assert self.standing(store) == ()

    def test_an_alarm_of_no_resource_is_only_logged(self, store, stored_lab):
        with store.begin() as work:
            self.raise_(work, stored_lab, "hot", resource_id=None)
        assert len(store.views().events_after(0, 10)) == 1


class TestUnknownBadges:
    def test_once_each_newest_first_until_enrolled(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            work.append(
                lab.site_id,
                [
                    refused(lab, "old", NOW - SECOND),
                    refused(lab, "zoe"),
                    refused(lab, "yan", NOW + SECOND),
                    refused(lab, "zoe", NOW + 2 * SECOND),
                    refused(lab, "ada", NOW + 3 * SECOND),
                    replace(refused(lab, "bob"), data={"refusals": ["in_use"]}),
                    noted(n=1),
                ],
            )
        views = store.views()
        found = views.unknown_badges(NOW)
        assert [(row.event.at - NOW).total_seconds() for row in found] == [2, 1]
        with store.begin() as work:
            forms = work.tapped_badge(found[0].id)
            assert forms == badge("zoe")
            assert work.add_badge(id=lab.ids.new(), member_id=lab.bob.id, badge=forms, now=NOW)
        assert [(row.event.at - NOW).total_seconds() for row in views.unknown_badges(NOW)] == [1]

    def test_no_badge_where_there_is_none(self, store, stored_lab):
        with store.begin() as work:
            work.append(stored_lab.site_id, [noted(n=1), noted(badge="nonsense"), noted(badge=[1, {"form": "x"}])])
            ids = [row.id for row in store.views().events_after(0, 10)]
            assert all(work.tapped_badge(event) == () for event in (*ids, 10_000))
