"""What a transaction knows of trainings, of who gives them, and of the rights that members have."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.domain.qualifications import Line, Qualification
from gateway.domain.training import Training


class TrainingWork(Protocol):
    """Trainings and rights in one open transaction."""

    def zone(self) -> ZoneInfo:
        """The zone of the clocks on this site's walls."""

    def put_training(self, training: Training) -> Training:
        """Insert or update by slug (prerequisites included)."""

    def training(self, slug: str) -> Training | None:
        """A training by slug."""

    def trainings(self) -> tuple[Training, ...]:
        """Every training of the site, by slug."""

    def add_trainer(self, training_id: str, member_id: str, now: datetime) -> bool:
        """Name a member a trainer of it; False when they are already."""

    def remove_trainer(self, training_id: str, member_id: str) -> bool:
        """Take the name back; False when they were none."""

    def trainers(self, training_id: str) -> frozenset[str]:
        """Ids of the members who may give it."""

    def add_qualification(self, qualification: Qualification) -> None:
        """Add a right, given or declared."""

    def qualification(self, id: str) -> Qualification | None:
        """A right by id, ours alone from here on."""

    def save_qualification(self, qualification: Qualification) -> None:
        """Update a right."""

    def rights_of(self, member_id: str) -> tuple[Qualification, ...]:
        """Every right that a member has had at this site, oldest first."""

    def rights_past_term(self, now: datetime) -> tuple[tuple[Qualification, Training], ...]:
        """Rights whose stated time of keeping is over, oldest first in each training; no more than some hundreds at once."""

    def forget_right(self, id: str) -> None:
        """Delete a right with its history; lists that spoke of it keep the rest."""

    def add_line(self, line: Line) -> None:
        """Add to the history of a right, which only grows."""

    def rights_to_keep(
        self, member_id: str, resource_id: str, *, detected: bool
    ) -> tuple[tuple[Qualification, Training], ...]:
        """A member's rights that lapse without use and that this resource, once really used, keeps alive.

        ``detected``: a job was seen running. Without one it counts only where nothing could have seen one.
        """

    def rights_near_their_end(self, now: datetime) -> tuple[tuple[Qualification, Training], ...]:
        """Valid rights that a reminder may be due for, and lapsed ones that were not told of; ours alone from here on.

        A right that another one of the same member and course outlasts at its level is left out.
        """
