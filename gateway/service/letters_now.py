"""Letters that hold a secret: they wait in memory only, are tried for some minutes, and leave no trace."""

import logging
import queue
import threading
from datetime import timedelta

from gateway.ports.clock import Clock
from gateway.ports.errors import NotifyRefused, NotifyUnavailable
from gateway.ports.notify import Letter, Post

WORTH_SENDING = timedelta(minutes=5)
MOST = 200
PAUSE_S = 3.0

_log = logging.getLogger(__name__)


class LettersNow:
    """Takes letters without waiting; a worker sends them."""

    def __init__(self, post: Post, clock: Clock) -> None:
        self._post, self._clock = post, clock
        self._waiting: queue.Queue[Letter] = queue.Queue(MOST)

    def __call__(self, letter: Letter) -> None:
        """Send it soon. Where too many wait it is dropped: whoever asked asks again."""
        try:
            self._waiting.put_nowait(letter)
        except queue.Full:
            _log.warning("too many letters wait: one is not sent")

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop``."""
        while not stop.is_set():
            try:
                letter = self._waiting.get(timeout=0.5)
            except queue.Empty:
                continue
            if not self._sent(letter):
                self(letter)
                stop.wait(PAUSE_S)

    def _sent(self, letter: Letter) -> bool:
        """Whether it is done with; False: again later."""
        if self._clock.now() - letter.at > WORTH_SENDING:
            _log.warning("letter %s could not be sent in time", letter.id)
            return True
        try:
            self._post.send(letter)
        except NotifyUnavailable as error:
            _log.warning("letter %s waits: %s", letter.id, error)
            return False
        except NotifyRefused as error:
            _log.warning("letter %s is refused: %s", letter.id, error)
        except Exception:
            _log.exception("letter %s cannot be sent", letter.id)
        return True
