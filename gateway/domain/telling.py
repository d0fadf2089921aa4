"""What each kind of event means to people: the one table that decides who is told at all, about which topic.

A new kind of event stands either in :data:`TELLING`, with words ``notice.<kind>.subject`` and ``.text`` in both
catalogues, or in :data:`SILENT`, with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.events import Event, EventKind, Plain


class Topic(StrEnum):
    """What a member may choose about, each by itself."""

    BOOKINGS = "bookings"
    RIGHTS = "rights"
    WORKSHOPS = "workshops"
    MACHINES = "machines"
    JOBS = "jobs"


OPT_IN = frozenset({Topic.JOBS})
"""Told only to those who asked for it."""


class Audience(StrEnum):
    """Whom an event is told to."""

    CONCERNED = "concerned"
    """The member it names."""
    BOOKED = "booked"
    """Everybody who holds a booking of its resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What one kind of event means to people. Its words are ``notice.<kind>``, or ``notice.<kind>.<value>`` by ``by``."""

    topic: Topic
    audience: Audience = Audience.CONCERNED
    urgent: bool = False
    """Told in quiet hours too."""
    known: bool = False
    """Only confirms what the member did or saw: nobody has to run after them to say it."""
    by: str | None = None
    """The field of the event's data that chooses the words."""
    values: tuple[str, ...] = ()
    """The values of ``by`` that are told; all others are not."""


TELLING: dict[EventKind, Telling] = {
    EventKind.RESERVATION_MADE: Telling(topic=Topic.BOOKINGS, known=True),
    EventKind.RESERVATION_AWAITS_APPROVAL: Telling(topic=Topic.BOOKINGS, known=True),
    EventKind.RESERVATION_APPROVED: Telling(topic=Topic.BOOKINGS),
    EventKind.RESERVATION_DECLINED: Telling(topic=Topic.BOOKINGS),
    EventKind.RESERVATION_DISPLACED: Telling(topic=Topic.BOOKINGS, urgent=True),
    EventKind.RESERVATION_MOVED: Telling(topic=Topic.BOOKINGS),
    EventKind.RESERVATION_GIVEN: Telling(topic=Topic.BOOKINGS, known=True),
    EventKind.RESERVATION_RECEIVED: Telling(topic=Topic.BOOKINGS),
    EventKind.RESERVATION_RELEASED: Telling(topic=Topic.BOOKINGS),
    EventKind.RESERVATION_SHORTENED: Telling(topic=Topic.BOOKINGS, known=True),
    EventKind.RESERVATION_STILL_AFFECTED: Telling(topic=Topic.BOOKINGS, urgent=True),
    EventKind.RESERVATION_STANDS_AGAIN: Telling(topic=Topic.BOOKINGS),
    EventKind.OTHER_TIME_POSSIBLE: Telling(topic=Topic.BOOKINGS),
    EventKind.SLOT_OFFERED: Telling(topic=Topic.BOOKINGS),
    EventKind.SLOT_OFFER_MISSED: Telling(topic=Topic.BOOKINGS),
    EventKind.RESERVATION_CANCELLED: Telling(topic=Topic.BOOKINGS),
    EventKind.QUALIFICATION_GRANTED: Telling(topic=Topic.RIGHTS, known=True),
    EventKind.QUALIFICATION_REVOKED: Telling(topic=Topic.RIGHTS),
    EventKind.QUALIFICATION_VALIDATED: Telling(topic=Topic.RIGHTS),
    EventKind.QUALIFICATION_REFUSED: Telling(topic=Topic.RIGHTS),
    EventKind.RIGHT_LAPSES_SOON: Telling(topic=Topic.RIGHTS),
    EventKind.RIGHT_LAPSED: Telling(topic=Topic.RIGHTS),
    EventKind.WORKSHOP_CANCELLED: Telling(topic=Topic.WORKSHOPS, urgent=True),
    EventKind.WORKSHOP_CHANGED: Telling(topic=Topic.WORKSHOPS, urgent=True),
    EventKind.WORKSHOP_ENROLLED: Telling(topic=Topic.WORKSHOPS, known=True),
    EventKind.WORKSHOP_WAITING: Telling(topic=Topic.WORKSHOPS, known=True),
    EventKind.WORKSHOP_OFFERED: Telling(topic=Topic.WORKSHOPS),
    EventKind.WORKSHOP_OFFER_EXPIRED: Telling(topic=Topic.WORKSHOPS),
    EventKind.WORKSHOP_MOVED_UP: Telling(topic=Topic.WORKSHOPS),
    EventKind.RESOURCE_OUT: Telling(topic=Topic.MACHINES, audience=Audience.BOOKED),
    EventKind.SESSION_OVERDUE: Telling(topic=Topic.MACHINES, urgent=True),
    EventKind.PART_SHELVED: Telling(topic=Topic.MACHINES),
    EventKind.RESERVATION_HELD_UP: Telling(topic=Topic.BOOKINGS, urgent=True),
    EventKind.JOB_ENDED: Telling(topic=Topic.JOBS, known=True, by="outcome", values=("finished", "failed")),
}

