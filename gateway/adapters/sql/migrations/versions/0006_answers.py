"""Requests that carry a key, and what was answered.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("media_type", sa.Text()),
        sa.Column("body", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_answers_site_id"),
        sa.PrimaryKeyConstraint("key", name="pk_answers"),
    )
    op.create_index("ix_answers_at", "answers", ["at"])


def downgrade() -> None:
    op.drop_table("answers")
