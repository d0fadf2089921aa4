"""What an import knows a member by, and badges that are lent for a day.

Revision ID: 0021
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0021"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("reference", sa.Text()))
    op.add_column("badge_hashes", sa.Column("lent_until", Moment()))
    on_loan = sa.text("lent_until IS NOT NULL AND revoked_at IS NULL")
    op.create_index(
        "ix_badge_hashes_lent_until", "badge_hashes", ["lent_until"], sqlite_where=on_loan, postgresql_where=on_loan
    )


def downgrade() -> None:
    op.drop_index("ix_badge_hashes_lent_until", "badge_hashes")
    with op.batch_alter_table("badge_hashes") as badges:
        badges.drop_column("lent_until")
    with op.batch_alter_table("members") as members:
        members.drop_column("reference")
