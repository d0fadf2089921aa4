"""The first tables.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.adapters.sql.types import Moment

revision = "0001"
down_revision = None
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


def ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def index(name: str, table: str, columns: list[str], *, unique: bool = False, where: str | None = None) -> None:
    only: dict[str, Any] = {f"{dialect}_where": sa.text(where) for dialect in ("sqlite", "postgresql")} if where else {}
    op.create_index(name, table, columns, unique=unique, **only)


def upgrade() -> None:
    _lab_and_members()
    _rights_and_reservations()
    _streams()
    _use()


def _lab_and_members() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        uid("site_id"), column("xid", sa.BigInteger(), nullable=True), text("kind"), moment("at"),
        uid("resource_id", nullable=True), uid("member_id", nullable=True), uid("session_id", nullable=True),
        uid("device_id", nullable=True), column("data", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("id", name="pk_events"), sqlite_autoincrement=True,
    )  # fmt: skip
    index("ix_events_kind_id", "events", ["kind", "id"])
    index("ix_events_refused", "events", ["at"], where="kind = 'tap_refused'")
    index(
        "ix_events_taps", "events", ["resource_id", "id"], where="kind IN ('tap_granted', 'tap_refused', 'tap_noted')"
    )
    if op.get_bind().dialect.name == "postgresql":
        index("ix_events_xid_id", "events", ["xid", "id"])
    op.create_table(
        "members",
        uid("id"), text("first_name"), text("last_name"), text("email", nullable=True),
        column("active", sa.Boolean()), moment("member_until", nullable=True), moment("created_at", nullable=True),
        column("sort_name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )  # fmt: skip
    index("ix_members_sort_name_id", "members", ["sort_name", "id"])
    op.create_table(
        "sites",
        uid("id"), text("slug"), text("name"), text("timezone"), sa.PrimaryKeyConstraint("id", name="pk_sites"),
        sa.UniqueConstraint("slug", name="uq_sites_slug"),
    )  # fmt: skip
    op.create_table(
        "badge_hashes",
        uid("badge_id"), uid("site_id"), uid("member_id"), text("form"), text("key_id"), text("digest"),
        moment("enrolled_at"), moment("revoked_at", nullable=True), ref("badge_hashes", "member_id", "members"),
        ref("badge_hashes", "site_id", "sites"),
        sa.PrimaryKeyConstraint("badge_id", "form", "key_id", "digest", name="pk_badge_hashes"),
    )  # fmt: skip
    index("ix_badge_hashes_digest", "badge_hashes", ["digest", "form", "key_id"])
    index("ix_badge_hashes_member_id", "badge_hashes", ["member_id"])
    index("uq_badge_hashes_live", "badge_hashes", ["form", "key_id", "digest"], unique=True, where="revoked_at IS NULL")
    op.create_table(
        "member_sites",
        uid("member_id"), uid("site_id"), ref("member_sites", "member_id", "members"),
        ref("member_sites", "site_id", "sites"),
        sa.PrimaryKeyConstraint("site_id", "member_id", name="pk_member_sites"),
    )  # fmt: skip
    op.create_table(
        "quarantine",
        uid("id"), uid("site_id"), text("device"), text("topic"), column("payload", sa.LargeBinary()),
        text("error"), moment("received_at"), ref("quarantine", "site_id", "sites"),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
    )  # fmt: skip
    index("ix_quarantine_received_at_id", "quarantine", ["received_at", "id"])
    op.create_table(
        "resources",
        uid("id"), uid("site_id"), text("slug"), column("names", sa.JSON(none_as_null=True)), text("kind"),
        column("position", sa.Integer()), column("reservation_required", sa.Boolean()),
        column("ceiling_s", sa.Integer()), column("forgotten_s", sa.Integer()),
        column("out_of_service", sa.Boolean()), text("out_reason", nullable=True),
        moment("back_at", nullable=True), ref("resources", "site_id", "sites"),
        sa.PrimaryKeyConstraint("id", name="pk_resources"),
        sa.UniqueConstraint("site_id", "slug", name="uq_resources_site_id_slug"),
    )  # fmt: skip
    op.create_table(
        "sink_cursors",
        uid("site_id"), text("sink"), column("cursor", sa.BigInteger()), ref("sink_cursors", "site_id", "sites"),
        sa.PrimaryKeyConstraint("site_id", "sink", name="pk_sink_cursors"),
    )  # fmt: skip
    op.create_table(
        "trainings",
        uid("id"), uid("site_id"), text("slug"), column("names", sa.JSON(none_as_null=True)),
        column("validity_days", sa.Integer(), nullable=True), ref("trainings", "site_id", "sites"),
        sa.PrimaryKeyConstraint("id", name="pk_trainings"),
        sa.UniqueConstraint("site_id", "slug", name="uq_trainings_site_id_slug"),
    )  # fmt: skip
    op.create_table(
        "alarms",
        uid("resource_id"), text("source"), text("code"), uid("site_id"), moment("raised_at"),
        ref("alarms", "resource_id", "resources"), ref("alarms", "site_id", "sites"),
        sa.PrimaryKeyConstraint("resource_id", "source", "code", name="pk_alarms"),
    )  # fmt: skip
    op.create_table(
        "devices",
        uid("id"), uid("site_id"), text("slug"), text("role"), uid("resource_id", nullable=True), text("presence"),
        text("presence_reason", nullable=True), moment("last_seen_at", nullable=True),
        column("power_on", sa.Boolean(), nullable=True), moment("power_at", nullable=True),
        column("nonsense_count", sa.Integer()), text("nonsense_example", nullable=True),
        ref("devices", "resource_id", "resources"), ref("devices", "site_id", "sites"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("site_id", "slug", name="uq_devices_site_id_slug"),
    )  # fmt: skip
    index("ix_devices_resource_id", "devices", ["resource_id"])


def _rights_and_reservations() -> None:
    op.create_table(
        "qualifications",
        uid("id"), uid("site_id"), uid("member_id"), uid("training_id"), moment("granted_at"),
        text("granted_by", nullable=True), moment("expires_at", nullable=True),
        moment("revoked_at", nullable=True), text("note", nullable=True),
        ref("qualifications", "member_id", "members"), ref("qualifications", "site_id", "sites"),
        ref("qualifications", "training_id", "trainings"), sa.PrimaryKeyConstraint("id", name="pk_qualifications"),
    )  # fmt: skip
    index("ix_qualifications_member_id_training_id", "qualifications", ["member_id", "training_id"])
    index("ix_qualifications_granted_at_id", "qualifications", ["granted_at", "id"])
    index("ix_qualifications_member_id_granted_at_id", "qualifications", ["member_id", "granted_at", "id"])
    index("ix_qualifications_training_id_granted_at_id", "qualifications", ["training_id", "granted_at", "id"])
    op.create_table(
        "reservations",
        uid("id"), uid("site_id"), uid("resource_id"), uid("member_id"), moment("starts"), moment("ends"),
        moment("created_at"), moment("cancelled_at", nullable=True),
        sa.CheckConstraint("starts < ends", name="ck_reservations_span"),
        ref("reservations", "member_id", "members"), ref("reservations", "resource_id", "resources"),
        ref("reservations", "site_id", "sites"), sa.PrimaryKeyConstraint("id", name="pk_reservations"),
    )  # fmt: skip
    index("ix_reservations_resource_id_ends", "reservations", ["resource_id", "ends"], where="cancelled_at IS NULL")
    index("ix_reservations_resource_id_starts", "reservations", ["resource_id", "starts"], where="cancelled_at IS NULL")
    index("ix_reservations_ends", "reservations", ["ends"], where="cancelled_at IS NULL")
    index("ix_reservations_starts_id", "reservations", ["starts", "id"], where="cancelled_at IS NULL")
    op.create_table(
        "resource_trainings",
        uid("resource_id"), uid("training_id"), uid("site_id"),
        ref("resource_trainings", "resource_id", "resources"), ref("resource_trainings", "site_id", "sites"),
        ref("resource_trainings", "training_id", "trainings"),
        sa.PrimaryKeyConstraint("resource_id", "training_id", name="pk_resource_trainings"),
    )  # fmt: skip
    op.create_table(
        "tokens",
        uid("id"), uid("site_id"), text("digest"), text("role"), text("label"), moment("created_at"),
        uid("resource_id", nullable=True), moment("expires_at", nullable=True),
        moment("revoked_at", nullable=True), ref("tokens", "resource_id", "resources"),
        ref("tokens", "site_id", "sites"), sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )  # fmt: skip


def _streams() -> None:
    op.create_table(
        "device_streams",
        uid("device_id"), text("boot"), uid("site_id"), column("applied_seq", sa.BigInteger()),
        column("gaps", sa.JSON(none_as_null=True)), moment("first_at"),
        ref("device_streams", "device_id", "devices"), ref("device_streams", "site_id", "sites"),
        sa.PrimaryKeyConstraint("device_id", "boot", name="pk_device_streams"), sqlite_with_rowid=False,
    )  # fmt: skip
    index("ix_device_streams_device_id_first_at", "device_streams", ["device_id", "first_at"])
    op.create_table(
        "held_facts",
        uid("device_id"), text("boot"), column("seq", sa.BigInteger()), uid("site_id"), moment("received_at"),
        text("topic"), column("payload", sa.LargeBinary()), ref("held_facts", "device_id", "devices"),
        ref("held_facts", "site_id", "sites"),
        sa.PrimaryKeyConstraint("device_id", "boot", "seq", name="pk_held_facts"),
    )  # fmt: skip
    index("ix_held_facts_received_at", "held_facts", ["received_at"])


def _use() -> None:
    op.create_table(
        "sessions",
        uid("id"), uid("site_id"), uid("resource_id"), uid("operator_id"), uid("beneficiary_id"),
        uid("reservation_id", nullable=True), text("state"), moment("opened_at"), moment("last_tap_at"),
        moment("granted_until", nullable=True), moment("energised_at", nullable=True),
        moment("person_gone_at", nullable=True), moment("last_activity_at", nullable=True),
        moment("closed_at", nullable=True), text("end_reason", nullable=True), column("enabled_s", sa.Double()),
        column("active_s", sa.Double()), column("idle_s", sa.Double()),
        ref("sessions", "beneficiary_id", "members"), ref("sessions", "operator_id", "members"),
        ref("sessions", "reservation_id", "reservations"), ref("sessions", "resource_id", "resources"),
        ref("sessions", "site_id", "sites"), sa.PrimaryKeyConstraint("id", name="pk_sessions"), sqlite_with_rowid=False,
    )  # fmt: skip
    index("ix_sessions_resource_id_opened_at_id", "sessions", ["resource_id", "opened_at", "id"])
    index("ix_sessions_opened_at_id", "sessions", ["opened_at", "id"])
    index("uq_sessions_one_open", "sessions", ["resource_id"], unique=True, where="closed_at IS NULL")
    op.create_table(
        "jobs",
        uid("id"), uid("site_id"), uid("device_id"), text("key"), uid("resource_id", nullable=True),
        uid("session_id", nullable=True), uid("member_id", nullable=True), text("name", nullable=True),
        moment("started_at"), column("paused", sa.Boolean()), moment("ended_at", nullable=True),
        text("outcome", nullable=True), column("wall_s", sa.Double(), nullable=True),
        column("active_s", sa.Double(), nullable=True), column("paused_s", sa.Double(), nullable=True),
        column("laser_on_s", sa.Double(), nullable=True), column("filament_mm", sa.Double(), nullable=True),
        text("reason", nullable=True), ref("jobs", "device_id", "devices"), ref("jobs", "member_id", "members"),
        ref("jobs", "resource_id", "resources"), ref("jobs", "session_id", "sessions"),
        ref("jobs", "site_id", "sites"), sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("device_id", "key", name="uq_jobs_device_id_key"), sqlite_with_rowid=False,
    )  # fmt: skip
    index("ix_jobs_resource_id_ended_at", "jobs", ["resource_id", "ended_at"], where="ended_at IS NOT NULL")
    index("ix_jobs_resource_id_started_at_id", "jobs", ["resource_id", "started_at", "id"])
    index("ix_jobs_running_device", "jobs", ["device_id"], where="ended_at IS NULL")
    index("ix_jobs_running_resource", "jobs", ["resource_id"], where="ended_at IS NULL")
    index("ix_jobs_started_at_id", "jobs", ["started_at", "id"])


def downgrade() -> None:
    for table in (
        "jobs", "sessions", "held_facts", "device_streams", "tokens", "resource_trainings", "reservations",
        "qualifications", "devices", "alarms", "trainings", "sink_cursors", "resources", "quarantine", "member_sites",
        "badge_hashes", "sites", "members", "events",
    ):  # fmt: skip
        op.drop_table(table)
