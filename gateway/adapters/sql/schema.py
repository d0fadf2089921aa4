"""The tables. `migrations/` must lead to exactly this (a test compares them on both databases)."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)  # isort: skip

from gateway.adapters.sql.types import Moment, plain_json

REVISION = "0033"
"""The newest migration: `check()` refuses any other."""

TAP_KINDS = "kind IN ('tap_granted', 'tap_refused', 'tap_noted')"
REFUSED_TAPS = "kind = 'tap_refused'"
AT_A_READER = "kind IN ('tap_granted', 'tap_refused', 'tap_noted', 'person_arrived', 'person_left')"
AT_THE_DOOR = "role = 'place'"
STANDING = "expires_at IS NOT NULL AND revoked_at IS NULL AND refused_at IS NULL"
"""Rights that can lapse and that nobody has ended."""
ON_LOAN = "lent_until IS NOT NULL AND revoked_at IS NULL"
FAILED_NOTICES = "state IN ('refused', 'given_up', 'unreachable')"

# No index begins with the site: a database holds one or a few, and SQLite would take such an index for the best of all.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# In SQLite these rows lie in their primary key itself: one page fewer to write at each tap.
_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}
# SQLite counts up by itself only in a column that is exactly INTEGER.
_Serial = BigInteger().with_variant(Integer(), "sqlite")
# The order of keyset pages must be the order of bytes on both databases.
_Sorted = Text().with_variant(Text(collation="C"), "postgresql")


def _id(name: str = "id") -> Column[Any]:
    return Column(name, String(36), primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, String(36), ForeignKey(target), nullable=nullable)


def _site() -> Column[Any]:
    return _ref("site_id", "sites.id")


def _text(name: str, default: str | None = None) -> Column[Any]:
    return Column(name, Text(), nullable=False, server_default=default)


def _note(name: str) -> Column[Any]:
    return Column(name, Text())


def _at(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, Moment(), nullable=nullable)


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean(), nullable=False)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _policies() -> tuple[Column[Any], Column[Any]]:
    return Column("use_policy", plain_json()), Column("booking_policy", plain_json())


sites = Table(
    "sites", metadata, _id(),
    _text("slug"), _text("name"), _text("timezone"), *_policies(), Column("opening", plain_json()),
    _note("address"),
    UniqueConstraint("slug"),
)  # fmt: skip

members = Table(
    "members", metadata, _id(),
    _text("first_name"), _text("last_name"), _note("email"), _flag("active"), _at("member_until"), _at("created_at"),
    Column("sort_name", _Sorted, nullable=False),
    _note("suspended_reason"), Column("birth_date", Date()), Column("charter_version", Integer()),
    _at("guardian_consent_at"), _note("language"),
    Column("show_first_name", Boolean(), nullable=False, server_default=false()), _note("reference"),
    Index("ix_members_sort_name_id", "sort_name", "id"),
)  # fmt: skip

member_sites = Table(
    "member_sites", metadata,
    _ref("member_id", "members.id"), _site(), Column("responsible", Boolean(), nullable=False, server_default=false()),
    _text("role", "member"),
    PrimaryKeyConstraint("site_id", "member_id"),
)  # fmt: skip

# The number of the access list that was last made for each node.
node_lists = Table(
    "node_lists", metadata,
    Column("device_id", String(36), ForeignKey("devices.id"), primary_key=True), _site(),
    Column("version", Integer(), nullable=False), _text("digest"), _at("issued_at", nullable=False),
    _at("expires_at", nullable=False),
)  # fmt: skip

# Each member's last tap at the door; a row goes when its time is over.
presences = Table(
    "presences", metadata,
    _ref("member_id", "members.id"), _site(), _at("since", nullable=False), _at("until"),
    _at("changed_at", nullable=False), _flag("responsible"),
    PrimaryKeyConstraint("member_id", "site_id"),
    Index("ix_presences_until", "until"),
)  # fmt: skip

trainings = Table(
    "trainings", metadata, _id(), _site(),
    _text("slug"), Column("names", plain_json(), nullable=False), Column("validity_days", Integer()),
    _note("yearly_until"), Column("unused_days", Integer()), Column("minutes", Integer()),
    Column("refresher_minutes", Integer()), Column("remind_days", plain_json()), Column("retention_years", Integer()),
    UniqueConstraint("site_id", "slug"),
)  # fmt: skip

resource_groups = Table(
    "resource_groups", metadata, _id(), _site(),
    _text("slug"), Column("names", plain_json(), nullable=False), *_policies(),
    UniqueConstraint("site_id", "slug"),
)  # fmt: skip

resources = Table(
    "resources", metadata, _id(), _site(),
    _text("slug"), Column("names", plain_json(), nullable=False), _text("kind"),
    Column("position", Integer(), nullable=False),
    _flag("reservation_required"),
    Column("ceiling_s", Integer(), nullable=False), Column("forgotten_s", Integer(), nullable=False),
    _flag("out_of_service"), _note("out_reason"), _at("back_at"),
    _ref("group_id", "resource_groups.id", nullable=True), *_policies(),
    Column("opening", plain_json()),
    UniqueConstraint("site_id", "slug"),
)  # fmt: skip

closures = Table(
    "closures", metadata, _id(), _site(), _ref("resource_id", "resources.id", nullable=True),
    _at("starts", nullable=False), _at("ends", nullable=False), _text("reason"),
    CheckConstraint("starts < ends", name="span"),
    Index("ix_closures_ends", "ends"),
)  # fmt: skip

resource_trainings = Table(
    "resource_trainings", metadata,
    _ref("resource_id", "resources.id"), _ref("training_id", "trainings.id"), _site(),
    Column("level", Integer(), nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("resource_id", "training_id"),
)  # fmt: skip

# Every training that one stands on, near (`direct`) and far: a tap must not have to climb.
training_prerequisites = Table(
    "training_prerequisites", metadata,
    _ref("training_id", "trainings.id"), _ref("needs_id", "trainings.id"), _site(), _flag("direct"),
    PrimaryKeyConstraint("training_id", "needs_id"),
)  # fmt: skip

training_trainers = Table(
    "training_trainers", metadata,
    _ref("training_id", "trainings.id"), _ref("member_id", "members.id"), _site(), _at("since", nullable=False),
    PrimaryKeyConstraint("training_id", "member_id"),
)  # fmt: skip

qualifications = Table(
    "qualifications", metadata, _id(), _site(),
    _ref("member_id", "members.id"), _ref("training_id", "trainings.id"),
    _at("granted_at", nullable=False), _note("granted_by"), _at("expires_at"), _at("revoked_at"), _note("note"),
    _ref("granted_by_member", "members.id", nullable=True),
    Column("level", Integer(), nullable=False, server_default=text("1")),
    Column("refresher", Boolean(), nullable=False, server_default=false()),
    Column("awaiting", Boolean(), nullable=False, server_default=false()),
    _at("ends_at"), _at("last_used_at"), _at("refused_at"), _note("evidence"), Column("told_days", Integer()),
    Index("ix_qualifications_member_id_granted_at_id", "member_id", "granted_at", "id"),
    Index("ix_qualifications_member_id_training_id", "member_id", "training_id"),
    Index("ix_qualifications_training_id_granted_at_id", "training_id", "granted_at", "id"),
    Index("ix_qualifications_granted_at_id", "granted_at", "id"),
    Index("ix_qualifications_expires_at", "expires_at", **_where(STANDING)),
)  # fmt: skip

# What became of each right, one row for each act: rows are only ever added, and go with the right at the end of its term.
qualification_acts = Table(
    "qualification_acts", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True), _site(),
    _ref("qualification_id", "qualifications.id"), _ref("member_id", "members.id"),
    _at("at", nullable=False), _text("act"), _note("actor"), _ref("actor_member", "members.id", nullable=True),
    _at("expires_at"), _note("evidence"), _note("note"),
    Index("ix_qualification_acts_qualification_id_id", "qualification_id", "id"),
    Index("ix_qualification_acts_member_id_id", "member_id", "id"),
    sqlite_autoincrement=True,
)  # fmt: skip

badge_hashes = Table(
    "badge_hashes", metadata,
    Column("badge_id", String(36), nullable=False), _site(), _ref("member_id", "members.id"),
    _text("form"), _text("key_id"), _text("digest"), _at("enrolled_at", nullable=False), _at("revoked_at"),
    _at("lent_until"), Column("counter", BigInteger()),
    PrimaryKeyConstraint("badge_id", "form", "key_id", "digest"),
    Index("ix_badge_hashes_digest", "digest", "form", "key_id"),
    Index("uq_badge_hashes_live", "form", "key_id", "digest", unique=True, **_where("revoked_at IS NULL")),
    Index("ix_badge_hashes_member_id", "member_id"),
    Index("ix_badge_hashes_lent_until", "lent_until", **_where(ON_LOAN)),
)  # fmt: skip

devices = Table(
    "devices", metadata, _id(), _site(),
    _text("slug"), _text("role"), _ref("resource_id", "resources.id", nullable=True),
    _text("presence"), _note("presence_reason"), _at("last_seen_at"),
    Column("power_on", Boolean()), _at("power_at"),
    Column("nonsense_count", Integer(), nullable=False), _note("nonsense_example"),
    # The attendance list that is open at this reader: it lies in the row that each tap locks anyway.
    Column("list_workshop_id", String(36)), _at("list_since"), _at("list_until"),
    UniqueConstraint("site_id", "slug"),
    Index("ix_devices_resource_id", "resource_id"),
    Index("ix_devices_place", "presence", **_where(AT_THE_DOOR)),
)  # fmt: skip

device_streams = Table(
    "device_streams", metadata,
    _ref("device_id", "devices.id"), _text("boot"), _site(),
    Column("applied_seq", BigInteger(), nullable=False), Column("gaps", plain_json(), nullable=False),
    _at("first_at", nullable=False),
    PrimaryKeyConstraint("device_id", "boot"),
    Index("ix_device_streams_device_id_first_at", "device_id", "first_at"),
    **_CLUSTERED,
)  # fmt: skip

held_facts = Table(
    "held_facts", metadata,
    _ref("device_id", "devices.id"), _text("boot"), Column("seq", BigInteger(), nullable=False), _site(),
    _at("received_at", nullable=False), _text("topic"), Column("payload", LargeBinary(), nullable=False),
    PrimaryKeyConstraint("device_id", "boot", "seq"),
    Index("ix_held_facts_received_at", "received_at"),
)  # fmt: skip

# `device` is what the topic said: a fact can be set aside before its device is known.
quarantine = Table(
    "quarantine", metadata, _id(), _site(),
    _text("device"), _text("topic"), Column("payload", LargeBinary(), nullable=False), _text("error"),
    _at("received_at", nullable=False),
    Index("ix_quarantine_received_at_id", "received_at", "id"),
)  # fmt: skip

reservations = Table(
    "reservations", metadata, _id(), _site(),
    _ref("resource_id", "resources.id"), _ref("member_id", "members.id", nullable=True),
    _at("starts", nullable=False), _at("ends", nullable=False),
    _at("created_at", nullable=False), _at("cancelled_at"),
    _text("purpose"), _text("status"), _at("busy_until", nullable=False), Column("version", Integer(), nullable=False),
    Column("series_id", String(36)), _note("note"), _at("checked_in_at"), _at("changed_at"),
    CheckConstraint("starts < ends", name="span"),
    CheckConstraint("ends <= busy_until", name="busy"),
    CheckConstraint("(cancelled_at IS NULL) = (status IN ('standing', 'awaiting_approval'))", name="status"),
    Index("ix_reservations_resource_id_starts", "resource_id", "starts", **_where("cancelled_at IS NULL")),
    Index("ix_reservations_resource_id_ends", "resource_id", "ends", **_where("cancelled_at IS NULL")),
    Index("ix_reservations_starts_id", "starts", "id", **_where("cancelled_at IS NULL")),
    Index("ix_reservations_ends", "ends", **_where("cancelled_at IS NULL")),
    Index("ix_reservations_member_id_ends", "member_id", "ends", **_where("cancelled_at IS NULL")),
    Index("ix_reservations_gone_ends", "ends", **_where("cancelled_at IS NOT NULL")),
    Index("ix_reservations_series_id", "series_id", **_where("series_id IS NOT NULL")),
)  # fmt: skip

# Who waits for a slot, and what is offered to them. Its id is that of the reservation, once there is one.
slot_waits = Table(
    "slot_waits", metadata, _id(), _site(),
    _ref("member_id", "members.id"), _ref("resource_id", "resources.id", nullable=True),
    _ref("group_id", "resource_groups.id", nullable=True),
    _at("starts", nullable=False), _at("ends", nullable=False), _at("joined_at", nullable=False), _flag("moves"),
    _text("state"), _ref("offered_id", "resources.id", nullable=True), _at("offered_until"),
    CheckConstraint("starts < ends", name="span"),
    Index("ix_slot_waits_live", "joined_at", "id", **_where("state IN ('waiting', 'offered')")),
    Index("ix_slot_waits_member_id_joined_at", "member_id", "joined_at"),
)  # fmt: skip

sessions = Table(
    "sessions", metadata, _id(), _site(),
    _ref("resource_id", "resources.id"), _ref("operator_id", "members.id"),
    _ref("beneficiary_id", "members.id", nullable=True), _ref("reservation_id", "reservations.id", nullable=True),
    _text("state"), _at("opened_at", nullable=False), _at("last_tap_at", nullable=False), _at("granted_until"),
    _at("energised_at"), _at("person_gone_at"), _at("last_activity_at"), _at("closed_at"), _note("end_reason"),
    Column("enabled_s", Double(), nullable=False), Column("active_s", Double(), nullable=False),
    Column("idle_s", Double(), nullable=False),
    _text("way", "own"), _ref("supervisor_id", "members.id", nullable=True), _text("beneficiary_kind", "member"),
    Column("workshop_id", String(36)), _note("reason"), _at("offered_at"), Column("told_reservation_id", String(36)),
    Index("uq_sessions_one_open", "resource_id", unique=True, **_where("closed_at IS NULL")),
    Index("ix_sessions_opened_at_id", "opened_at", "id"),
    Index("ix_sessions_beneficiary_id_opened_at", "beneficiary_id", "opened_at"),
    Index("ix_sessions_open_operator", "operator_id", **_where("closed_at IS NULL")),
    Index("ix_sessions_resource_id_opened_at_id", "resource_id", "opened_at", "id"),
    **_CLUSTERED,
)  # fmt: skip

jobs = Table(
    "jobs", metadata, _id(), _site(),
    _ref("device_id", "devices.id"), _text("key"),
    _ref("resource_id", "resources.id", nullable=True), _ref("session_id", "sessions.id", nullable=True),
    _ref("member_id", "members.id", nullable=True),
    _note("name"), _at("started_at", nullable=False), _flag("paused"), _at("ended_at"), _note("outcome"),
    Column("wall_s", Double()), Column("active_s", Double()), Column("paused_s", Double()),
    Column("laser_on_s", Double()), Column("filament_mm", Double()), _note("reason"),
    UniqueConstraint("device_id", "key"),
    Index("ix_jobs_running_resource", "resource_id", **_where("ended_at IS NULL")),
    Index("ix_jobs_running_device", "device_id", **_where("ended_at IS NULL")),
    Index("ix_jobs_resource_id_ended_at", "resource_id", "ended_at", **_where("ended_at IS NOT NULL")),
    Index("ix_jobs_started_at_id", "started_at", "id"),
    Index("ix_jobs_resource_id_started_at_id", "resource_id", "started_at", "id"),
    **_CLUSTERED,
)  # fmt: skip

# A machine that is open for a workshop, whoever taps.
classes = Table(
    "classes", metadata, _id(), _site(),
    _ref("resource_id", "resources.id"), _ref("trainer_id", "members.id"), Column("workshop_id", String(36)),
    _at("opened_at", nullable=False), _at("until", nullable=False), _at("closed_at"),
    Index("uq_classes_one_open", "resource_id", unique=True, **_where("closed_at IS NULL")),
    Index("ix_classes_until", "until", **_where("closed_at IS NULL")),
)  # fmt: skip

# `scope_id` is a resource or a group of them: whoever looks after it may start it while it is locked out.
maintainers = Table(
    "maintainers", metadata,
    Column("scope_id", String(36), nullable=False), _ref("member_id", "members.id"), _site(),
    _at("since", nullable=False),
    PrimaryKeyConstraint("scope_id", "member_id"),
)  # fmt: skip

# What lies on a machine while its maker is away: there until somebody has put it on the shelf.
waiting_parts = Table(
    "waiting_parts", metadata,
    _ref("resource_id", "resources.id"), _site(), _ref("member_id", "members.id"), _ref("session_id", "sessions.id"),
    _at("since", nullable=False),
    PrimaryKeyConstraint("resource_id"),
)  # fmt: skip

# `taken` and `waiting` are sums over the places, for lists; the check is the last net under the seats.
# `due_at` is when time alone will change something: a sweep looks at nothing else.
workshops = Table(
    "workshops", metadata, _id(), _site(),
    _text("kind"), Column("titles", plain_json(), nullable=False),
    _ref("trainer_id", "members.id"), _ref("training_id", "trainings.id", nullable=True),
    _at("starts", nullable=False), _at("ends", nullable=False), _at("created_at", nullable=False),
    Column("seats", Integer(), nullable=False), Column("minimum", Integer(), nullable=False), _at("decide_by"),
    Column("offer_hours", Integer()), _text("state"), _note("reason"), Column("series_id", String(36)),
    Column("taken", Integer(), nullable=False), Column("waiting", Integer(), nullable=False), _at("due_at"),
    Column("version", Integer(), nullable=False, server_default=text("1")), _at("changed_at"),
    CheckConstraint("starts < ends", name="span"),
    CheckConstraint("0 <= taken AND taken <= seats", name="seats"),
    Index("ix_workshops_starts_id", "starts", "id"),
    Index("ix_workshops_due_at", "due_at", **_where("due_at IS NOT NULL")),
    Index("ix_workshops_series_id", "series_id"),
)  # fmt: skip

workshop_places = Table(
    "workshop_places", metadata, _id(), _site(),
    _ref("workshop_id", "workshops.id"), _ref("member_id", "members.id", nullable=True), _note("name"),
    Column("headcount", plain_json()), _ref("mediator_id", "members.id", nullable=True),
    _text("state"), _at("joined_at", nullable=False), _at("offered_until"),
    Column("present", Boolean()), _at("present_at"), Column("passed", Boolean()),
    _ref("qualification_id", "qualifications.id", nullable=True), _note("contact"),
    UniqueConstraint("workshop_id", "member_id"),
    Index("ix_workshop_places_member_id", "member_id"),
)  # fmt: skip

# What a workshop holds: its reservations stand as long as it does.
workshop_resources = Table(
    "workshop_resources", metadata,
    _ref("workshop_id", "workshops.id"), _ref("resource_id", "resources.id"), _site(),
    _ref("reservation_id", "reservations.id"),
    PrimaryKeyConstraint("workshop_id", "resource_id"),
)  # fmt: skip

# No foreign keys: the log outlives what it speaks of, and four look-ups a row would weigh on every tap.
# `xid` is the transaction that wrote the row, on PostgreSQL, where numbers are not handed out in order of commit.
events = Table(
    "events", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("site_id", String(36), nullable=False), Column("xid", BigInteger()),
    _text("kind"), _at("at", nullable=False),
    Column("resource_id", String(36)), Column("member_id", String(36)), Column("session_id", String(36)),
    Column("device_id", String(36)), Column("data", plain_json(), nullable=False),
    Index("ix_events_xid_id", "xid", "id").ddl_if(dialect="postgresql"),
    Index("ix_events_kind_id", "kind", "id"),
    Index("ix_events_taps", "resource_id", "id", **_where(TAP_KINDS)),
    Index("ix_events_refused", "at", **_where(REFUSED_TAPS)),
    Index("ix_events_reader", "device_id", "id", **_where(f"{AT_A_READER} AND resource_id IS NULL")),
    sqlite_autoincrement=True,
)  # fmt: skip

# `source` is the device, or empty: NULL would not be unique.
alarms = Table(
    "alarms", metadata,
    _ref("resource_id", "resources.id"), _text("source"), _text("code"), _site(), _at("raised_at", nullable=False),
    PrimaryKeyConstraint("resource_id", "source", "code"),
)  # fmt: skip

tokens = Table(
    "tokens", metadata, _id(), _site(),
    _text("digest"), _text("role"), _text("label"), _at("created_at", nullable=False),
    _ref("resource_id", "resources.id", nullable=True), _at("expires_at"), _at("revoked_at"),
    _ref("device_id", "devices.id", nullable=True),
    UniqueConstraint("digest"),
)  # fmt: skip

# The secret address of each member's calendar: its digest only, gone when it is revoked.
calendar_links = Table(
    "calendar_links", metadata,
    Column("member_id", String(36), ForeignKey("members.id"), primary_key=True), _site(),
    _text("digest"), _at("made_at", nullable=False),
    UniqueConstraint("digest"),
)  # fmt: skip

# Machines for which one reader stands, with one kiosk.
reader_resources = Table(
    "reader_resources", metadata,
    _ref("device_id", "devices.id"), _ref("resource_id", "resources.id"), _site(),
    Column("position", Integer(), nullable=False),
    PrimaryKeyConstraint("device_id", "resource_id"),
)  # fmt: skip

# Plugs that were pulled out while they were on, to see how they come back.
cut_tests = Table(
    "cut_tests", metadata,
    Column("device_id", String(36), ForeignKey("devices.id"), primary_key=True), _site(),
    _at("begun_at", nullable=False), _at("gone_at"), _at("done_at"), Column("off", Boolean()),
)  # fmt: skip

# People who came, counted and not named.
visits = Table(
    "visits", metadata, _id(), _site(),
    _at("at", nullable=False), Column("people", Integer(), nullable=False), _note("age_band"), _note("commune"),
    _note("purpose"), Column("first_visit", Boolean()), _ref("mediator_id", "members.id", nullable=True),
    Index("ix_visits_at", "at"),
)  # fmt: skip

# Calls and problems from kiosks, each with a picture at most.
help_requests = Table(
    "help_requests", metadata, _id(), _site(),
    _text("kind"), _at("created_at", nullable=False), _ref("resource_id", "resources.id", nullable=True),
    _ref("member_id", "members.id", nullable=True), _note("trouble"), _note("photo_type"),
    Column("photo", LargeBinary()), _at("closed_at"),
    Index("ix_help_requests_open", "created_at", **_where("closed_at IS NULL")),
)  # fmt: skip

# Requests that were sent with a key of their own, and what was answered: for a day.
answers = Table(
    "answers", metadata,
    Column("key", String(64), primary_key=True), _site(), Column("request", String(64), nullable=False),
    _at("at", nullable=False), Column("status", Integer()), _note("media_type"), Column("body", LargeBinary()),
    Index("ix_answers_at", "at"),
)  # fmt: skip

sink_cursors = Table(
    "sink_cursors", metadata, _site(), _text("sink"), Column("cursor", BigInteger(), nullable=False),
    PrimaryKeyConstraint("site_id", "sink"),
)  # fmt: skip

# What members chose; one row at most, and none for whoever takes the lab's defaults.
contacts = Table(
    "contacts", metadata,
    Column("member_id", String(36), ForeignKey("members.id"), primary_key=True),
    Column("addresses", plain_json(), nullable=False), Column("topics", plain_json(), nullable=False), _note("quiet"),
)  # fmt: skip

# `channel` is empty where nothing reaches the member: NULL would not be unique.
notices = Table(
    "notices", metadata, _id(), _site(),
    Column("event_id", BigInteger(), nullable=False), _text("kind"), _ref("member_id", "members.id"), _text("channel"),
    _text("state"), _at("created_at", nullable=False), _at("next_try_at", nullable=False),
    Column("resource_id", String(36)), Column("data", plain_json(), nullable=False),
    Column("attempts", Integer(), nullable=False), _at("done_at"), _note("error"),
    UniqueConstraint("event_id", "member_id", "channel"),
    Index("ix_notices_due", "channel", "next_try_at", "id", **_where("state = 'waiting'")),
    Index("ix_notices_created_at_id", "created_at", "id"),
    Index("ix_notices_member_id_created_at_id", "member_id", "created_at", "id"),
    Index("ix_notices_failed", "created_at", **_where(FAILED_NOTICES)),
)  # fmt: skip

webhooks = Table(
    "webhooks", metadata, _id(), _site(),
    _text("url"), _text("secret"), _text("key_id"), _at("created_at", nullable=False), _text("label"),
    Column("kinds", plain_json(), nullable=False), _flag("paused"),
    Column("failures", Integer(), nullable=False), _at("retry_at"),
)  # fmt: skip

webhook_deliveries = Table(
    "webhook_deliveries", metadata, _id(), _site(), _ref("webhook_id", "webhooks.id"),
    Column("event_id", BigInteger(), nullable=False), _text("kind"), _text("body"), _text("state"),
    _at("queued_at", nullable=False), _at("next_try_at", nullable=False),
    Column("attempts", Integer(), nullable=False), _at("done_at"), _note("error"),
    UniqueConstraint("webhook_id", "event_id"),
    Index("ix_webhook_deliveries_due", "webhook_id", "next_try_at", "id", **_where("state = 'waiting'")),
    Index("ix_webhook_deliveries_given_up", "webhook_id", **_where("state = 'given_up'")),
)  # fmt: skip

browser_sessions = Table(
    "browser_sessions", metadata, _id(), _site(), _ref("member_id", "members.id"),
    _text("digest"), _text("by"), _flag("second_factor"), _text("device"),
    _at("created_at", nullable=False), _at("last_seen_at", nullable=False), _at("expires_at", nullable=False),
    UniqueConstraint("digest"),
    Index("ix_browser_sessions_member_id", "member_id"),
    Index("ix_browser_sessions_expires_at", "expires_at"),
)  # fmt: skip

sign_in_links = Table(
    "sign_in_links", metadata,
    Column("digest", String(64), primary_key=True), _site(), _text("address"), _text("toward"),
    _at("created_at", nullable=False), _at("expires_at", nullable=False), _at("used_at"),
    Index("ix_sign_in_links_expires_at", "expires_at"),
)  # fmt: skip

passwords = Table(
    "passwords", metadata,
    Column("member_id", String(36), ForeignKey("members.id"), primary_key=True),
    _text("kept"), _at("changed_at", nullable=False),
)  # fmt: skip

# What was done to keep a machine well: rows are only ever added.
upkeep = Table(
    "upkeep", metadata, _id(), _site(), _ref("resource_id", "resources.id"),
    _at("at", nullable=False), _text("note"), _note("by"), _at("next_at"), Column("next_hours", Integer()),
    Index("ix_upkeep_resource_id_at_id", "resource_id", "at", "id"),
)  # fmt: skip

# What the team says on the screen of a machine.
screen_notes = Table(
    "screen_notes", metadata,
    _ref("resource_id", "resources.id"), _site(), _text("text"), _at("at", nullable=False),
    _at("until", nullable=False),
    PrimaryKeyConstraint("resource_id"),
)  # fmt: skip

pins = Table(
    "pins", metadata,
    Column("member_id", String(36), ForeignKey("members.id"), primary_key=True),
    _text("kept"), _at("changed_at", nullable=False),
)  # fmt: skip

tries = Table(
    "tries", metadata,
    _ref("member_id", "members.id"), _text("proof"), Column("failures", Integer(), nullable=False), _at("locked_until"),
    PrimaryKeyConstraint("member_id", "proof"),
)  # fmt: skip

cards = Table(
    "cards", metadata, _id(), _site(), _ref("member_id", "members.id"),
    _text("digest"), _at("made_at", nullable=False), _at("revoked_at"),
    UniqueConstraint("digest"),
    Index("ix_cards_member_id", "member_id"),
)  # fmt: skip

second_factors = Table(
    "second_factors", metadata,
    Column("member_id", String(36), ForeignKey("members.id"), primary_key=True),
    _text("sealed"), _at("confirmed_at"), Column("last_step", Integer(), nullable=False),
)  # fmt: skip

recovery_codes = Table(
    "recovery_codes", metadata,
    _ref("member_id", "members.id"), Column("digest", String(64), nullable=False), _at("used_at"),
    PrimaryKeyConstraint("member_id", "digest"),
)  # fmt: skip

# `id` is what the key calls itself, in base64url.
passkeys = Table(
    "passkeys", metadata,
    Column("id", Text(), primary_key=True), _ref("member_id", "members.id"), _text("public_key"),
    Column("count", BigInteger(), nullable=False), _text("label"), _at("created_at", nullable=False),
    _at("last_used_at"),
    Index("ix_passkeys_member_id", "member_id"),
)  # fmt: skip
