"""The map of the program: which handler answers which fact."""

from devices.messages import (
    AlarmCleared,
    AlarmRaised,
    BadgeTapped,
    DeviceConnected,
    DeviceLost,
    Fact,
    JobEnded,
    JobPaused,
    JobResumed,
    JobStarted,
    NonsenseHeard,
    PowerReported,
    TapDecided,
)
from gateway.service import node_taps, reports, taps

ROUTES: dict[type[Fact], reports.Handler] = {
    BadgeTapped: taps.handle_tap,
    PowerReported: reports.handle_power_reported,
    JobStarted: reports.handle_job_started,
    JobPaused: reports.handle_job_paused,
    JobResumed: reports.handle_job_resumed,
    JobEnded: reports.handle_job_ended,
    AlarmRaised: reports.handle_alarm_raised,
    AlarmCleared: reports.handle_alarm_cleared,
    DeviceConnected: reports.handle_device_connected,
    DeviceLost: reports.handle_device_lost,
    NonsenseHeard: reports.handle_nonsense,
    TapDecided: node_taps.handle_tap_decided,
}
