"""How to reach people who stand only on a workshop's list.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workshop_places", sa.Column("contact", sa.Text()))


def downgrade() -> None:
    op.drop_column("workshop_places", "contact")
