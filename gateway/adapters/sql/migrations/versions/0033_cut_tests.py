"""How each plug comes back when its power returns.

Revision ID: 0033
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cut_tests",
        sa.Column("device_id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("begun_at", Moment(), nullable=False),
        sa.Column("gone_at", Moment()),
        sa.Column("done_at", Moment()),
        sa.Column("off", sa.Boolean()),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_cut_tests_device_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_cut_tests_site_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_cut_tests"),
    )


def downgrade() -> None:
    op.drop_table("cut_tests")
