"""Calls and problems from kiosks; readers that serve several machines, and their kiosks' tokens.

Revision ID: 0024
"""

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0024"
down_revision = "0021"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")
OF_ITS_OWN = sa.text(
    "kind IN ('tap_granted', 'tap_refused', 'tap_noted', 'person_arrived', 'person_left') AND resource_id IS NULL"
)


def uid(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(36), nullable=nullable)


def ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def upgrade() -> None:
    op.create_table(
        "help_requests",
        uid("id"), uid("site_id"), sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False), uid("resource_id", nullable=True),
        uid("member_id", nullable=True), sa.Column("trouble", sa.Text()), sa.Column("photo_type", sa.Text()),
        sa.Column("photo", sa.LargeBinary()), sa.Column("closed_at", Moment()),
        ref("help_requests", "site_id", "sites"), ref("help_requests", "resource_id", "resources"),
        ref("help_requests", "member_id", "members"),
        sa.PrimaryKeyConstraint("id", name="pk_help_requests"),
    )  # fmt: skip
    op.create_index("ix_help_requests_open", "help_requests", ["created_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "reader_resources",
        uid("device_id"), uid("resource_id"), uid("site_id"), sa.Column("position", sa.Integer(), nullable=False),
        ref("reader_resources", "device_id", "devices"), ref("reader_resources", "resource_id", "resources"),
        ref("reader_resources", "site_id", "sites"),
        sa.PrimaryKeyConstraint("device_id", "resource_id", name="pk_reader_resources"),
    )  # fmt: skip
    op.create_index(
        "ix_events_reader", "events", ["device_id", "id"], sqlite_where=OF_ITS_OWN, postgresql_where=OF_ITS_OWN
    )
    with op.batch_alter_table("tokens") as tokens:
        tokens.add_column(uid("device_id", nullable=True))
        tokens.create_foreign_key("fk_tokens_device_id", "devices", ["device_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("tokens") as tokens:
        tokens.drop_constraint("fk_tokens_device_id", type_="foreignkey")
        tokens.drop_column("device_id")
    op.drop_index("ix_events_reader", "events")
    op.drop_table("reader_resources")
    op.drop_table("help_requests")
