"""What strangers on the bus can make the screens remember."""

from dashboard.live import LiveHub
from dashboard.readings import MOST_READINGS
from devices.envelope import Envelope, seal
from devices.messages import Sample
from devices.topics import Channel, topic
from gateway.ports.bus import Delivery
from tests.fakes.clock import FakeClock


def test_progress_is_remembered_of_so_many_devices_only() -> None:
    clock = FakeClock()
    hub = LiveHub(store=None, bus=None, clock=clock, epoch="e")  # type: ignore[arg-type]
    for number in range(MOST_READINGS + 50):
        device = f"x{number}"
        name = topic(Channel.SAMPLE, site="lab", device=device)
        sample = Envelope(
            site="lab", device=device, boot="b", seq=None, mono_ms=0, age_ms=0, at=None,
            message=Sample(values={"progress_percent": 1.0}),
        )  # fmt: skip
        hub._hear(Delivery(name, seal(sample, topic=name)))

    assert len(hub._readings) == MOST_READINGS
    assert f"x{MOST_READINGS + 49}" in hub._readings
