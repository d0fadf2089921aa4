"""Opening hours of the site and of resources, and closures.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("sites", "resources"):
        op.add_column(table, sa.Column("opening", sa.JSON(none_as_null=True)))
    op.create_table(
        "closures",
        sa.Column("id", sa.String(36), nullable=False), sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("resource_id", sa.String(36)),
        sa.Column("starts", Moment(), nullable=False), sa.Column("ends", Moment(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_closures_span")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_closures_site_id"),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name="fk_closures_resource_id"),
        sa.PrimaryKeyConstraint("id", name="pk_closures"),
    )  # fmt: skip
    op.create_index("ix_closures_ends", "closures", ["ends"])


def downgrade() -> None:
    op.drop_table("closures")
    for table in ("sites", "resources"):
        op.drop_column(table, "opening")
