"""Who is in the place: each member's last tap at the door.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

AT_THE_DOOR = sa.text("role = 'place'")


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("member_id", sa.String(36), nullable=False),
        sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment()),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("responsible", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_presences_member_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_presences_site_id"),
        sa.PrimaryKeyConstraint("member_id", "site_id", name="pk_presences"),
    )
    op.create_index("ix_presences_until", "presences", ["until"])
    op.create_index("ix_devices_place", "devices", ["presence"], sqlite_where=AT_THE_DOOR, postgresql_where=AT_THE_DOOR)


def downgrade() -> None:
    op.drop_index("ix_devices_place", "devices")
    op.drop_table("presences")
