"""When whoever booked came, and who waits for a slot.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('waiting', 'offered')")


def upgrade() -> None:
    op.add_column("reservations", sa.Column("checked_in_at", Moment()))
    op.create_table(
        "slot_waits",
        *(sa.Column(name, sa.String(36), nullable=False) for name in ("id", "site_id", "member_id")),
        *(sa.Column(name, sa.String(36)) for name in ("resource_id", "group_id")),
        *(sa.Column(name, Moment(), nullable=False) for name in ("starts", "ends", "joined_at")),
        sa.Column("moves", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_id", sa.String(36)),
        sa.Column("offered_until", Moment()),
        *(
            sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_slot_waits_{name}")
            for name, target in (
                ("site_id", "sites"), ("member_id", "members"), ("resource_id", "resources"),
                ("group_id", "resource_groups"), ("offered_id", "resources"),
            )
        ),
        sa.CheckConstraint("starts < ends", name="ck_slot_waits_span"),
        sa.PrimaryKeyConstraint("id", name="pk_slot_waits"),
    )  # fmt: skip
    op.create_index("ix_slot_waits_live", "slot_waits", ["joined_at", "id"], sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_index("ix_slot_waits_member_id_joined_at", "slot_waits", ["member_id", "joined_at"])


def downgrade() -> None:
    op.drop_table("slot_waits")
    op.drop_column("reservations", "checked_in_at")
