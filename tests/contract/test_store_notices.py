"""Messages to members, their choices and webhooks, on every kind of database."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from gateway.adapters.sql import SqlStore
from gateway.domain.events import EventKind
from gateway.domain.notices import EMAIL, NOBODY, Contact, Notice, NoticeState
from gateway.domain.quiet import QuietHours
from gateway.domain.telling import Topic
from gateway.domain.webhooks import Delivery, DeliveryState, Webhook
from tests.fixtures_store import NOW

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def notice(lab, event=1, **changes):
    values = {
        "id": lab.ids.new(), "event_id": event, "kind": EventKind.RESERVATION_MADE, "member_id": lab.ada.id,
        "channel": EMAIL, "state": NoticeState.WAITING, "created_at": NOW, "next_try_at": NOW,
        "resource_id": lab.laser.id, "data": {"starts": "2026-03-02T10:00:00+00:00", "é": [1, None, True]},
    }  # fmt: skip
    return Notice(**values | changes)


def hook(lab, **changes):
    values = {
        "id": lab.ids.new(), "url": "https://example.org/hook", "secret": "s3cret", "key_id": "k1", "created_at": NOW,
        "label": "Agenda", "kinds": (EventKind.RESERVATION_MADE, EventKind.RESOURCE_OUT),
    }  # fmt: skip
    return Webhook(**values | changes)


def delivery(lab, webhook, event=1, **changes):
    values = {
        "id": lab.ids.new(), "webhook_id": webhook.id, "event_id": event, "kind": EventKind.RESOURCE_OUT,
        "body": '{"é":1}', "state": DeliveryState.WAITING, "queued_at": NOW, "next_try_at": NOW,
    }  # fmt: skip
    return Delivery(**values | changes)


def add(store, *notices):
    with store.begin() as work:
        work.add_notices(notices)
    return notices


def due(store, channel=EMAIL, now=NOW):
    with store.begin() as work:
        return work.due_notice(channel, now)


class TestChoices:
    def test_a_member_who_never_chose_has_chosen_nothing(self, store, stored_lab):
        assert store.views().contact(stored_lab.ada.id) == Contact(member_id=stored_lab.ada.id)

    def test_what_was_chosen_is_kept_and_changed(self, store, stored_lab):
        first = Contact(
            member_id=stored_lab.ada.id, addresses={"sms": "+33612345678"},
            topics={Topic.JOBS: ("sms", EMAIL), Topic.MACHINES: ()}, quiet=QuietHours(time(22), time(7, 30)),
        )  # fmt: skip
        second = Contact(member_id=stored_lab.ada.id, topics={Topic.RIGHTS: (EMAIL,)})
        for chosen in (first, second):
            with store.begin() as work:
                work.put_contact(chosen)
                assert work.contact(stored_lab.ada.id) == chosen
            assert store.views().contact(stored_lab.ada.id) == chosen

    def test_recipients_are_members_with_their_choices_or_without(self, store, stored_lab):
        lab = stored_lab
        chosen = Contact(member_id=lab.bob.id, addresses={"sms": "+336"})
        with store.begin() as work:
            work.put_contact(chosen)
            work.put_member(replace(lab.bob, active=False))
        found = {each.contact.member_id: each for each in store.views().recipients([lab.ada.id, lab.bob.id, "nobody"])}
        assert set(found) == {lab.ada.id, lab.bob.id}
        assert (found[lab.ada.id].email, found[lab.ada.id].active) == ("ada@example.org", True)
        assert (found[lab.bob.id].contact, found[lab.bob.id].email, found[lab.bob.id].active) == (chosen, None, False)
        assert store.views().recipients([]) == ()

    def test_the_language_of_a_member_is_kept(self, store, stored_lab):
        with store.begin() as work:
            work.put_member(replace(stored_lab.ada, language="en"))
        assert store.views().member(stored_lab.ada.id).language == "en"
        assert store.views().member(stored_lab.bob.id).language is None


class TestNotices:
    def test_one_for_each_event_member_and_channel(self, store, stored_lab):
        lab = stored_lab
        first = notice(lab)
        again = notice(lab, data={"other": 1})
        others = (notice(lab, event=2), notice(lab, member_id=lab.bob.id), notice(lab, channel="sms"))
        add(store, first, again, *others)
        add(store, again)
        found = store.views().notices(limit=10, cursor=None).rows
        assert sorted(found, key=lambda each: each.id) == sorted((first, *others), key=lambda each: each.id)

    def test_the_next_one_of_a_channel_is_the_one_that_waits_longest(self, store, stored_lab):
        lab = stored_lab
        early, late, other, done = add(
            store, notice(lab, event=1, next_try_at=NOW - MINUTE), notice(lab, event=2), notice(lab, channel="sms"),
            notice(lab, event=3, state=NoticeState.SENT, next_try_at=NOW - HOUR),
        )  # fmt: skip
        assert due(store, now=NOW - HOUR) is None
        assert due(store) == early
        with store.begin() as work:
            work.save_notice(replace(early, state=NoticeState.SENT, done_at=NOW, attempts=1))
        assert due(store) == late
        assert due(store, "sms") == other
        assert store.views().queued_notices() == {EMAIL: 1, "sms": 1}
        assert store.views().notices(limit=10, cursor=None, state="sent").rows[0].event_id in (1, 3)
        with store.begin() as work:
            assert work.notice(done.id) == done
            assert work.notice("none") is None

    def test_pages_by_member_and_state(self, store, stored_lab):
        lab = stored_lab
        made = add(store, *(notice(lab, event=n, created_at=NOW + n * MINUTE) for n in range(5)))
        add(store, notice(lab, event=9, member_id=lab.bob.id))
        views = store.views()
        first = views.notices(limit=3, cursor=None, member_id=lab.ada.id)
        second = views.notices(limit=3, cursor=first.next, member_id=lab.ada.id)
        assert first.rows + second.rows == made[::-1]
        assert views.notices(limit=9, cursor=None, member_id=lab.bob.id, state="sent").rows == ()

    def test_those_that_did_not_reach_their_member_are_found(self, store, stored_lab):
        lab = stored_lab
        kinds = (str(EventKind.RESERVATION_CANCELLED),)
        cancelled = {"kind": EventKind.RESERVATION_CANCELLED}
        lost = notice(lab, event=1, state=NoticeState.UNREACHABLE, channel=NOBODY, **cancelled)
        given_up = notice(lab, event=2, state=NoticeState.GIVEN_UP, created_at=NOW + MINUTE, **cancelled)
        add(
            store, lost, given_up, notice(lab, event=3, **cancelled), notice(lab, event=4, state=NoticeState.REFUSED),
            notice(lab, event=5, state=NoticeState.REFUSED, created_at=NOW - HOUR, **cancelled),
        )  # fmt: skip
        assert store.views().untold(NOW, kinds, 10) == (given_up, lost)
        assert store.views().untold(NOW, kinds, 1) == (given_up,)
        with store.begin() as work:
            work.save_notice(replace(lost, state=NoticeState.TOLD, done_at=NOW))
        assert store.views().untold(NOW, kinds, 10) == (given_up,)

    def test_what_waits_after_a_failed_try_is_counted(self, store, stored_lab):
        lab = stored_lab
        add(
            store, notice(lab, event=1, attempts=2, error="connection refused", created_at=NOW - HOUR),
            notice(lab, event=2, attempts=1, error="connection refused"), notice(lab, event=3),
        )  # fmt: skip
        (found,) = store.views().backlogs()
        assert (found.channel, found.waiting, found.since, found.error) == (EMAIL, 2, NOW - HOUR, "connection refused")

    def test_old_ones_are_forgotten(self, store, stored_lab):
        _, kept = add(store, notice(stored_lab, created_at=NOW - HOUR), notice(stored_lab, event=2))
        with store.begin() as work:
            work.forget_notices(NOW)
        assert store.views().notices(limit=10, cursor=None).rows == (kept,)

    @pytest.mark.postgres
    def test_two_gateways_never_take_the_same(self, postgres_store_url):
        from tests.fixtures_store import make_lab

        one, other = SqlStore(postgres_store_url), SqlStore(postgres_store_url)
        try:
            lab = make_lab(one)
            first, second = add(one, notice(lab, event=1), notice(lab, event=2))
            with one.begin() as here, other.begin() as there:
                assert here.due_notice(EMAIL, NOW) == first
                assert there.due_notice(EMAIL, NOW) == second
        finally:
            one.close()
            other.close()


class TestWebhooks:
    def test_a_hook_is_kept_changed_and_forgotten_with_its_queue(self, store, stored_lab):
        lab = stored_lab
        one, every = hook(lab), hook(lab, kinds=(), created_at=NOW + MINUTE)
        with store.begin() as work:
            work.put_webhook(one)
            work.put_webhook(every)
            work.add_deliveries([delivery(lab, one)])
        changed = replace(one, paused=True, failures=3, retry_at=NOW, kinds=(), secret="new", key_id="k2")
        with store.begin() as work:
            work.put_webhook(changed)
            assert work.webhook(one.id) == changed
            assert work.webhook("none") is None
        assert store.views().webhooks() == (changed, every)
        with store.begin() as work:
            work.forget_webhook(one.id)
        assert store.views().webhooks() == (every,)
        assert store.views().deliveries(webhook_id=one.id, limit=5, cursor=None).rows == ()

    def test_an_event_is_queued_once_for_a_hook(self, store, stored_lab):
        lab, here = stored_lab, hook(stored_lab)
        first = delivery(lab, here)
        with store.begin() as work:
            work.put_webhook(here)
            work.add_deliveries([first, delivery(lab, here, body="other")])
            work.add_deliveries([delivery(lab, here, body="other")])
            work.add_deliveries([])
            assert work.delivery(first.id) == first
            assert work.delivery("none") is None
        assert store.views().deliveries(webhook_id=here.id, limit=5, cursor=None).rows == (first,)

    def test_the_next_one_is_of_a_hook_that_may_be_tried(self, store, stored_lab):
        lab = stored_lab
        paused, left_alone, ready = hook(lab, paused=True), hook(lab, retry_at=NOW + MINUTE), hook(lab, retry_at=NOW)
        first, second = delivery(lab, ready, 1, next_try_at=NOW - MINUTE), delivery(lab, ready, 2)
        with store.begin() as work:
            for each in (paused, left_alone, ready):
                work.put_webhook(each)
            early = NOW - HOUR
            work.add_deliveries(
                [delivery(lab, paused, next_try_at=early), delivery(lab, left_alone, next_try_at=early)]
            )
            work.add_deliveries([second, first, delivery(lab, ready, 3, next_try_at=NOW + MINUTE)])
        with store.begin() as work:
            assert work.due_delivery(NOW) == (ready, first)
            work.save_delivery(replace(first, state=DeliveryState.DELIVERED, done_at=NOW, attempts=1))
            assert work.due_delivery(NOW) == (ready, second)
            work.save_delivery(replace(second, next_try_at=NOW + HOUR, attempts=1, error="503"))
            assert work.due_delivery(NOW) is None
        assert store.views().hook_backlogs()[0].error == "503"

    def test_what_was_given_up_can_be_queued_anew(self, store, stored_lab):
        lab, here = stored_lab, hook(stored_lab)
        lost = delivery(lab, here, 1, state=DeliveryState.GIVEN_UP, attempts=40, error="gone", done_at=NOW)
        done = delivery(lab, here, 2, state=DeliveryState.DELIVERED, done_at=NOW)
        with store.begin() as work:
            work.put_webhook(here)
            work.add_deliveries([lost, done])
        assert [each.waiting for each in store.views().hook_backlogs()] == [1]
        later = NOW + HOUR
        with store.begin() as work:
            assert work.requeue(here.id, "given_up", later) == 1
            assert work.due_delivery(later) == (
                here, replace(lost, state=DeliveryState.WAITING, queued_at=later, next_try_at=later, attempts=0,
                              error=None, done_at=None),
            )  # fmt: skip
        assert store.views().hook_backlogs() == ()
        rows = store.views().deliveries(webhook_id=here.id, limit=5, cursor=None, state="delivered").rows
        assert rows == (done,)

    def test_what_is_done_is_forgotten_and_what_waits_is_kept(self, store, stored_lab):
        lab, here = stored_lab, hook(stored_lab)
        old = NOW - HOUR
        waits = delivery(lab, here, 1, queued_at=old)
        with store.begin() as work:
            work.put_webhook(here)
            work.add_deliveries(
                [
                    waits,
                    delivery(lab, here, 2, state=DeliveryState.DELIVERED, done_at=old),
                    delivery(lab, here, 3, state=DeliveryState.GIVEN_UP, done_at=old),
                ]
            )
            work.forget_deliveries(NOW)
        assert store.views().deliveries(webhook_id=here.id, limit=5, cursor=None).rows == (waits,)
