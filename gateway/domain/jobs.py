"""Jobs: one print or cut, inside a session, outliving it, or orphan."""

from dataclasses import dataclass
from datetime import datetime

from devices.messages import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``key`` is the device's own name for it, unique for that device. ``outcome`` None while it runs."""

    id: str
    device_id: str
    key: str
    resource_id: str | None
    session_id: str | None
    member_id: str | None
    name: str | None
    started_at: datetime
    paused: bool = False
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    wall_s: float | None = None
    active_s: float | None = None
    paused_s: float | None = None
    laser_on_s: float | None = None
    filament_mm: float | None = None
    reason: str | None = None
