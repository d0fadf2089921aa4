"""Where the pages of each site are.

Revision ID: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sites", sa.Column("address", sa.Text()))


def downgrade() -> None:
    op.drop_column("sites", "address")
