"""Copying SQLite's log into the database beside the writer, so that no tap has to wait for it."""

import logging
import sqlite3
import threading
from collections.abc import Callable

COMMITS = 100
"""So many commits are worth a copy."""

_log = logging.getLogger(__name__)


class Tidier:
    """A thread of its own, begun when there is something to copy. PASSIVE: it never makes the writer wait."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._commits = 0

    def committed(self) -> None:
        """Count a commit; called by the writer alone."""
        self._commits += 1
        if self._commits == COMMITS:
            self.copy()

    def copy(self) -> None:
        """Copy what the log holds now; called by the writer alone."""
        self._commits = 0
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sqlite-tidy", daemon=True)
            self._thread.start()
        self._wanted.set()

    def _run(self) -> None:
        try:
            connection = self._connect()
        except sqlite3.Error as fault:
            _log.warning("the log of the database is copied by its writer, since it cannot be beside it: %s", fault)
            return
        try:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                if self._stop.is_set():
                    return
                # Busy, full or torn away: the writer's own copying, rarer, remains; and it will say what is wrong.
                try:
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                except sqlite3.Error as fault:
                    _log.debug("the log was not copied this time: %s", fault)
        finally:
            connection.close()

    def close(self) -> None:
        """Stop and let go."""
        self._stop.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
