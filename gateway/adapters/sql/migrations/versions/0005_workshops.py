"""Workshops, their lists and what they hold.

Revision ID: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def column(name: str, type_: Any, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=nullable)


def uid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return column(name, sa.String(36), nullable=nullable)


def moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return column(name, Moment(), nullable=nullable)


def ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def upgrade() -> None:
    op.create_table(
        "workshops",
        uid("id"), uid("site_id"), column("kind", sa.Text(), nullable=False),
        column("titles", sa.JSON(none_as_null=True), nullable=False), uid("trainer_id"),
        uid("training_id", nullable=True), moment("starts", nullable=False), moment("ends", nullable=False),
        moment("created_at", nullable=False), column("seats", sa.Integer(), nullable=False),
        column("minimum", sa.Integer(), nullable=False), moment("decide_by"), column("offer_hours", sa.Integer()),
        column("state", sa.Text(), nullable=False), column("reason", sa.Text()), uid("series_id", nullable=True),
        column("taken", sa.Integer(), nullable=False), column("waiting", sa.Integer(), nullable=False),
        moment("due_at"),
        sa.CheckConstraint("starts < ends", name=op.f("ck_workshops_span")),
        sa.CheckConstraint("0 <= taken AND taken <= seats", name=op.f("ck_workshops_seats")),
        ref("workshops", "site_id", "sites"), ref("workshops", "trainer_id", "members"),
        ref("workshops", "training_id", "trainings"), sa.PrimaryKeyConstraint("id", name="pk_workshops"),
    )  # fmt: skip
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_workshops_starts_id", "workshops", ["starts", "id"])
    op.create_index("ix_workshops_due_at", "workshops", ["due_at"], sqlite_where=due, postgresql_where=due)
    op.create_index("ix_workshops_series_id", "workshops", ["series_id"])
    op.create_table(
        "workshop_places",
        uid("id"), uid("site_id"), uid("workshop_id"), uid("member_id", nullable=True), column("name", sa.Text()),
        column("headcount", sa.JSON(none_as_null=True)), uid("mediator_id", nullable=True),
        column("state", sa.Text(), nullable=False), moment("joined_at", nullable=False), moment("offered_until"),
        column("present", sa.Boolean()), moment("present_at"), column("passed", sa.Boolean()),
        uid("qualification_id", nullable=True),
        ref("workshop_places", "site_id", "sites"), ref("workshop_places", "workshop_id", "workshops"),
        ref("workshop_places", "member_id", "members"), ref("workshop_places", "mediator_id", "members"),
        ref("workshop_places", "qualification_id", "qualifications"),
        sa.PrimaryKeyConstraint("id", name="pk_workshop_places"),
        sa.UniqueConstraint("workshop_id", "member_id", name="uq_workshop_places_workshop_id_member_id"),
    )  # fmt: skip
    op.create_index("ix_workshop_places_member_id", "workshop_places", ["member_id"])
    op.create_table(
        "workshop_resources",
        uid("workshop_id"), uid("resource_id"), uid("site_id"), uid("reservation_id"),
        ref("workshop_resources", "workshop_id", "workshops"), ref("workshop_resources", "resource_id", "resources"),
        ref("workshop_resources", "site_id", "sites"), ref("workshop_resources", "reservation_id", "reservations"),
        sa.PrimaryKeyConstraint("workshop_id", "resource_id", name="pk_workshop_resources"),
    )  # fmt: skip
    for added in (uid("list_workshop_id", nullable=True), moment("list_since"), moment("list_until")):
        op.add_column("devices", added)


def downgrade() -> None:
    for name in ("list_until", "list_since", "list_workshop_id"):
        op.drop_column("devices", name)
    for table in ("workshop_resources", "workshop_places", "workshops"):
        op.drop_table(table)
