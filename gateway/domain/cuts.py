"""Whether a plug stays off when its power returns: tried by pulling it out, for the setting is in the plug and not here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.messages import PowerReported
from gateway.domain.resources import Device

PATIENCE = timedelta(minutes=15)
"""So long after it was begun nobody waits for the plug any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTest:
    """The last time that a plug was pulled out while it was on. ``off``: it came back off; None while it is awaited."""

    device_id: str
    begun_at: datetime
    gone_at: datetime | None = None
    """Since when it is not heard, after it was on: one that was off already would prove nothing."""
    done_at: datetime | None = None
    off: bool | None = None

    def awaited(self, now: datetime) -> bool:
        """Whether somebody stands there with the plug in their hand."""
        return self.done_at is None and self.begun_at <= now < self.begun_at + PATIENCE


def cut_while_on(before: Device, report: PowerReported) -> bool:
    """Whether the power was away so shortly that nobody noticed, until the plug itself says so."""
    return report.cause == "boot" and before.power_on is True


def returned(before: Device, report: PowerReported) -> bool:
    """Whether a relay says for the first time how it is since it was not heard; what it does when told is no answer."""
    return report.on is not None and (report.cause == "boot" or (before.power_on is None and report.cause != "command"))