_AT_THE_MACHINE = "the person stands at the machine and reads it there"
_AT_THE_WORKSHOP = "the person is at the workshop and sees it there"
_THE_DEVICE = "about a device or a machine, not about a person"
_THE_TEAM = "for the team, on its page"
SILENT: dict[EventKind, str] = {
    EventKind.TAP_GRANTED: _AT_THE_MACHINE,
    EventKind.TAP_REFUSED: _AT_THE_MACHINE,
    EventKind.TAP_NOTED: _AT_THE_MACHINE,
    EventKind.TAP_ALONE: "the node has told them",
    EventKind.TAP_LATE: "history: it changed nothing",
    EventKind.SESSION_OPENED: _AT_THE_MACHINE,
    EventKind.SESSION_ENERGISED: _AT_THE_MACHINE,
    EventKind.SESSION_LEAVING: "the person did it themselves",
    EventKind.SESSION_BACK: _AT_THE_MACHINE,
    EventKind.SESSION_RUNS_ON: "a job that may outlive its maker does so: all is well",
    EventKind.SESSION_INTERRUPTED: _AT_THE_MACHINE,
    EventKind.SESSION_REOPENING: _AT_THE_MACHINE,
    EventKind.SESSION_FAILED: _AT_THE_MACHINE,
    EventKind.SESSION_CLOSED: "a machine is given back every few minutes: nobody wants a letter each time",
    EventKind.SESSION_SUPERVISED: _AT_THE_MACHINE,
    EventKind.SESSION_OFFERED: _AT_THE_MACHINE,
    EventKind.CLASS_OPENED: _AT_THE_MACHINE,
    EventKind.CLASS_CLOSED: _AT_THE_MACHINE,
    EventKind.PART_LEFT: "the end of the job is told to those who want it",
    EventKind.PART_TAKEN: "the person did it themselves",
    EventKind.MAINTAINER_ADDED: "agreed in person before staff write it down",
    EventKind.MAINTAINER_REMOVED: "agreed in person before staff write it down",
    EventKind.JOB_STARTED: _AT_THE_MACHINE,
    EventKind.JOB_PAUSED: "the board and the machine's page show it",
    EventKind.JOB_RESUMED: "the board and the machine's page show it",
    EventKind.POWER_REPORTED: _THE_DEVICE,
    EventKind.ALARM_RAISED: _THE_TEAM,
    EventKind.ALARM_CLEARED: _THE_TEAM,
    EventKind.DEVICE_CONNECTED: _THE_DEVICE,
    EventKind.DEVICE_LOST: _THE_TEAM,
    EventKind.DEVICE_STALE: _THE_TEAM,
    EventKind.DEVICE_NONSENSE: _THE_TEAM,
    EventKind.DEVICE_FLOODS: _THE_TEAM,
    EventKind.FACT_QUARANTINED: _THE_TEAM,
    EventKind.FACTS_MISSING: _THE_TEAM,
    EventKind.HELP_CALLED: _THE_TEAM,
    EventKind.PROBLEM_REPORTED: _THE_TEAM,
    EventKind.HELP_CLOSED: _AT_THE_MACHINE,
    EventKind.VISIT_COUNTED: "whoever came is not named; a mediator did it themselves",
    EventKind.MEMBER_ADDED: "done at the desk, with the person there",
    EventKind.MEMBER_CHANGED: "done at the desk, with the person there",
    EventKind.SIGNED_IN: "the person did it themselves, and their own page lists where they are signed in",
    EventKind.SIGNED_OUT: "the person did it themselves, and their own page lists where they are signed in",
    EventKind.PASSWORD_CHANGED: "the person did it themselves",
    EventKind.PIN_CHANGED: "the person did it themselves",
    EventKind.SECOND_FACTOR_SET: "the person did it themselves",
    EventKind.SECOND_FACTOR_REMOVED: "the person did it themselves, or asked for it",
    EventKind.RECOVERY_CODE_USED: "the person did it themselves",
    EventKind.PASSKEY_ADDED: "the person did it themselves",
    EventKind.PASSKEY_REMOVED: "the person did it themselves",
    EventKind.CARD_MADE: "done at the desk, with the person there",
    EventKind.CARD_REVOKED: "done at the desk, with the person there",
    EventKind.ROLE_CHANGED: "agreed in person before staff write it down",
    EventKind.JOB_CANCEL_ASKED: "the end of the job is told to those who want it",
    EventKind.TEAM_ACTED: _THE_TEAM,
    EventKind.MEMBER_MERGED: "two records of one person become one: nothing changes for them",
    EventKind.BADGE_ENROLLED: "done at the desk, with the person there",
    EventKind.BADGE_REVOKED: "done at the desk, with the person there",
    EventKind.CALENDAR_LINK_MADE: "the person asked for it, and has the address before them",
    EventKind.CALENDAR_LINK_REVOKED: "the person asked for it",
    EventKind.TRAINING_ADDED: "about no person",
    EventKind.TRAINING_CHANGED: "about no person",
    EventKind.TRAINER_NAMED: "agreed in person before staff write it down",
    EventKind.TRAINER_RELIEVED: "agreed in person before staff write it down",
    EventKind.QUALIFICATION_DECLARED: "the member did it themselves; a trainer answers",
    EventKind.RIGHTS_PURGED: "about no person: only how many were forgotten",
    EventKind.WORKSHOP_PLANNED: "about no person: the programme shows it",
    EventKind.WORKSHOP_CONFIRMED: "nothing changes for those who are enrolled",
    EventKind.WORKSHOP_HELD: _AT_THE_WORKSHOP,
    EventKind.WORKSHOP_LEFT: "the person did it themselves, or agreed it at the desk",
    EventKind.WORKSHOP_ATTENDED: _AT_THE_WORKSHOP,
    EventKind.WORKSHOP_PASSED: "the right that it gives is told",
    EventKind.WORKSHOP_LIST_OPENED: _AT_THE_WORKSHOP,
    EventKind.WORKSHOP_LIST_CLOSED: _AT_THE_WORKSHOP,
    EventKind.RESERVATION_AFFECTED: "whoever booked a machine that goes out of service is told already",
    EventKind.RESERVATION_CHECKED_IN: "the person stands at the machine",
    EventKind.SLOT_LEFT: "the person did it themselves",
    EventKind.SLOT_TAKEN: "the booking that it makes is told",
    EventKind.SLOT_WAITED_FOR: "the person did it themselves",
    EventKind.PERSON_ARRIVED: "the person did it themselves",
    EventKind.PERSON_LEFT: "the person did it themselves",
    EventKind.PLACE_CLOSED: "the pages show when the place is open",
    EventKind.PLACE_OPENED: "the pages show when the place is open",
    EventKind.PRESENCE_EXPIRED: "the person has left long since",
    EventKind.RESOURCE_BACK: _THE_DEVICE,
    EventKind.OPENING_CHANGED: "the pages show when the place is open",
    EventKind.CLOSURE_ADDED: "the pages show when the place is open",
    EventKind.CLOSURE_REMOVED: "the pages show when the place is open",
    EventKind.POLICY_CHANGED: "about no person",
    EventKind.CUT_TESTED: "about no person",
    EventKind.CLOCK_ACCEPTED: "about no person",
    EventKind.CLOCK_SET: "about no person",
    EventKind.GROUP_CHANGED: "about no person",
    EventKind.POINT_REFUSED: _THE_TEAM,
}


def telling(event: Event) -> Telling | None:
    """What an event means to people, if anything."""
    found = TELLING.get(event.kind)
    if found is not None and found.by is not None and event.data.get(found.by) not in found.values:
        return None
    return found


def wording_key(kind: EventKind, data: Mapping[str, Plain]) -> str:
    """Where its words stand in the catalogues."""
    found = TELLING[kind]
    return f"notice.{kind}" if found.by is None else f"notice.{kind}.{data.get(found.by)}"
