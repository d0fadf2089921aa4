"""What people see of rights, and what is asked about them."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.domain.qualifications import Line, Qualification
from gateway.domain.training import Requirement, Training

if TYPE_CHECKING:
    from gateway.ports.views import Page


class TrainingViews(Protocol):
    """Reads about trainings and rights."""

    def trainings(self) -> tuple[Training, ...]:
        """All of them, by slug."""

    def trainers(self, training: str) -> tuple[str, ...] | None:
        """Ids of the members who may give it, first named first; None when there is no such training."""

    def qualifications(
        self, *, limit: int, cursor: str | None, member_id: str | None = None, training: str | None = None,
        awaiting: bool | None = None,
    ) -> "Page[Qualification]":  # fmt: skip
        """Newest first."""

    def right_lines(
        self, *, limit: int, cursor: str | None, member_id: str | None = None, qualification_id: str | None = None
    ) -> "Page[Line]":
        """The history of rights, newest first."""

    def standing(self, member_id: str, resource: str, now: datetime) -> tuple[Requirement, ...] | None:
        """How a member stands towards each training that a resource asks for; None when either is not there."""
