"""What the team keeps of its floor: upkeep of machines, notes on their screens, who shows their first name.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0020"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("show_first_name", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "upkeep",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text()),
        sa.Column("next_at", Moment()),
        sa.Column("next_hours", sa.Integer()),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_upkeep_site_id"),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name="fk_upkeep_resource_id"),
        sa.PrimaryKeyConstraint("id", name="pk_upkeep"),
    )
    op.create_index("ix_upkeep_resource_id_at_id", "upkeep", ["resource_id", "at", "id"])
    op.create_table(
        "screen_notes",
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name="fk_screen_notes_resource_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_screen_notes_site_id"),
        sa.PrimaryKeyConstraint("resource_id", name="pk_screen_notes"),
    )


def downgrade() -> None:
    op.drop_table("screen_notes")
    op.drop_table("upkeep")
    op.drop_column("members", "show_first_name")
