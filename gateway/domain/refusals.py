"""Every reason to say no: a stable code, parameters, and what the person can do next. Wording lives elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Param = str | int | datetime | dict[str, str] | None


class Code(StrEnum):
    """Stable names: they stand in the API, in events and in the catalogues of wording."""

    BADGE_UNKNOWN = "badge_unknown"
    BADGE_REVOKED = "badge_revoked"
    CARD_FORGED = "card_forged"
    CARD_REPLAYED = "card_replayed"
    CARD_NOT_PROVEN = "card_not_proven"
    CLOCK_UNPROVED = "clock_unproved"
    PIN_NEEDED = "pin_needed"
    PIN_NO_SCREEN = "pin_no_screen"
    PIN_NOT_SET = "pin_not_set"
    MEMBER_INACTIVE = "member_inactive"
    MEMBERSHIP_LAPSED = "membership_lapsed"
    MEMBERSHIP_IN_GRACE = "membership_in_grace"
    CHARTER_NOT_ACCEPTED = "charter_not_accepted"
    BIRTH_DATE_UNKNOWN = "birth_date_unknown"
    TOO_YOUNG = "too_young"
    GUARDIAN_CONSENT_MISSING = "guardian_consent_missing"
    TRAINING_MISSING = "training_missing"
    TRAINING_AWAITING = "training_awaiting"
    TRAINING_LAPSED = "training_lapsed"
    PREREQUISITE_LAPSED = "prerequisite_lapsed"
    SUPERVISION_REQUIRED = "supervision_required"
    PRESENCE_UNKNOWN = "presence_unknown"
    NO_RESPONSIBLE = "no_responsible"
    TOO_FEW_PEOPLE = "too_few_people"
    TRAINING_UNKNOWN = "training_unknown"
    TRAINING_CYCLE = "training_cycle"
    REFRESHER_NOT_SHORTER = "refresher_not_shorter"
    PREREQUISITE_MISSING = "prerequisite_missing"
    REFRESHER_WITHOUT_FIRST = "refresher_without_first"
    TRAINER_NOT_NAMED = "trainer_not_named"
    TRAINER_WITHOUT_RIGHT = "trainer_without_right"
    TRAINER_FOR_ONESELF = "trainer_for_oneself"
    RIGHT_FROM_THE_FUTURE = "right_from_the_future"
    RIGHT_ENDS_BEFORE_IT_BEGINS = "right_ends_before_it_begins"
    RIGHT_NOT_AWAITING = "right_not_awaiting"
    RIGHT_OVER = "right_over"
    RESERVED_BY_OTHER = "reserved_by_other"
    UNDER_MAINTENANCE = "under_maintenance"
    RESERVED_SOON = "reserved_soon"
    RESERVATION_REQUIRED = "reservation_required"
    TOO_EARLY = "too_early"
    IN_USE = "in_use"
    COOLING_DOWN = "cooling_down"
    QUOTA_DAY_USED_UP = "quota_day_used_up"
    QUOTA_WEEK_USED_UP = "quota_week_used_up"
    TOO_MANY_SESSIONS = "too_many_sessions"
    CLOSED_NOW = "closed_now"
    CLOSED_DAY = "closed_day"
    OUT_OF_SERVICE = "out_of_service"
    INTERLOCK_UNKNOWN = "interlock_unknown"
    READER_UNASSIGNED = "reader_unassigned"
    SYSTEM_UNAVAILABLE = "system_unavailable"
    WORKSHOP_CANCELLED = "workshop_cancelled"
    WORKSHOP_OVER = "workshop_over"
    WORKSHOP_NOT_YET = "workshop_not_yet"
    WORKSHOP_FULL = "workshop_full"
    WORKSHOP_TWICE = "workshop_twice"
    WORKSHOP_GROUP_TOO_LARGE = "workshop_group_too_large"
    WORKSHOP_OFFER_OVER = "workshop_offer_over"
    WORKSHOP_NOT_PRESENT = "workshop_not_present"
    WORKSHOP_NO_TRAINING = "workshop_no_training"
    WORKSHOP_RIGHT_GIVEN = "workshop_right_given"
    WORKSHOP_SEATS_TAKEN = "workshop_seats_taken"
    WORKSHOP_MINIMUM_TOO_HIGH = "workshop_minimum_too_high"
    WORKSHOP_DEADLINE_TOO_LATE = "workshop_deadline_too_late"
    WORKSHOP_DEADLINE_PAST = "workshop_deadline_past"
    WORKSHOP_RESOURCE_TAKEN = "workshop_resource_taken"
    WORKSHOP_READER_BUSY = "workshop_reader_busy"
    WORKSHOP_BADGE_WAITS = "workshop_badge_waits"
    WORKSHOP_ROW_UNKNOWN = "workshop_row_unknown"
    WORKSHOP_NOT_A_GROUP = "workshop_not_a_group"
    NO_SUCH_MEMBER = "no_such_member"
    NO_SUCH_TRAINING = "no_such_training"
    NO_SUCH_RESOURCE = "no_such_resource"
    NO_SUCH_READER = "no_such_reader"
    PART_WAITING = "part_waiting"
    NO_PART_WAITING = "no_part_waiting"
    JOB_RUNNING = "job_running"
    NOT_IN_USE = "not_in_use"
    NOT_A_MENTOR = "not_a_mentor"
    NOT_A_MAINTAINER = "not_a_maintainer"
    NOT_LOCKED_OUT = "not_locked_out"
    CLASS_OPEN = "class_open"
    WAY_ENDS_IN_THE_PAST = "way_ends_in_the_past"
    WAY_TOO_LONG = "way_too_long"
    BOOKING_NO_ZONE = "booking_no_zone"
    BOOKING_ENDS_BEFORE_START = "booking_ends_before_start"
    BOOKING_TOO_LONG = "booking_too_long"
    BOOKING_IN_THE_PAST = "booking_in_the_past"
    BOOKING_TOO_FAR = "booking_too_far"
    BOOKING_OVERLAPS = "booking_overlaps"
    BOOKING_GIVES_WAY = "booking_gives_way"
    BOOKING_SKIPPED_HOUR = "booking_skipped_hour"
    BOOKING_TOO_SOON = "booking_too_soon"
    BOOKING_TOO_SHORT = "booking_too_short"
    BOOKING_OVER_LONGEST = "booking_over_longest"
    BOOKING_OFF_STEP = "booking_off_step"
    BOOKING_OUTSIDE_HOURS = "booking_outside_hours"
    BOOKING_ON_HOLIDAY = "booking_on_holiday"
    BOOKING_IN_CLOSURE = "booking_in_closure"
    BOOKING_DAY_QUOTA = "booking_day_quota"
    BOOKING_DAY_COUNT = "booking_day_count"
    BOOKING_WEEK_QUOTA = "booking_week_quota"
    BOOKING_WEEK_COUNT = "booking_week_count"
    BOOKING_FUTURE_QUOTA = "booking_future_quota"
    BOOKING_FUTURE_COUNT = "booking_future_count"
    BOOKING_PRIME_QUOTA = "booking_prime_quota"
    BOOKING_PAST_TRAINING = "booking_past_training"
    BOOKING_PAST_MEMBERSHIP = "booking_past_membership"
    BOOKING_OVER = "booking_over"
    BOOKING_OF_A_WORKSHOP = "booking_of_a_workshop"
    BOOKING_FOR_NOBODY = "booking_for_nobody"
    BOOKING_NOT_AWAITING = "booking_not_awaiting"
    WAIT_SLOT_FREE = "wait_slot_free"
    WAIT_TWICE = "wait_twice"
    OFFER_OVER = "offer_over"
    ZONE_UNKNOWN = "zone_unknown"
    OPENING_UNREADABLE = "opening_unreadable"
    OPENING_KEY_UNKNOWN = "opening_key_unknown"
    OPENING_OVERLAPS = "opening_overlaps"
    OPENING_EMPTY = "opening_empty"
    HOLIDAYS_UNKNOWN = "holidays_unknown"
    CLOSURE_ENDS_BEFORE_START = "closure_ends_before_start"
    CLOSURE_TOO_LONG = "closure_too_long"
    RECURRENCE_UNREADABLE = "recurrence_unreadable"
    RECURRENCE_ENDLESS = "recurrence_endless"
    RECURRENCE_TOO_MANY = "recurrence_too_many"
    RECURRENCE_TOO_LONG = "recurrence_too_long"
    RECURRENCE_EMPTY = "recurrence_empty"
    RECURRENCE_MISSES_FIRST = "recurrence_misses_first"
    RECURRENCE_SKIPPED_HOUR = "recurrence_skipped_hour"
    RECURRENCE_OVERLAPS_ITSELF = "recurrence_overlaps_itself"


class NextStep(StrEnum):
    """What the person can do about it."""

    SHOW_BADGE_AT_DESK = "show_badge_at_desk"
    CHOOSE_ANOTHER_WORKSHOP = "choose_another_workshop"
    ADD_SEATS = "add_seats"
    TICK_PRESENT_FIRST = "tick_present_first"
    CORRECT_THE_LIST = "correct_the_list"
    REVOKE_THE_RIGHT = "revoke_the_right"
    TELL_THE_TRAINER = "tell_the_trainer"
    CHOOSE_ANOTHER_READER = "choose_another_reader"
    CHOOSE_ANOTHER_RESOURCE = "choose_another_resource"
    GO_TO_DESK = "go_to_desk"
    TAP_AGAIN = "tap_again"
    USE_OWN_CARD = "use_own_card"
    TYPE_THE_CODE = "type_the_code"
    CHOOSE_A_CODE = "choose_a_code"
    SIGN_THE_CHARTER = "sign_the_charter"
    ASK_FOR_TRAINING = "ask_for_training"
    ASK_FOR_REFRESHER = "ask_for_refresher"
    ASK_FOR_A_MENTOR = "ask_for_a_mentor"
    MENTOR_TAPS_NOW = "mentor_taps_now"
    CLEAR_THE_BED = "clear_the_bed"
    TAP_AT_THE_DOOR = "tap_at_the_door"
    COME_TOGETHER = "come_together"
    GIVE_BACK_ANOTHER = "give_back_another"
    ASK_ANOTHER_TRAINER = "ask_another_trainer"
    CORRECT_THE_TRAINING = "correct_the_training"
    LOOK_AT_THE_HISTORY = "look_at_the_history"
    COME_BACK_AFTER = "come_back_after"
    BOOK_FIRST = "book_first"
    USE_ANOTHER = "use_another"
    CALL_STAFF = "call_staff"
    CHOOSE_ANOTHER_TIME = "choose_another_time"
    GO_FIRST = "go_first"
    CANCEL_ANOTHER = "cancel_another"
    BOOK_ANEW = "book_anew"
    CHANGE_THE_WORKSHOP = "change_the_workshop"
    SAY_FOR_WHOM = "say_for_whom"
    CORRECT_THE_HOURS = "correct_the_hours"
    CORRECT_THE_RULE = "correct_the_rule"


NEXT_STEPS: dict[Code, tuple[NextStep, ...]] = {
    Code.BADGE_UNKNOWN: (NextStep.SHOW_BADGE_AT_DESK,),
    Code.BADGE_REVOKED: (NextStep.GO_TO_DESK,),
    Code.CARD_FORGED: (NextStep.GO_TO_DESK,),
    Code.CARD_REPLAYED: (NextStep.TAP_AGAIN, NextStep.GO_TO_DESK),
    Code.CARD_NOT_PROVEN: (NextStep.USE_OWN_CARD, NextStep.GO_TO_DESK),
    Code.CLOCK_UNPROVED: (NextStep.CALL_STAFF,),
    Code.PIN_NEEDED: (NextStep.TYPE_THE_CODE,),
    Code.PIN_NO_SCREEN: (NextStep.CALL_STAFF, NextStep.USE_ANOTHER),
    Code.PIN_NOT_SET: (NextStep.CHOOSE_A_CODE, NextStep.GO_TO_DESK),
    Code.MEMBER_INACTIVE: (NextStep.GO_TO_DESK,),
    Code.MEMBERSHIP_LAPSED: (NextStep.GO_TO_DESK,),
    Code.MEMBERSHIP_IN_GRACE: (NextStep.GO_TO_DESK,),
    Code.CHARTER_NOT_ACCEPTED: (NextStep.SIGN_THE_CHARTER,),
    Code.BIRTH_DATE_UNKNOWN: (NextStep.GO_TO_DESK,),
    Code.TOO_YOUNG: (NextStep.USE_ANOTHER, NextStep.CALL_STAFF),
    Code.GUARDIAN_CONSENT_MISSING: (NextStep.GO_TO_DESK,),
    Code.TRAINING_MISSING: (NextStep.ASK_FOR_TRAINING,),
    Code.TRAINING_AWAITING: (NextStep.GO_TO_DESK,),
    Code.TRAINING_LAPSED: (NextStep.ASK_FOR_REFRESHER,),
    Code.PREREQUISITE_LAPSED: (NextStep.ASK_FOR_REFRESHER,),
    Code.SUPERVISION_REQUIRED: (NextStep.ASK_FOR_A_MENTOR,),
    Code.PRESENCE_UNKNOWN: (NextStep.TAP_AT_THE_DOOR, NextStep.CALL_STAFF),
    Code.NO_RESPONSIBLE: (NextStep.CALL_STAFF,),
    Code.TOO_FEW_PEOPLE: (NextStep.COME_TOGETHER,),
    Code.TRAINING_UNKNOWN: (NextStep.CORRECT_THE_TRAINING,),
    Code.TRAINING_CYCLE: (NextStep.CORRECT_THE_TRAINING,),
    Code.REFRESHER_NOT_SHORTER: (NextStep.CORRECT_THE_TRAINING,),
    Code.PREREQUISITE_MISSING: (NextStep.ASK_FOR_TRAINING,),
    Code.REFRESHER_WITHOUT_FIRST: (NextStep.ASK_FOR_TRAINING,),
    Code.TRAINER_NOT_NAMED: (NextStep.ASK_ANOTHER_TRAINER,),
    Code.TRAINER_WITHOUT_RIGHT: (NextStep.ASK_ANOTHER_TRAINER,),
    Code.TRAINER_FOR_ONESELF: (NextStep.ASK_ANOTHER_TRAINER,),
    Code.RIGHT_FROM_THE_FUTURE: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.RIGHT_ENDS_BEFORE_IT_BEGINS: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.RIGHT_NOT_AWAITING: (NextStep.LOOK_AT_THE_HISTORY,),
    Code.RIGHT_OVER: (NextStep.LOOK_AT_THE_HISTORY,),
    Code.RESERVED_BY_OTHER: (NextStep.COME_BACK_AFTER, NextStep.USE_ANOTHER),
    Code.UNDER_MAINTENANCE: (NextStep.COME_BACK_AFTER, NextStep.USE_ANOTHER),
    Code.RESERVED_SOON: (NextStep.USE_ANOTHER, NextStep.CHOOSE_ANOTHER_TIME),
    Code.RESERVATION_REQUIRED: (NextStep.BOOK_FIRST,),
    Code.TOO_EARLY: (NextStep.COME_BACK_AFTER,),
    Code.COOLING_DOWN: (NextStep.COME_BACK_AFTER, NextStep.USE_ANOTHER),
    Code.QUOTA_DAY_USED_UP: (NextStep.COME_BACK_AFTER, NextStep.USE_ANOTHER),
    Code.QUOTA_WEEK_USED_UP: (NextStep.COME_BACK_AFTER, NextStep.USE_ANOTHER),
    Code.TOO_MANY_SESSIONS: (NextStep.GIVE_BACK_ANOTHER,),
    Code.IN_USE: (NextStep.COME_BACK_AFTER, NextStep.USE_ANOTHER),
    Code.CLOSED_NOW: (NextStep.COME_BACK_AFTER,),
    Code.CLOSED_DAY: (NextStep.COME_BACK_AFTER,),
    Code.OUT_OF_SERVICE: (NextStep.USE_ANOTHER,),
    Code.INTERLOCK_UNKNOWN: (NextStep.CALL_STAFF,),
    Code.READER_UNASSIGNED: (NextStep.CALL_STAFF,),
    Code.SYSTEM_UNAVAILABLE: (NextStep.CALL_STAFF,),
    Code.WORKSHOP_CANCELLED: (NextStep.CHOOSE_ANOTHER_WORKSHOP,),
    Code.WORKSHOP_OVER: (NextStep.CHOOSE_ANOTHER_WORKSHOP,),
    Code.WORKSHOP_NOT_YET: (NextStep.COME_BACK_AFTER,),
    Code.WORKSHOP_FULL: (NextStep.TELL_THE_TRAINER, NextStep.ADD_SEATS),
    Code.WORKSHOP_TWICE: (NextStep.CORRECT_THE_LIST,),
    Code.WORKSHOP_GROUP_TOO_LARGE: (NextStep.ADD_SEATS, NextStep.CHOOSE_ANOTHER_WORKSHOP),
    Code.WORKSHOP_OFFER_OVER: (NextStep.CHOOSE_ANOTHER_WORKSHOP,),
    Code.WORKSHOP_NOT_PRESENT: (NextStep.TICK_PRESENT_FIRST,),
    Code.WORKSHOP_NO_TRAINING: (NextStep.CORRECT_THE_LIST,),
    Code.WORKSHOP_RIGHT_GIVEN: (NextStep.REVOKE_THE_RIGHT,),
    Code.WORKSHOP_SEATS_TAKEN: (NextStep.CORRECT_THE_LIST,),
    Code.WORKSHOP_MINIMUM_TOO_HIGH: (NextStep.ADD_SEATS,),
    Code.WORKSHOP_DEADLINE_TOO_LATE: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.WORKSHOP_DEADLINE_PAST: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.WORKSHOP_RESOURCE_TAKEN: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.CHOOSE_ANOTHER_RESOURCE),
    Code.WORKSHOP_READER_BUSY: (NextStep.CHOOSE_ANOTHER_READER,),
    Code.WORKSHOP_BADGE_WAITS: (NextStep.TELL_THE_TRAINER,),
    Code.WORKSHOP_ROW_UNKNOWN: (NextStep.CORRECT_THE_LIST,),
    Code.WORKSHOP_NOT_A_GROUP: (NextStep.CORRECT_THE_LIST,),
    Code.NO_SUCH_MEMBER: (NextStep.CORRECT_THE_LIST,),
    Code.NO_SUCH_TRAINING: (NextStep.CORRECT_THE_LIST,),
    Code.NO_SUCH_RESOURCE: (NextStep.CORRECT_THE_LIST,),
    Code.NO_SUCH_READER: (NextStep.CHOOSE_ANOTHER_READER,),
    Code.PART_WAITING: (NextStep.CLEAR_THE_BED,),
    Code.NO_PART_WAITING: (NextStep.CALL_STAFF,),
    Code.JOB_RUNNING: (NextStep.COME_BACK_AFTER,),
    Code.NOT_IN_USE: (NextStep.CALL_STAFF,),
    Code.NOT_A_MENTOR: (NextStep.CALL_STAFF,),
    Code.NOT_A_MAINTAINER: (NextStep.CALL_STAFF,),
    Code.NOT_LOCKED_OUT: (NextStep.CALL_STAFF,),
    Code.CLASS_OPEN: (NextStep.USE_ANOTHER,),
    Code.WAY_ENDS_IN_THE_PAST: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.WAY_TOO_LONG: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_NO_ZONE: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_ENDS_BEFORE_START: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_TOO_LONG: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_IN_THE_PAST: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_TOO_FAR: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_OVERLAPS: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.USE_ANOTHER),
    Code.BOOKING_GIVES_WAY: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.GO_FIRST),
    Code.BOOKING_SKIPPED_HOUR: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_TOO_SOON: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_TOO_SHORT: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_OVER_LONGEST: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_OFF_STEP: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_OUTSIDE_HOURS: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_ON_HOLIDAY: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_IN_CLOSURE: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.BOOKING_DAY_QUOTA: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.CANCEL_ANOTHER),
    Code.BOOKING_DAY_COUNT: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.CANCEL_ANOTHER),
    Code.BOOKING_WEEK_QUOTA: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.CANCEL_ANOTHER),
    Code.BOOKING_WEEK_COUNT: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.CANCEL_ANOTHER),
    Code.BOOKING_FUTURE_QUOTA: (NextStep.CANCEL_ANOTHER,),
    Code.BOOKING_FUTURE_COUNT: (NextStep.CANCEL_ANOTHER,),
    Code.BOOKING_PRIME_QUOTA: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.CANCEL_ANOTHER),
    Code.BOOKING_PAST_TRAINING: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.ASK_FOR_REFRESHER),
    Code.BOOKING_PAST_MEMBERSHIP: (NextStep.CHOOSE_ANOTHER_TIME, NextStep.GO_TO_DESK),
    Code.BOOKING_OF_A_WORKSHOP: (NextStep.CHANGE_THE_WORKSHOP,),
    Code.BOOKING_FOR_NOBODY: (NextStep.SAY_FOR_WHOM,),
    Code.BOOKING_OVER: (NextStep.BOOK_ANEW,),
    Code.BOOKING_NOT_AWAITING: (NextStep.BOOK_ANEW,),
    Code.WAIT_SLOT_FREE: (NextStep.BOOK_FIRST,),
    Code.WAIT_TWICE: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.OFFER_OVER: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.ZONE_UNKNOWN: (NextStep.CORRECT_THE_HOURS,),
    Code.OPENING_UNREADABLE: (NextStep.CORRECT_THE_HOURS,),
    Code.OPENING_KEY_UNKNOWN: (NextStep.CORRECT_THE_HOURS,),
    Code.OPENING_OVERLAPS: (NextStep.CORRECT_THE_HOURS,),
    Code.OPENING_EMPTY: (NextStep.CORRECT_THE_HOURS,),
    Code.HOLIDAYS_UNKNOWN: (NextStep.CORRECT_THE_HOURS,),
    Code.CLOSURE_ENDS_BEFORE_START: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.CLOSURE_TOO_LONG: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.RECURRENCE_UNREADABLE: (NextStep.CORRECT_THE_RULE,),
    Code.RECURRENCE_ENDLESS: (NextStep.CORRECT_THE_RULE,),
    Code.RECURRENCE_TOO_MANY: (NextStep.CORRECT_THE_RULE,),
    Code.RECURRENCE_TOO_LONG: (NextStep.CORRECT_THE_RULE,),
    Code.RECURRENCE_EMPTY: (NextStep.CORRECT_THE_RULE,),
    Code.RECURRENCE_MISSES_FIRST: (NextStep.CORRECT_THE_RULE,),
    Code.RECURRENCE_SKIPPED_HOUR: (NextStep.CHOOSE_ANOTHER_TIME,),
    Code.RECURRENCE_OVERLAPS_ITSELF: (NextStep.CORRECT_THE_RULE,),
}

ACCOUNT_MATTERS = frozenset(
    {
        Code.BADGE_REVOKED, Code.MEMBER_INACTIVE, Code.MEMBERSHIP_LAPSED, Code.MEMBERSHIP_IN_GRACE,
        Code.BIRTH_DATE_UNKNOWN, Code.GUARDIAN_CONSENT_MISSING,
    }
)  # fmt: skip
"""Nobody else's business: a public screen says only *Passez à l'accueil*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One unmet rule."""

    code: Code
    params: dict[str, Param] = field(default_factory=dict, hash=False)

    @property
    def next_steps(self) -> tuple[NextStep, ...]:
        """What can be done about it."""
        return NEXT_STEPS[self.code]


@dataclass(frozen=True, slots=True)
class Refused:
    """No, for every one of these reasons; nothing was changed."""

    refusals: tuple[Refusal, ...]


def to_plain(refusal: Refusal) -> dict[str, Any]:
    """JSON-ready ``{"code", "params"}``; times as ISO 8601."""
    params = {key: v.isoformat() if isinstance(v, datetime) else v for key, v in refusal.params.items()}
    return {"code": str(refusal.code), "params": params}


def refuse(code: Code, **params: Param) -> Refusal:
    """A refusal with its parameters."""
    return Refusal(code=code, params=params)
