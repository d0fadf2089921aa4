"""The number of the access list that was last made for each node.

Revision ID: 0023
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0023"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "node_lists",
        sa.Column("device_id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("issued_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_node_lists_device_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_node_lists_site_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_node_lists"),
    )


def downgrade() -> None:
    op.drop_table("node_lists")
