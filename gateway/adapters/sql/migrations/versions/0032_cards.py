"""How often a card that cannot be cloned was read: no card may say so twice.

Revision ID: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("badge_hashes", sa.Column("counter", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("badge_hashes", "counter")
