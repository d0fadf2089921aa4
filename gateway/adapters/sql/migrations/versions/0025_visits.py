"""Visits that name nobody: one person or a group.

Revision ID: 0025
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("age_band", sa.Text()),
        sa.Column("commune", sa.Text()),
        sa.Column("purpose", sa.Text()),
        sa.Column("first_visit", sa.Boolean()),
        sa.Column("mediator_id", sa.String(36)),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_visits_site_id"),
        sa.ForeignKeyConstraint(["mediator_id"], ["members.id"], name="fk_visits_mediator_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
    )
    op.create_index("ix_visits_at", "visits", ["at"])


def downgrade() -> None:
    op.drop_table("visits")
