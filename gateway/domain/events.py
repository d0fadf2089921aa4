"""The log of what happened: one row per event, written in the transaction that made it true."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """Every kind of event."""

    TAP_GRANTED = "tap_granted"
    TAP_REFUSED = "tap_refused"
    TAP_NOTED = "tap_noted"
    TAP_LATE = "tap_late"
    TAP_ALONE = "tap_alone"
    SESSION_OPENED = "session_opened"
    SESSION_ENERGISED = "session_energised"
    SESSION_LEAVING = "session_leaving"
    SESSION_BACK = "session_back"
    SESSION_OVERDUE = "session_overdue"
    SESSION_RUNS_ON = "session_runs_on"
    SESSION_SUPERVISED = "session_supervised"
    SESSION_OFFERED = "session_offered"
    SESSION_INTERRUPTED = "session_interrupted"
    SESSION_REOPENING = "session_reopening"
    SESSION_FAILED = "session_failed"
    SESSION_CLOSED = "session_closed"
    JOB_STARTED = "job_started"
    JOB_PAUSED = "job_paused"
    JOB_RESUMED = "job_resumed"
    JOB_ENDED = "job_ended"
    POWER_REPORTED = "power_reported"
    ALARM_RAISED = "alarm_raised"
    ALARM_CLEARED = "alarm_cleared"
    DEVICE_CONNECTED = "device_connected"
    DEVICE_LOST = "device_lost"
    DEVICE_STALE = "device_stale"
    DEVICE_NONSENSE = "device_nonsense"
    DEVICE_FLOODS = "device_floods"
    FACTS_MISSING = "facts_missing"
    FACT_QUARANTINED = "fact_quarantined"
    CLASS_OPENED = "class_opened"
    CLASS_CLOSED = "class_closed"
    PART_LEFT = "part_left"
    PART_SHELVED = "part_shelved"
    PART_TAKEN = "part_taken"
    RESERVATION_HELD_UP = "reservation_held_up"
    MAINTAINER_ADDED = "maintainer_added"
    MAINTAINER_REMOVED = "maintainer_removed"
    RESERVATION_MADE = "reservation_made"
    RESERVATION_AWAITS_APPROVAL = "reservation_awaits_approval"
    RESERVATION_APPROVED = "reservation_approved"
    RESERVATION_DECLINED = "reservation_declined"
    RESERVATION_MOVED = "reservation_moved"
    RESERVATION_GIVEN = "reservation_given"
    RESERVATION_RECEIVED = "reservation_received"
    RESERVATION_DISPLACED = "reservation_displaced"
    RESERVATION_CANCELLED = "reservation_cancelled"
    RESERVATION_CHECKED_IN = "reservation_checked_in"
    RESERVATION_RELEASED = "reservation_released"
    RESERVATION_SHORTENED = "reservation_shortened"
    RESERVATION_AFFECTED = "reservation_affected"
    RESERVATION_STILL_AFFECTED = "reservation_still_affected"
    RESERVATION_STANDS_AGAIN = "reservation_stands_again"
    OTHER_TIME_POSSIBLE = "other_time_possible"
    SLOT_WAITED_FOR = "slot_waited_for"
    SLOT_OFFERED = "slot_offered"
    SLOT_OFFER_MISSED = "slot_offer_missed"
    SLOT_TAKEN = "slot_taken"
    SLOT_LEFT = "slot_left"
    MEMBER_ADDED = "member_added"
    MEMBER_CHANGED = "member_changed"
    MEMBER_MERGED = "member_merged"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"
    ROLE_CHANGED = "role_changed"
    CARD_MADE = "card_made"
    CARD_REVOKED = "card_revoked"
    PIN_CHANGED = "pin_changed"
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    BADGE_ENROLLED = "badge_enrolled"
    BADGE_REVOKED = "badge_revoked"
    CALENDAR_LINK_MADE = "calendar_link_made"
    CALENDAR_LINK_REVOKED = "calendar_link_revoked"
    TRAINING_ADDED = "training_added"
    TRAINING_CHANGED = "training_changed"
    TRAINER_NAMED = "trainer_named"
    TRAINER_RELIEVED = "trainer_relieved"
    QUALIFICATION_DECLARED = "qualification_declared"
    QUALIFICATION_VALIDATED = "qualification_validated"
    QUALIFICATION_REFUSED = "qualification_refused"
    RIGHT_LAPSES_SOON = "right_lapses_soon"
    RIGHT_LAPSED = "right_lapsed"
    RIGHTS_PURGED = "rights_purged"
    QUALIFICATION_GRANTED = "qualification_granted"
    QUALIFICATION_REVOKED = "qualification_revoked"
    WORKSHOP_PLANNED = "workshop_planned"
    WORKSHOP_CHANGED = "workshop_changed"
    WORKSHOP_CONFIRMED = "workshop_confirmed"
    WORKSHOP_CANCELLED = "workshop_cancelled"
    WORKSHOP_HELD = "workshop_held"
    WORKSHOP_ENROLLED = "workshop_enrolled"
    WORKSHOP_WAITING = "workshop_waiting"
    WORKSHOP_OFFERED = "workshop_offered"
    WORKSHOP_OFFER_EXPIRED = "workshop_offer_expired"
    WORKSHOP_MOVED_UP = "workshop_moved_up"
    WORKSHOP_LEFT = "workshop_left"
    WORKSHOP_ATTENDED = "workshop_attended"
    WORKSHOP_PASSED = "workshop_passed"
    WORKSHOP_LIST_OPENED = "workshop_list_opened"
    WORKSHOP_LIST_CLOSED = "workshop_list_closed"
    PLACE_OPENED = "place_opened"
    PLACE_CLOSED = "place_closed"
    PERSON_ARRIVED = "person_arrived"
    PERSON_LEFT = "person_left"
    PRESENCE_EXPIRED = "presence_expired"
    JOB_CANCEL_ASKED = "job_cancel_asked"
    TEAM_ACTED = "team_acted"
    RESOURCE_OUT = "resource_out"
    RESOURCE_BACK = "resource_back"
    OPENING_CHANGED = "opening_changed"
    CLOSURE_ADDED = "closure_added"
    CLOSURE_REMOVED = "closure_removed"
    POLICY_CHANGED = "policy_changed"
    CUT_TESTED = "cut_tested"
    CLOCK_ACCEPTED = "clock_accepted"
    CLOCK_SET = "clock_set"
    GROUP_CHANGED = "group_changed"
    POINT_REFUSED = "point_refused"
    HELP_CALLED = "help_called"
    PROBLEM_REPORTED = "problem_reported"
    HELP_CLOSED = "help_closed"
    VISIT_COUNTED = "visit_counted"


Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, when, to what. ``data`` holds plain JSON values; no name and no badge number stands in it."""

    kind: EventKind
    at: datetime
    resource_id: str | None = None
    member_id: str | None = None
    session_id: str | None = None
    device_id: str | None = None
    data: dict[str, Plain] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event with its number in the log and the slugs that sinks need."""

    id: int
    event: Event
    site: str
    resource: str | None
    device: str | None
    resource_kind: str | None = None
