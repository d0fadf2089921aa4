"""What a transaction keeps of visits, and what is read of them."""

from datetime import datetime
from typing import Protocol

from gateway.domain.visits import Visit


class VisitsWork(Protocol):
    """Visits in one open transaction."""

    def add_visit(self, visit: Visit) -> None:
        """Count somebody, or a group."""


class VisitViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def visitors(self, since: datetime) -> int:
        """How many people have been counted since then."""

    def communes(self, limit: int) -> tuple[str, ...]:
        """Where most of them come from, the most named first."""
