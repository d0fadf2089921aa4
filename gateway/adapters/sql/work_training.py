"""Trainings, what stands on what, and the rights that members have from them."""

from sqlalchemy import bindparam, delete, insert, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import QUALIFICATION, TRAINING, plain, training_row
from gateway.adapters.sql.statements import upsert
from gateway.adapters.sql.transaction import Refused
from gateway.domain.qualifications import Qualification
from gateway.domain.training import Training, all_needs

_trainings, _rights, _under = schema.trainings.c, schema.qualifications.c, schema.training_prerequisites

PUT_TRAINING = upsert(schema.trainings, ("site_id", "slug"), keep=("id",))
TRAINING_OF_SLUG = select(*TRAINING.columns).where(_trainings.site_id == SITE, _trainings.slug == bindparam("slug"))
TRAININGS_OF_SITE = select(*TRAINING.columns).where(_trainings.site_id == SITE).order_by(_trainings.slug)
FORGET_PREREQUISITES = delete(_under).where(_under.c.site_id == SITE)
ADD_PREREQUISITE = insert(_under)
ADD_QUALIFICATION = insert(schema.qualifications)
SAVE_QUALIFICATION = upsert(schema.qualifications, ("id",))
QUALIFICATION_OF_ID = select(*QUALIFICATION.columns).where(_rights.id == bindparam("id")).with_for_update()


class TrainingPart(Part):
    """Courses and rights."""

    def put_training(self, training: Training) -> Training:
        """Insert or update by slug (prerequisites included)."""
        self._tx.run(PUT_TRAINING, **training_row(training), site_id=self.site_id())
        known = {row.slug: row for row in self.trainings()}
        if known[training.slug].prerequisites != tuple(sorted(training.prerequisites)):
            self._put_prerequisites(known, training)
        found = self.training(training.slug)
        assert found is not None
        return found

    def _put_prerequisites(self, known: dict[str, Training], training: Training) -> None:
        unknown = sorted(set(training.prerequisites) - known.keys())
        if unknown:
            raise Refused(f"training {training.slug} needs trainings that are not there: {', '.join(unknown)}")
        edges = {slug: row.prerequisites for slug, row in known.items()} | {training.slug: training.prerequisites}
        site = self.site_id()
        rows = [
            {
                "training_id": row.id, "needs_id": known[need].id, "site_id": site, "direct": need in edges[slug],
            }
            for slug, row in known.items()
            for need in sorted(all_needs(edges, slug))
        ]  # fmt: skip
        self._tx.run(FORGET_PREREQUISITES, site_id=site)
        if rows:
            self._tx.many(ADD_PREREQUISITE, rows)

    def training(self, slug: str) -> Training | None:
        """A training by slug."""
        row = self._tx.one(TRAINING_OF_SLUG, site_id=self.site_id(), slug=slug)
        return TRAINING.read(row) if row else None

    def trainings(self) -> tuple[Training, ...]:
        """Every training of the site, by slug."""
        return tuple(TRAINING.read(row) for row in self._tx.all(TRAININGS_OF_SITE, site_id=self.site_id()))

    def add_qualification(self, qualification: Qualification) -> None:
        """Add a right, given or declared."""
        self._tx.run(ADD_QUALIFICATION, **plain(qualification), site_id=self.site_id())

    def qualification(self, id: str) -> Qualification | None:
        """A right by id, ours alone from here on."""
        row = self._tx.one(QUALIFICATION_OF_ID, id=id)
        return QUALIFICATION.read(row) if row else None

    def save_qualification(self, qualification: Qualification) -> None:
        """Update a right."""
        self._tx.run(SAVE_QUALIFICATION, **plain(qualification), site_id=self.site_id())
