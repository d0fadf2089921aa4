"""The store's part for opening hours and closures."""

from typing import Protocol

from gateway.domain.opening import Closure, Opening, Schedule
from gateway.domain.timespan import Span


class CalendarWork(Protocol):
    """What one open transaction does with them."""

    def site_opening(self) -> Opening | None:
        """The site's hours; None when none are set."""

    def put_site_opening(self, opening: Opening | None) -> None:
        """Set the site's hours, or take them away."""

    def add_closure(self, closure: Closure) -> None:
        """Keep a closure."""

    def closure(self, id: str) -> Closure | None:
        """A closure by id."""

    def forget_closure(self, id: str) -> None:
        """Remove a closure."""

    def schedule(self, resource_id: str, window: Span) -> Schedule:
        """The hours of a resource (its own, else the site's) and the closures that touch the window."""
