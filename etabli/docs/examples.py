"""One real message of every kind, for docs/topics.md: the bytes there come from the codec itself."""

from datetime import UTC, datetime

from devices import codec, topics
from devices.badge_reader import hash_forms
from devices.envelope import Envelope, seal
from devices.messages import (
    AccessList,
    AlarmCleared,
    AlarmRaised,
    BadgeTapped,
    BookedSpan,
    CancelJob,
    Change,
    Changed,
    ClockTold,
    DeviceConnected,
    DeviceLost,
    DeviceStatus,
    Fact,
    JobEnded,
    JobPaused,
    JobResumed,
    JobStarted,
    ListAsked,
    ListedPerson,
    Message,
    NonsenseHeard,
    Outcome,
    PowerReported,
    Receipt,
    Sample,
    SetPower,
    ShowVerdict,
    TapDecided,
    Tone,
)
from devices.topics import Channel

SITE, DEVICE, BOOT = "lab", "laser-node", "5c1f9a02"
AT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
EXPIRES = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
COMMAND = "019caf3e-6e80-7cc3-98c4-dc0c0c07398f"
KEY = bytes(range(32))
BADGE_KEY, BADGE_KEY_ID = bytes(range(32)), "630dcd29"

EXAMPLES: tuple[Message, ...] = (
    BadgeTapped(badge=hash_forms("em:010063E9AE", key=BADGE_KEY, key_id=BADGE_KEY_ID)),
    PowerReported(on=True, cause="command"),
    JobStarted(job="5c1f9a02-17", name="box.nc"),
    JobPaused(job="5c1f9a02-17"),
    JobResumed(job="5c1f9a02-17"),
    JobEnded(
        job="5c1f9a02-17", outcome=Outcome.FINISHED, wall_s=312.4, active_s=300.1, paused_s=12.3, name="box.nc",
        laser_on_s=188.0,
    ),
    AlarmRaised(code="grbl-alarm-1", text="Hard limit"),
    AlarmCleared(code="grbl-alarm-1"),
    DeviceConnected(detail="Grbl 1.1h"),
    DeviceLost(reason="the serial port is gone"),
    NonsenseHeard(what="checksum", count=1, example="14 bytes"),
    Sample(values={"power_w": 61.5}),
    DeviceStatus(online=True),
    CancelJob(id=COMMAND, expires_at=EXPIRES, job="019ac5d2-0a42-7c3e"),
    SetPower(id=COMMAND, expires_at=EXPIRES, on=True, ceiling_s=14400),
    ShowVerdict(id=COMMAND, expires_at=EXPIRES, tone=Tone.REFUSED, code="training_missing"),
    Receipt(boot=BOOT, ranges=((1, 41), (43, 43))),
    TapDecided(
        tap=41, badge=hash_forms("em:010063E9AE", key=BADGE_KEY, key_id=BADGE_KEY_ID), outcome=Tone.GRANTED,
        code="granted", list_version=118, until_s=14400,
    ),
    ListAsked(nonce="5c1f9a02-7", version=117),
    ClockTold(nonce="5c1f9a02-7", now_ms=1772442000250),
    AccessList(
        site=SITE, device=DEVICE, version=118, issued_s=1772442000, expires_s=1772701200, lockout=None,
        ceiling_s=14400, quiet_s=600, rest_s=0, early_s=600, pause_s=0, reservation_required=False,
        open=((1772438400, 1772470800),), booked=(BookedSpan(starts_s=1772452800, ends_s=1772460000, person=0),),
        people=(ListedPerson(badges=({"em-10": "f2a8b3f3c8de8c76"},), until_s=1775001600),),
    ),
    Changed(changes=(Change(resource="laser", event="session_opened"),)),
)  # fmt: skip


def channel_of(message: Message) -> Channel:
    """The channel that carries it."""
    return next(row.channel for row in topics.TOPICS if type(message) in row.carries)


def example_of(kind: str) -> tuple[str, bytes]:
    """The topic and the bytes of one message of that kind, unsigned."""
    message = next(each for each in EXAMPLES if each.kind == kind)
    channel = channel_of(message)
    device = topics.GATEWAY if channel is Channel.LIVE else DEVICE
    topic = topics.topic(channel, site=SITE, device=device)
    if isinstance(message, Fact | Sample | ListAsked):
        return topic, seal(wrapped(message), topic=topic)
    return topic, codec.encode(message)


def wrapped(message: Fact | Sample | ListAsked) -> Envelope:
    """The message in its envelope."""
    seq = 42 if isinstance(message, Fact) else None
    return Envelope(site=SITE, device=DEVICE, boot=BOOT, seq=seq, mono_ms=81_250, age_ms=12, at=AT, message=message)


def signed_example() -> tuple[str, bytes]:
    """A tap with its signature."""
    topic = topics.topic(Channel.FACT, site=SITE, device=DEVICE)
    return topic, seal(wrapped(PowerReported(on=False, cause="button")), topic=topic, key=KEY)
