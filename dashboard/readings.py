"""What devices last measured of what screens show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.ports.views import ResourceView

SHOWN = (b'"progress_percent"', b'"power_w"')
MOST_READINGS = 1000
"""Of so many devices the readings are remembered, the newest: any stranger can make up more."""
WATTS_LAST = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Progress in percent, when it was last said and when it last changed; watts, and when."""

    percent: float | None = None
    percent_at: datetime | None = None
    moved_at: datetime | None = None
    watts: float | None = None
    watts_at: datetime | None = None

    def after(self, values: Mapping[str, float], now: datetime) -> "Reading":
        """With the values of a sample; itself when there is none to show."""
        found, percent, watts = self, values.get("progress_percent"), values.get("power_w")
        if percent is not None:
            moved = now if percent != self.percent else self.moved_at
            found = replace(found, percent=percent, percent_at=now, moved_at=moved)
        return replace(found, watts=watts, watts_at=now) if watts is not None else found

    def shown(self, view: ResourceView, now: datetime) -> ResourceView:
        """The view with it: of its progress only what was about the job it is at now."""
        if self.watts_at is not None and now - self.watts_at < WATTS_LAST:
            view = replace(view, watts=self.watts)
        job, at = view.job, self.percent_at
        if job is None or job.ended_at is not None or at is None or at < job.started_at:
            return view
        return replace(view, progress=self.percent, moved_at=max(self.moved_at or at, job.started_at))
