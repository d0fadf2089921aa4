"""What a lab may ask of those who book a resource; every key is off until it is said."""

from dataclasses import dataclass

from gateway.domain.people import Role
from gateway.domain.policy import WeeklyHours, flag, ordered, weekly, whole

_MINUTES_OF_MONTH = 31 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPolicy:
    """The rules of booking in force for a resource. Quotas count a member's standing bookings under one policy."""

    horizon_days: int | None = whole("How many days ahead one may book.", most=3660)
    notice_minutes: int | None = whole("How long before its start a booking must be made.", most=_MINUTES_OF_MONTH)
    shortest_minutes: int | None = whole("The shortest booking.", least=1, most=_MINUTES_OF_MONTH)
    longest_minutes: int | None = whole("The longest booking.", least=1, most=_MINUTES_OF_MONTH)
    step_minutes: int | None = whole("Bookings start and end on such steps of the local day.", least=1, most=1440)
    day_minutes: int | None = whole("How long a member may book in one local day.", most=1440)
    week_minutes: int | None = whole("How long a member may book in one local week, from Monday.", most=7 * 1440)
    future_minutes: int | None = whole("How long a member's coming bookings may last together.", most=366 * 1440)
    day_count: int | None = whole("How many bookings a member may have in one local day.", most=1000)
    week_count: int | None = whole("How many bookings a member may have in one local week, from Monday.", most=1000)
    future_count: int | None = whole("How many coming bookings a member may have.", most=1000)
    same_day_free: bool = flag("Whether a booking that is made on its own local day counts for no quota.")
    buffer_minutes: int | None = whole("How long the resource stays free between two bookings.", most=1440)
    trained: bool = flag("Whether booking needs the trainings that the resource asks for, valid at that time.")
    maintenance_first: bool = flag("Whether maintenance takes the place of bookings; each of their members is told.")
    priority_roles: tuple[str, ...] = ordered(
        "Roles that go before everybody else in booking.",
        Role.TRAINER.value,
        Role.MANAGER.value,
        Role.ADMINISTRATOR.value,
    )
    priority_horizon_days: int | None = whole("How many days ahead those roles may book, if that is more.", most=3660)
    priority_days: int | None = whole("From how many days ahead a booking gives way to one of a higher role.", most=366)
    priority_over_unapproved: bool = flag(
        "Whether a booking that still awaits approval gives way to one of a higher role."
    )
    approval: bool = flag("Whether staff must approve each booking of a member.")
    prime_hours: tuple[WeeklyHours, ...] = weekly("Hours of the week that are sought after, in local time.")
    prime_minutes: int | None = whole("How long a member may book within those hours in one local week.", most=7 * 1440)
    no_show_minutes: int | None = whole(
        "A booking whose member has not come after this is released.", least=1, most=1440
    )
    free_within_minutes: int | None = whole("Who leaves early gives back the rest after this.", most=1440)
    offer_minutes: int | None = whole("How long an offer to whoever waits for a slot stands.", least=5, most=1440)
    transferable: bool = flag("Whether a tap at a free equal machine moves the booking there.")
    late_cancel_minutes: int | None = whole(
        "Cancelling later than this before the start counts as late.", most=_MINUTES_OF_MONTH
    )

    @property
    def counts(self) -> bool:
        """Whether it matters what else a member has booked."""
        quotas = (
            self.day_minutes, self.week_minutes, self.future_minutes, self.day_count, self.week_count,
            self.future_count, self.prime_minutes,
        )  # fmt: skip
        return any(quota is not None for quota in quotas)
