"""From an event to a message that leaves once, and to hooks: with doubles, kills, far ends that fail and none at all."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.events import Event, EventKind
from gateway.domain.notices import EMAIL, Contact, House, NoticeState
from gateway.domain.telling import Topic
from gateway.domain.webhooks import DeliveryState, Webhook
from gateway.ports.errors import NotifyRefused, NotifyUnavailable
from gateway.service import bookings, contacts, hooks, resources
from gateway.service.notify import NoticeSink
from gateway.service.notify_send import LEASE, HookQueue, NoticeQueue, run
from gateway.service.notify_words import LabWords
from tests.fakes.service_lab import ServiceLab

HOUSE = House(channels=(EMAIL, "sms"), quiet=None, zone=ZoneInfo("Europe/Paris"))
LAB = LabWords(language="fr", zone="Europe/Paris", name="Le lab")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()
HOUR = timedelta(hours=1)


class Outside:
    """A far end for letters and calls; ``fails`` is raised instead."""

    def __init__(self):
        self.letters, self.calls, self.fails = [], [], None

    def send(self, letter):
        if self.fails:
            raise self.fails
        self.letters.append(letter)

    def call(self, url, headers, body):
        if self.fails:
            raise self.fails
        self.calls.append((url, dict(headers), body))


class Post:
    """A lab whose messages are carried by hand."""

    def __init__(self):
        self.lab, self.outside = ServiceLab(), Outside()
        self.store, self.clock = self.lab.store, self.lab.clock
        self.sink = NoticeSink(store=self.store, clock=self.clock, ids=self.lab.ids, house=HOUSE)
        given = {"store": self.store, "clock": self.clock, "chance": lambda: 0.0}
        self.mail = NoticeQueue(**given, channel=EMAIL, post=self.outside, lab=LAB)
        self.hooks = HookQueue(**given, caller=self.outside)
        with self.store.begin() as work:
            member = work.member(self.lab.ada)
            work.put_member(type(member)(**{f: getattr(member, f) for f in member.__slots__} | {"email": "ada@x.org"}))

    def do(self, use_case, **how):
        with self.store.begin() as work:
            return use_case(work, now=self.clock.now(), **how)

    def book(self, member=None, after=HOUR):
        starts = self.clock.now() + after
        return self.do(
            bookings.book, id=self.lab.ids.new(), resource="laser-1", member_id=member or self.lab.ada,
            starts=starts, ends=starts + HOUR,
        )  # fmt: skip

    def hand_over(self):
        self.sink.deliver(self.store.views().events_after(0, 1000))

    def hook(self, **changes):
        values = {"id": self.lab.ids.new(), "url": "http://127.0.0.1/x", "secret": SECRET, "key_id": "k"}
        hook = Webhook(**values | {"created_at": self.clock.now()} | changes)
        with self.store.begin() as work:
            return hooks.add(work, hook)

    def notices(self, state=None):
        return self.store.views().notices(limit=50, cursor=None, state=state).rows

    def deliveries(self, hook):
        return self.store.views().deliveries(webhook_id=hook.id, limit=50, cursor=None).rows


@pytest.fixture
def post():
    post = Post()
    yield post
    post.store.close()


def test_a_booking_is_told_once_in_the_member_s_language_however_often_the_log_is_read(post):
    with post.store.begin() as work:
        contacts.choose(work, Contact(member_id=post.lab.ada), "en")
    post.book()
    post.hand_over()
    post.hand_over()
    assert post.mail.send_one() is True
    assert post.mail.send_one() is None
    (letter,) = post.outside.letters
    assert (letter.to, letter.language) == ("ada@x.org", "en")
    assert letter.subject.startswith("Booking: Laser")
    assert letter.text.startswith("Hello Ada,") and letter.text.endswith("Le lab\n")
    post.hand_over()
    assert post.mail.send_one() is None
    assert [notice.state for notice in post.notices()] == [NoticeState.SENT]


def test_killed_between_sending_and_marking_it_is_sent_again_under_the_same_id(post):
    post.book()
    post.hand_over()

    class Killed(BaseException):
        pass

    with post.store.begin() as work:
        waiting = work.due_notice(EMAIL, post.clock.now())
    post.outside.fails = Killed()
    with pytest.raises(Killed):
        post.mail.send_one()
    post.outside.fails = None
    assert post.mail.send_one() is None
    post.clock.advance(LEASE.total_seconds())
    assert post.mail.send_one() is True
    assert [letter.id for letter in post.outside.letters] == [waiting.id]


def test_without_internet_it_is_tried_again_later_and_later_then_given_up_and_the_team_can_see_it(post):
    post.book()
    post.hand_over()
    post.outside.fails = NotifyUnavailable("gone")
    tries = 0
    while post.notices("waiting"):
        if post.mail.send_one() is not None:
            tries += 1
        post.clock.advance(600)
    assert 20 < tries < 100
    assert [(notice.state, notice.error) for notice in post.notices()] == [(NoticeState.GIVEN_UP, "gone")]


def test_a_wrong_address_is_not_tried_again(post):
    post.book()
    post.hand_over()
    post.outside.fails = NotifyRefused("no such address")
    assert post.mail.send_one() is True
    assert [notice.state for notice in post.notices()] == [NoticeState.REFUSED]


def test_a_fault_of_ours_in_one_message_stops_no_other(post):
    post.book()
    post.hand_over()
    post.outside.fails = KeyError("names")
    assert post.mail.send_one() is False
    assert post.notices("waiting")[0].error == "KeyError"


def test_nothing_is_promised_to_somebody_without_an_address_and_the_team_tells_them(post):
    post.book(member=post.lab.bob)
    post.hand_over()
    (notice,) = post.notices()
    assert notice.state is NoticeState.UNREACHABLE
    with post.store.begin() as work:
        assert contacts.told(work, notice.id, post.clock.now())
        assert not contacts.told(work, "none", post.clock.now())
    assert [each.state for each in post.notices()] == [NoticeState.TOLD]


def test_whoever_booked_a_machine_that_goes_out_of_service_is_told_of_their_own_booking(post):
    post.book(after=2 * HOUR)
    post.do(resources.take_out, slug="laser-1", reason="La lame est cassée", back_at=None)
    post.hand_over()
    while post.mail.send_one():
        pass
    assert [letter.subject for letter in post.outside.letters if "Hors service" in letter.subject] == [
        "Hors service\u00a0: Laser"
    ]
    assert "La lame" not in post.outside.letters[-1].text


def test_silence_that_was_chosen_is_kept(post):
    with post.store.begin() as work:
        contacts.choose(work, Contact(member_id=post.lab.ada, topics={Topic.BOOKINGS: ()}), None)
    post.book()
    post.hand_over()
    assert post.notices() == ()


def test_a_hook_hears_each_event_once_signed_and_without_names(post):
    hook = post.hook(kinds=(EventKind.RESERVATION_MADE,))
    post.book()
    post.hand_over()
    post.hand_over()
    assert post.hooks.send_one() is True
    assert post.hooks.send_one() is None
    ((url, headers, body),) = post.outside.calls
    assert url == hook.url
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(b"0123456789abcdef", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    assert json.loads(body)["member"] == post.lab.ada
    assert b"Ada" not in body


def test_a_hook_does_not_hear_of_what_was_before_it(post):
    post.book()
    post.clock.advance(1)
    hook = post.hook()
    post.hand_over()
    assert post.deliveries(hook) == ()


def test_a_hook_that_fails_is_left_alone_and_others_are_called_meanwhile(post):
    lost = post.hook()
    post.book()
    post.hand_over()
    post.outside.fails = NotifyUnavailable("HTTP 503")
    assert post.hooks.send_one() is True
    well = post.hook(url="http://127.0.0.1/y", created_at=post.clock.now() - HOUR)
    post.outside.fails = None
    post.hand_over()
    while post.hooks.send_one():
        pass
    assert {url for url, _, _ in post.outside.calls} == {well.url}
    post.clock.advance(30)
    while post.hooks.send_one():
        pass
    assert all(each.state is DeliveryState.DELIVERED for each in post.deliveries(lost))
    assert post.store.views().webhooks()[0].failures == 0


def test_what_a_hook_lost_is_replayed(post):
    hook = post.hook(kinds=(EventKind.RESERVATION_MADE,))
    post.book()
    post.hand_over()
    while post.hooks.send_one():
        pass
    with post.store.begin() as work:
        assert hooks.replay(work, hook.id, "delivered", post.clock.now()) == 1
        assert hooks.replay(work, "none", "delivered", post.clock.now()) is None
    assert post.hooks.send_one() is True
    first, second = post.outside.calls
    assert first[1]["webhook-id"] == second[1]["webhook-id"]


def test_a_removed_hook_is_called_no_more_and_a_paused_one_later(post):
    gone, paused = post.hook(), post.hook()
    post.book()
    post.hand_over()
    with post.store.begin() as work:
        assert hooks.remove(work, gone.id)
        assert not hooks.remove(work, gone.id)
        hooks.pause(work, paused.id, paused=True)
    assert post.hooks.send_one() is None
    with post.store.begin() as work:
        hooks.pause(work, paused.id, paused=False)
    assert post.hooks.send_one() is True


def test_a_worker_ends_at_once_when_it_is_told(post):
    stop = threading.Event()
    worker = threading.Thread(target=run, args=(post.mail, stop))
    worker.start()
    stop.set()
    worker.join(timeout=5)
    assert not worker.is_alive()


@pytest.mark.parametrize("kind", [EventKind.RIGHT_LAPSES_SOON, EventKind.RIGHT_LAPSED])
def test_whose_right_ends_is_told_which_and_when(post, kind):
    data = {"training": "laser", "expires_at": (post.clock.now() + 14 * 24 * HOUR).astimezone(UTC).isoformat()}
    with post.store.begin() as work:
        work.append(work.site_id(), [Event(kind=kind, at=post.clock.now(), member_id=post.lab.ada, data=data)])
    post.hand_over()
    assert post.mail.send_one() is True
    assert "Découpe laser" in post.outside.letters[0].text
