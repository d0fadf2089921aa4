"""Rights as people see them: lists and their history."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select

from gateway.adapters.sql import schema, views_lists
from gateway.adapters.sql.pages import Paging, page
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.reading_access import by_member
from gateway.adapters.sql.shapes import LINE, QUALIFICATION, TRAINING
from gateway.adapters.sql.views_floor import TRAININGS
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.qualifications import Line, Qualification
from gateway.domain.training import Requirement, Training
from gateway.ports.views import Page

_lines, _rights, _trainings, _trainers = (
    schema.qualification_acts.c, schema.qualifications.c, schema.trainings.c, schema.training_trainers.c,
)  # fmt: skip
LINES = Paging("qualification_acts", _lines.id, _lines.id, descending=True)
TRAINING_ID = select(_trainings.id).where(_trainings.site_id == SITE, _trainings.slug == bindparam("training"))
RESOURCE_ID = select(schema.resources.c.id).where(
    schema.resources.c.site_id == SITE, schema.resources.c.slug == bindparam("resource")
)
TRAINERS = (
    select(_trainers.member_id)
    .where(_trainers.training_id == bindparam("training_id"))
    .order_by(_trainers.since, _trainers.member_id)
)


def lines(*filters: str) -> Select[Any]:
    """The history of the site's rights."""
    query = select(*LINE.columns).where(_lines.site_id == SITE)
    for name in ("member_id", "qualification_id"):
        if name in filters:
            query = query.where(_lines[name] == bindparam(name))
    return query


class TrainingViewsPart(ViewsPart):
    """Reads about trainings and rights."""

    def trainings(self) -> tuple[Training, ...]:
        """All of them, by slug."""
        return tuple(TRAINING.read(row) for row in self._all(TRAININGS))

    def trainers(self, training: str) -> tuple[str, ...] | None:
        """Ids of the members who may give it, first named first; None when there is no such training."""
        with self._read() as tx:
            found = tx.one(TRAINING_ID, site_id=self._site.get(tx), training=training)
            return tuple(str(row[0]) for row in tx.all(TRAINERS, training_id=found[0])) if found else None

    def qualifications(
        self, *, limit: int, cursor: str | None, member_id: str | None = None, training: str | None = None,
        awaiting: bool | None = None,
    ) -> Page[Qualification]:  # fmt: skip
        """Newest first."""
        given = {"member_id": member_id, "training": training, "awaiting": awaiting}
        with self._read() as tx:
            return page(
                tx, QUALIFICATION, views_lists.QUALIFICATIONS, views_lists.qualifications,
                lambda row: (row.granted_at, row.id),
                limit=limit, cursor=cursor, given=given, site_id=self._site.get(tx),
            )  # fmt: skip

    def right_lines(
        self, *, limit: int, cursor: str | None, member_id: str | None = None, qualification_id: str | None = None
    ) -> Page[Line]:
        """The history of rights, newest first."""
        given = {"member_id": member_id, "qualification_id": qualification_id}
        with self._read() as tx:
            return page(
                tx, LINE, LINES, lines, lambda row: (row.id, row.id),
                limit=limit, cursor=cursor, given=given, site_id=self._site.get(tx),
            )  # fmt: skip

    def standing(self, member_id: str, resource: str, now: datetime) -> tuple[Requirement, ...] | None:
        """How a member stands towards each training that a resource asks for; None when either is not there."""
        with self._read() as tx:
            site_id = self._site.get(tx)
            found = tx.one(RESOURCE_ID, site_id=site_id, resource=resource)
            if found is None:
                return None
            access = by_member(tx, site_id=site_id, resource_id=found[0], member_id=member_id, now=now).access
            return access.requirements if access.member is not None else None
