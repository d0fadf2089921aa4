"""The live stream over real sockets: every screen gets the latest, none waits for another."""

import contextlib
import json
import re
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from devices import codec, envelope, topics
from devices.messages import Change, Changed, Sample
from devices.topics import Channel
from tests.web.lab import SITE
from tests.web.server import served


class Screen:
    """A browser's EventSource, as far as it matters here."""

    def __init__(self, address, path="/live?lang=fr", last=None, read=True):
        parts = urlsplit(address)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=8)
        head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n"
        head += f"Last-Event-ID: {last}\r\n" if last else ""
        self.socket.sendall(f"{head}\r\n".encode())
        self.text = ""
        self.at = []
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True) if read else None
        if self._thread:
            self._thread.start()
        OPEN.append(self)

    def _read(self):
        try:
            while data := self.socket.recv(65536):
                self.at.append(time.monotonic())
                self.text += data.decode()
        except OSError:
            pass
        self.ended.set()

    def wait_for(self, pattern, timeout=6.0):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if re.search(pattern, self.text, re.DOTALL):
                return self.text
            time.sleep(0.005)
        raise AssertionError(f"{pattern!r} never came in {self.text[-600:]!r}")

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self._thread:
            self._thread.join(2)
        self.socket.close()


def hint(lab, slug):
    payload = codec.encode(Changed(changes=(Change(resource=slug, event="session_opened"),)))
    lab.bus.publish(topics.topic(Channel.LIVE, site=SITE, device=topics.GATEWAY), payload, qos=0)


def sample(lab, device, percent, **more):
    topic = topics.topic(Channel.SAMPLE, site=SITE, device=device)
    sealed = envelope.Envelope(
        site=SITE, device=device, boot="b", seq=None, mono_ms=1, age_ms=0, at=None,
        message=Sample(values={"progress_percent": percent, **more}),
    )  # fmt: skip
    lab.bus.publish(topic, envelope.seal(sealed, topic=topic), qos=0)


OPEN = []


@pytest.fixture(autouse=True)
def close_screens():
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def address(lab):
    with served(lab.app()) as address:
        yield address


def test_a_new_screen_gets_the_whole_board_and_then_only_what_changes(lab, address):
    screen = Screen(address)
    screen.wait_for(r'id="tile-camera".*id="summary"')
    before = len(screen.text)
    lab.session("brodeuse")
    hint(lab, "brodeuse")
    screen.wait_for(r'id="tile-brodeuse" class="tile s-occupied_idle"')
    news = screen.text[before:]
    assert "tile-laser" not in news
    assert "id: " in news
    assert "Léa" not in screen.text


def test_a_screen_that_comes_back_gets_what_it_missed(lab, address):
    first = Screen(address)
    first.wait_for("summary")
    last = re.findall(r"id: (\S+)", first.text)[-1]
    keeper = Screen(address)
    keeper.wait_for("summary")
    first.close()
    lab.session("brodeuse")
    hint(lab, "brodeuse")
    keeper.wait_for("s-occupied_idle")
    back = Screen(address, last=last)
    back.wait_for("s-occupied_idle")
    assert "tile-camera" not in back.text
    stranger = Screen(address, last="other-7")
    stranger.wait_for("tile-camera")


def test_progress_comes_from_samples(lab, address):
    lab.job("prusa-1", minutes=30, session=lab.session("prusa-1"))
    screen = Screen(address)
    screen.wait_for("Depuis 30")
    sample(lab, "prusa-1-machine", 50.0)
    screen.wait_for(r"Encore 30.minutes\..*value=\"50\"")


def test_nonsense_on_the_bus_changes_nothing(lab, address):
    screen = Screen(address)
    screen.wait_for("summary")
    for channel, device in ((Channel.LIVE, "gateway"), (Channel.SAMPLE, "prusa-1-machine")):
        for payload in (
            b"",
            b"{}",
            b"\xff\x00",
            b'{"v":1,"kind":"sample","progress_percent":[]}',
            json.dumps({"progress_percent": 1}).encode(),
        ):
            lab.bus.publish(topics.topic(channel, site=SITE, device=device), payload, qos=0)
    hint(lab, "no-such-machine")
    lab.session("brodeuse")
    hint(lab, "brodeuse")
    screen.wait_for("s-occupied_idle")


def test_what_went_by_while_the_broker_was_away_is_made_up_for(lab, address):
    screen = Screen(address)
    screen.wait_for("summary")
    lab.broker.stop()
    lab.session("brodeuse")
    time.sleep(0.1)
    lab.broker.start()
    screen.wait_for("s-occupied_idle")


def test_the_kiosk_and_the_machine_s_page_have_streams_of_their_own(lab, address):
    page = Screen(address, "/r/soudure/live?lang=en")
    page.wait_for(r'id="state" class="now s-free"')
    lab.session("soudure")
    hint(lab, "soudure")
    page.wait_for(r"s-occupied_idle.*In use")
    unknown = Screen(address, "/r/nothing/live")
    unknown.wait_for("retry: 2000")


def test_a_screen_that_does_not_read_holds_up_nobody(lab, address):
    for _ in range(5):
        Screen(address, read=False)
    screen = Screen(address)
    screen.wait_for("summary")
    lab.job("prusa-1", minutes=30, session=lab.session("prusa-1"))
    for turn in range(60):
        sample(lab, "prusa-1-machine", float(turn + 10))
        time.sleep(0.01)
    screen.wait_for('value="69"', timeout=3)


def test_open_streams_end_at_once_when_the_server_is_told_to_stop(lab):
    with served(lab.app()) as address:
        screens = [Screen(address) for _ in range(5)]
        for screen in screens:
            screen.wait_for("summary")
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert all(screen.ended.wait(1) for screen in screens)


def test_the_same_application_can_be_served_again(lab):
    app = lab.app()
    for _ in range(2):
        with served(app) as address:
            screen = Screen(address)
            screen.wait_for("summary")
            hint(lab, "brodeuse")
    with served(app) as address:
        screen = Screen(address)
        screen.wait_for("summary")
        lab.session("brodeuse")
        hint(lab, "brodeuse")
        screen.wait_for("s-occupied_idle")
