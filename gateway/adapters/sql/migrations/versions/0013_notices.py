"""Messages to members, what members chose about them, and webhooks.

Revision ID: 0013
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def column(name: str, type_: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=nullable)


def uid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return column(name, sa.String(36), nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return column(name, sa.Text(), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return column(name, Moment(), nullable=nullable)


def plain(name: str) -> sa.Column[Any]:
    return column(name, sa.JSON(none_as_null=True))


def ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def index(name: str, table: str, columns: list[str], *, where: str | None = None) -> None:
    only: dict[str, Any] = {f"{dialect}_where": sa.text(where) for dialect in ("sqlite", "postgresql")} if where else {}
    op.create_index(name, table, columns, **only)


def upgrade() -> None:
    op.add_column("members", text("language", nullable=True))
    op.create_table(
        "contacts",
        uid("member_id"), plain("addresses"), plain("topics"), text("quiet", nullable=True),
        ref("contacts", "member_id", "members"), sa.PrimaryKeyConstraint("member_id", name="pk_contacts"),
    )  # fmt: skip
    _notices()
    _webhooks()


def _notices() -> None:
    op.create_table(
        "notices",
        uid("id"), uid("site_id"), column("event_id", sa.BigInteger()), text("kind"), uid("member_id"), text("channel"),
        text("state"), moment("created_at"), moment("next_try_at"), uid("resource_id", nullable=True), plain("data"),
        column("attempts", sa.Integer()), moment("done_at", nullable=True), text("error", nullable=True),
        ref("notices", "site_id", "sites"), ref("notices", "member_id", "members"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("event_id", "member_id", "channel", name="uq_notices_event_id_member_id_channel"),
    )  # fmt: skip
    index("ix_notices_due", "notices", ["channel", "next_try_at", "id"], where="state = 'waiting'")
    index("ix_notices_created_at_id", "notices", ["created_at", "id"])
    index("ix_notices_member_id_created_at_id", "notices", ["member_id", "created_at", "id"])
    index("ix_notices_failed", "notices", ["created_at"], where="state IN ('refused', 'given_up', 'unreachable')")


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        uid("id"), uid("site_id"), text("url"), text("secret"), text("key_id"), moment("created_at"), text("label"),
        plain("kinds"), column("paused", sa.Boolean()), column("failures", sa.Integer()),
        moment("retry_at", nullable=True), ref("webhooks", "site_id", "sites"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )  # fmt: skip
    op.create_table(
        "webhook_deliveries",
        uid("id"), uid("site_id"), uid("webhook_id"), column("event_id", sa.BigInteger()), text("kind"), text("body"),
        text("state"), moment("queued_at"), moment("next_try_at"), column("attempts", sa.Integer()),
        moment("done_at", nullable=True), text("error", nullable=True),
        ref("webhook_deliveries", "site_id", "sites"), ref("webhook_deliveries", "webhook_id", "webhooks"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("webhook_id", "event_id", name="uq_webhook_deliveries_webhook_id_event_id"),
    )  # fmt: skip
    due, given_up = "state = 'waiting'", "state = 'given_up'"
    index("ix_webhook_deliveries_due", "webhook_deliveries", ["webhook_id", "next_try_at", "id"], where=due)
    index("ix_webhook_deliveries_given_up", "webhook_deliveries", ["webhook_id"], where=given_up)


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhooks", "notices", "contacts"):
        op.drop_table(table)
    with op.batch_alter_table("members") as members:
        members.drop_column("language")
