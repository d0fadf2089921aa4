"""Letters that hold a secret: sent soon, tried again for a while, dropped rather than late."""

import threading

from gateway.ports.errors import NotifyRefused, NotifyUnavailable
from gateway.ports.notify import Letter
from gateway.service import letters_now
from gateway.service.letters_now import LettersNow
from tests.fakes.clock import FakeClock
from tests.fixtures_store import NOW


class FakePost:
    def __init__(self, *answers):
        self.answers, self.sent, self.done = list(answers), [], threading.Event()

    def send(self, letter):
        answer = self.answers.pop(0) if self.answers else None
        if not self.answers:
            self.done.set()
        if answer is not None:
            raise answer
        self.sent.append(letter.id)


def letter(name="a", at=NOW):
    return Letter(id=name, to="a@example.org", subject="s", text="t", language="fr", at=at)


def run(letters, post):
    stop = threading.Event()
    worker = threading.Thread(target=letters.run, args=(stop,))
    worker.start()
    assert post.done.wait(5)
    stop.set()
    worker.join(5)
    assert not worker.is_alive()


def test_one_that_cannot_go_is_tried_again_and_one_that_is_refused_is_not(monkeypatch):
    monkeypatch.setattr(letters_now, "PAUSE_S", 0.01)
    post = FakePost(NotifyUnavailable("busy"), NotifyRefused("no"), RuntimeError("ours"), None)
    letters = LettersNow(post, FakeClock(NOW))
    for name in ("a", "b", "c"):
        letters(letter(name))
    run(letters, post)
    assert post.sent == ["a"]


def test_one_that_is_too_old_is_dropped():
    clock, post = FakeClock(NOW), FakePost(None)
    letters = LettersNow(post, clock)
    letters(letter("old"))
    clock.advance(301)
    letters(letter("new", clock.now()))
    run(letters, post)
    assert post.sent == ["new"]


def test_whoever_asks_never_waits(monkeypatch):
    monkeypatch.setattr(letters_now, "MOST", 2)
    post = FakePost(None, None)
    letters = LettersNow(post, FakeClock(NOW))
    for name in ("a", "b", "c"):
        letters(letter(name))
    run(letters, post)
    assert post.sent == ["a", "b"]
