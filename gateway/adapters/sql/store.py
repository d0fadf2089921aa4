"""The store port on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from gateway.adapters.sql import schema
from gateway.adapters.sql.guards import missing_guards
from gateway.adapters.sql.part import SiteId
from gateway.adapters.sql.sqlite import SqliteDatabase
from gateway.adapters.sql.statements import Statements
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.views import SqlViews
from gateway.adapters.sql.where import postgresql_url, sqlite_path
from gateway.adapters.sql.work_accounts import AccountsPart
from gateway.adapters.sql.work_answers import AnswersPart
from gateway.adapters.sql.work_arrivals import ArrivalsPart
from gateway.adapters.sql.work_bookings import BookingsPart
from gateway.adapters.sql.work_calendar import CalendarPart
from gateway.adapters.sql.work_feeds import FeedsPart
from gateway.adapters.sql.work_help import HelpPart
from gateway.adapters.sql.work_lab import LabPart
from gateway.adapters.sql.work_log import LogPart
from gateway.adapters.sql.work_merge import MergePart
from gateway.adapters.sql.work_node_lists import NodeListsPart
from gateway.adapters.sql.work_notices import NoticesPart
from gateway.adapters.sql.work_people import PeoplePart
from gateway.adapters.sql.work_policies import PoliciesPart
from gateway.adapters.sql.work_presence import PresencePart
from gateway.adapters.sql.work_proofs import ProofsPart
from gateway.adapters.sql.work_reports import ReportsPart
from gateway.adapters.sql.work_streams import StreamsPart
from gateway.adapters.sql.work_taps import TapsPart
from gateway.adapters.sql.work_team import TeamPart
from gateway.adapters.sql.work_training import TrainingPart
from gateway.adapters.sql.work_visits import VisitsPart
from gateway.adapters.sql.work_ways import WaysPart
from gateway.adapters.sql.work_webhooks import WebhooksPart
from gateway.adapters.sql.work_workshops import WorkshopsPart
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Work
from gateway.ports.views import Views


class Database(Protocol):
    """What a kind of database must give."""

    statements: Statements

    def write(self, within_s: float | None = None) -> AbstractContextManager[Transaction]:
        """A write transaction, once other writers have made room, in at most so many seconds."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A reading, consistent in itself."""

    def standing(self) -> tuple[str | None, set[str]]:
        """The revision of the schema and the names of what guards it."""

    def close(self) -> None:
        """Release every connection."""


class SqlWork(
    TeamPart, StreamsPart, TapsPart, ReportsPart, LogPart, LabPart, PeoplePart, TrainingPart, PoliciesPart, BookingsPart,
    WorkshopsPart, WaysPart, AnswersPart, ArrivalsPart, CalendarPart, PresencePart, NoticesPart, WebhooksPart,
    FeedsPart, AccountsPart, ProofsPart, NodeListsPart, MergePart, HelpPart, VisitsPart,
):  # fmt: skip
    """One open transaction, all its parts together."""


class SqlStore:
    """The store. ``where`` is a path or ``sqlite:///path`` for SQLite, ``postgresql://…``, or None for memory.

    ``site`` is the slug of the site to serve; without it the one that `put_site` names, or the first there is.
    """

    def __init__(self, where: str | Path | None, *, site: str | None = None, busy_s: float = 5.0) -> None:
        self._database = _open(where, busy_s)
        self._site = SiteId(site)

    @classmethod
    def memory(cls, *, site: str | None = None) -> "SqlStore":
        """A store that lasts as long as it is open: SQLite in memory, the same code."""
        return cls(None, site=site)

    @contextmanager
    def begin(self, *, within_s: float | None = None) -> Iterator[Work]:
        """A write transaction: commit (with fsync) on leaving the block, roll back on any exception."""
        afterwards: list[Callable[[], None]] = []
        with self._database.write(within_s) as tx:
            yield SqlWork(tx, self._site, afterwards.append)
        for call in afterwards:
            call()

    def views(self) -> Views:
        """What pages and the API read; never waits for the writer (but in memory it does)."""
        return SqlViews(self._database.read, self._site)

    def check(self) -> None:
        """Raise StoreUnavailable unless the schema is current and its guards stand."""
        revision, standing = self._database.standing()
        if revision != schema.REVISION:
            found = f"is at version {revision}" if revision else "has no tables yet"
            raise StoreUnavailable(f"the database {found}, version {schema.REVISION} is needed: run `etabli migrate`")
        missing = missing_guards(self._database.statements.dialect.name, standing)
        if missing:
            raise StoreUnavailable(
                f"the database lacks what keeps its rules ({', '.join(missing)}): run `etabli migrate`"
            )

    def close(self) -> None:
        """Release every connection."""
        self._database.close()


def _open(where: str | Path | None, busy_s: float) -> Database:
    if where is None:
        return SqliteDatabase(None, busy_s=busy_s)
    url = postgresql_url(where)
    if url is not None:
        from gateway.adapters.sql.postgres import PostgresDatabase

        return PostgresDatabase(url, busy_s=busy_s)
    return SqliteDatabase(sqlite_path(where), busy_s=busy_s)
