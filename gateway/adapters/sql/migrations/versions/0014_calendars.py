"""When reservations and workshops last changed, and the secret addresses of members' calendars.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

GONE = sa.text("cancelled_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("reservations", sa.Column("changed_at", Moment()))
    op.create_index("ix_reservations_gone_ends", "reservations", ["ends"], sqlite_where=GONE, postgresql_where=GONE)
    op.add_column("workshops", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("workshops", sa.Column("changed_at", Moment()))
    op.create_table(
        "calendar_links",
        sa.Column("member_id", sa.String(36), nullable=False), sa.Column("site_id", sa.String(36), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False), sa.Column("made_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_calendar_links_member_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_calendar_links_site_id"),
        sa.PrimaryKeyConstraint("member_id", name="pk_calendar_links"),
        sa.UniqueConstraint("digest", name="uq_calendar_links_digest"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("calendar_links")
    for column in ("changed_at", "version"):
        op.drop_column("workshops", column)
    op.drop_index("ix_reservations_gone_ends", "reservations")
    op.drop_column("reservations", "changed_at")
