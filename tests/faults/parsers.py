"""Everything here that reads what others have written, each with some good input and the errors that it may raise."""

import gzip
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from devices import sun
from devices.badge_reader import AnyReader, BadgeSeen, EmFrames, KeyboardLines, hash_forms
from devices.codec import BadMessage, decode, encode
from devices.envelope import Envelope, seal, unseal
from devices.foreign_json import load
from devices.grbl import GrblLink
from devices.grbl_jobs import GrblWatch
from devices.messages import (
    AlarmRaised,
    BadgeTapped,
    DeviceConnected,
    DeviceStatus,
    JobEnded,
    JobStarted,
    ListAsked,
    NonsenseHeard,
    Outcome,
    PowerReported,
    Receipt,
    Sample,
    SetPower,
    ShowVerdict,
    Tone,
)  # fmt: skip
from devices.octoprint import read_connection, read_file, read_job, read_printer, read_version
from devices.octoprint_events import read_event, read_mqtt
from devices.octoprint_watch import PrinterWatch
from devices.pn532 import ACK, Pn532, frame
from devices.relay import RelayWatch, relay
from devices.relay_dialects import DIALECTS
from devices.topics import parse
from etabli.bootstrap.archive import read as read_archive
from firmware_bridges.firmware.badge_node import listing, readers, ring, wire
from firmware_bridges.outbox import Outbox
from gateway.domain.members_file import read_members
from gateway.ports.errors import BadConfiguration
from tests.fakes import node_words
from tests.fakes.service_lab import hashed

SITE = "lyon"
TRANSCRIPTS = Path(__file__).parents[1] / "transcripts" / "grbl"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Parser:
    """``refuses`` is all that ``read`` may raise; ``share`` of each thousand inputs is for this one."""

    name: str
    share: int
    seeds: tuple[bytes, ...]
    read: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...] = ()


FACTS = (
    BadgeTapped(badge=hashed("ada")), PowerReported(on=True, cause="command", on_s=3.5), JobStarted(job="j", name="é.gcode"),
    JobEnded(job="j", outcome=Outcome.FINISHED, wall_s=3, active_s=2, paused_s=1, filament_mm=4.5),
    AlarmRaised(code="x", text="y"), DeviceConnected(detail="usb"), NonsenseHeard(what="line", count=10, example="?"),
)  # fmt: skip
MESSAGES = (
    *FACTS, Sample(values={"watts": 4.5}), DeviceStatus(online=True), Receipt(boot="b", ranges=((1, 4), (6, 6))),
    SetPower(id="1", expires_at=AT, on=True, ceiling_s=60), ListAsked(nonce="n", version=3),
    ShowVerdict(id="2", expires_at=AT, tone=Tone.GRANTED, code="granted"),
)  # fmt: skip
TOPIC = f"etabli/{SITE}/d1/fact"
ENVELOPES = tuple(
    seal(Envelope(site=SITE, device="d1", boot="b", seq=1, mono_ms=5, age_ms=7, at=AT, message=message), topic=TOPIC)
    for message in FACTS
)
OCTOPRINT: dict[str, Any] = {
    "job": {
        "job": {"file": {"name": "v.gcode", "origin": "local", "path": "v.gcode", "date": 1, "size": 5},
                "filament": {"tool0": {"length": 810.0, "volume": 5.4}}, "estimatedPrintTime": 88, "user": "ada"},
        "progress": {"completion": 22.5, "filepos": 9, "printTime": 276, "printTimeLeft": 912}, "state": "Printing",
    },
    "printer": {"temperature": {"tool0": {"actual": 214.9, "target": 220.0, "offset": 0}, "bed": {"actual": 50, "target": 70}},
                "state": {"text": "Operational", "flags": {"operational": True, "printing": False, "error": False}}},
    "connection": {"current": {"state": "Operational", "port": "/dev/ttyACM0", "baudrate": 250000, "printerProfile": "x"}},
    "file": {"name": "a.gcode", "path": "a.gcode", "origin": "local", "gcodeAnalysis": {"filament": {"tool0": {"length": 810}}}},
    "version": {"api": "0.1", "server": "1.11.8", "text": "OctoPrint 1.11.8"},
    "event": {"name": "v.gcode", "path": "v.gcode", "origin": "local", "time": 12.5, "reason": "cancelled", "progress": 0.5},
}  # fmt: skip
OCTOPRINT_READS: tuple[Callable[[Any], object], ...] = (
    read_printer, read_connection, read_file, read_version, lambda value: read_event("PrintFailed", value)
)  # fmt: skip
RELAY_WORDS = (
    b"ON", b"off", b"true", b"Online", b"12.5", b'{"POWER":"ON","POWER1":"OFF","UptimeSec":9,"Wifi":{"AP":1}}',
    b'{"StatusSTS":{"POWER":"ON","UptimeSec":77},"StatusSNS":{"ENERGY":{"Total":1.2,"Power":33,"Factor":0.5}}}',
    b'{"id":0,"source":"MQTT","output":true,"apower":8.9,"aenergy":{"total":11.1,"by_minute":[1,2,3]}}',
    b'{"src":"x","dst":"y","method":"NotifyStatus","params":{"ts":1.5,"switch:0":{"id":0,"output":true},"sys":{"uptime":3}}}',
    b'{"id":1,"src":"x","result":{"output":false,"was_on":true,"timer_started_at":1.0,"timer_duration":60.0}}',
    b'{"state":"ON","power":0,"energy":1.5,"linkquality":60}', b'{"state":"online"}',
    b'{"relays":[{"ison":true,"has_timer":false}],"uptime":5,"meters":[{"power":1.0,"total":3}]}',
)  # fmt: skip
LIST_TOPIC = node_words.topic("list")
CSV = (
    "prénom;nom;courriel;date de naissance;badge\r\nAda;Lovelace;ada@example.org;10/12/1815;0006547886\r\nBob;;;;\r\n".encode(),
    'first name,last name,email\nAda,"Love""lace",ada@example.org\n'.encode("utf-16"),
    "Prénom\tNom\nZoé\tÎle\n".encode("cp1252"),
    b"Prenom adherent,Nom adherent,Champ complementaire 1 Email\r\n=cmd|,@x,a@b.c\r\n",
)  # fmt: skip
TAGS = (
    b"\x02010063E9AE25\x03", b"0006547886\r\n", b"099,59822\n", b"01:00:63:E9:AE\r", b"04DE5F1EACC040\n",
    frame(bytes.fromhex("D54B010100440004DE5F1EACC040")), ACK,
    b"https://example.org/t?picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086\n",
    b"https://example.org/t?uid=041E3C8A2D6B80&ctr=000006&cmac=4B00064004B0B3D3\r\n",
)  # fmt: skip


def _badges(data: bytes) -> None:
    half = len(data) // 2
    for reader in (EmFrames(), KeyboardLines(), AnyReader(), Pn532()):
        for event in (*reader.feed(data[:half]), *reader.feed(data[half:])):
            if isinstance(event, BadgeSeen):
                hash_forms(event.number, key=b"k" * 32, key_id="k")
    sun.read_ndef(data)
    found = sun.read_address(data.decode("latin-1").strip())
    if isinstance(found, sun.SunMessage):
        sun.well_formed(found)


def _grbl(data: bytes) -> None:
    link, watch = GrblLink(), GrblWatch()
    for number, event in enumerate(link.receive(data)):
        for fact in watch.feed(event, at=float(number), job=str(number)):
            encode(fact)


def _octoprint(data: bytes) -> None:
    value = load(data)
    for read in OCTOPRINT_READS:
        try:
            read(value)
        except BadMessage:
            pass  # it is another kind of answer
    for subtopic in ("event/PrintDone", "temperature/tool0", "progress/printing"):
        try:
            read_mqtt(subtopic, data)
        except BadMessage:
            pass
    job, watch = read_job(value), PrinterWatch(lambda: "j")
    for at in (1.0, 2.0):
        for fact in watch.look(job, at=at):
            encode(fact)


def _relays() -> Callable[[bytes], None]:
    plugs = [relay(dialect, "plug") for dialect in DIALECTS]
    places = cycle([(plug, each.replace("+", "STATE")) for plug in plugs for each in plug.subscriptions()])

    def read(data: bytes) -> None:
        plug, topic = next(places)
        watch = RelayWatch(plug.dialect)
        for fact in watch.hear(plug.decode(topic, data), at=1.0):
            encode(fact)

    return read


class _Flash(dict[str, bytes]):
    names, read = dict.keys, dict.__getitem__

    def replace(self, name: str, data: bytes) -> None:
        self[name] = data


def _access_list(data: bytes) -> None:
    """Signed as a gateway would that has gone mad; what is taken must also be decided by."""
    line = data.replace(b"\n", b" ") + b"\n"
    held = listing.Listing(_Flash(), LIST_TOPIC, node_words.KEY, node_words.SITE, node_words.DEVICE)
    held.take(line + wire.signature(line, LIST_TOPIC, node_words.KEY), node_words.NOW)
    for number in (node_words.ADA, node_words.BOB):
        held.decide(wire.hashes(number, node_words.BADGE_KEY), node_words.NOW)


def _node(data: bytes) -> None:
    wire.opened(data, LIST_TOPIC, node_words.KEY)
    wire.seconds_of(data.decode("latin-1"))
    ring._read(data)
    readers.card_of(data)
    for start in range(0, max(1, len(data) - 14), 7):
        if len(data) >= start + 14:
            readers.em_number(data[start : start + 14])


def _topic(data: bytes) -> None:
    parse(data.decode("utf-8", "replace"))


def parsers_without_files() -> tuple[Parser, ...]:
    """Those that read what they are given."""
    records = b"%08x %s"
    lines = [json.dumps(["b", 1, 5, None, "badge_tapped", {"badge": []}]).encode()]
    return (
        Parser(name="codec", share=150, seeds=tuple(map(encode, MESSAGES)), read=decode, refuses=(BadMessage,)),
        Parser(
            name="envelope", share=150, seeds=ENVELOPES, refuses=(BadMessage,),
            read=lambda data: unseal(data, topic=TOPIC, site=SITE, device="d1"),
        ),
        Parser(name="badge readers", share=150, seeds=TAGS, read=_badges),
        Parser(name="grbl", share=120, seeds=_transcripts(), read=_grbl),
        Parser(
            name="octoprint", share=120, read=_octoprint, refuses=(BadMessage,),
            seeds=tuple(json.dumps(each).encode() for each in (*OCTOPRINT.values(), *3 * [OCTOPRINT["job"]])),
        ),
        Parser(name="relays", share=120, seeds=RELAY_WORDS, read=_relays(), refuses=(BadMessage,)),
        Parser(
            name="access list", share=60, read=_access_list,
            seeds=(node_words.list_of(), node_words.list_of(open=[[1, 2]], booked=[{"starts_s": 1, "ends_s": 2, "person": 0}])),
        ),
        Parser(
            name="node", share=60, read=_node,
            seeds=(node_words.list_of(), *(records % (ring.binascii.crc32(line), line) for line in lines), *TAGS,
                   b"2026-03-02T09:00:05.250000+00:00"),
        ),
        Parser(name="topics", share=30, seeds=(TOPIC.encode(), b"etabli/lyon/+/fact", b"stat/x/POWER"), read=_topic),
        Parser(name="members csv", share=30, seeds=CSV, read=read_members),
    )  # fmt: skip


def _transcripts() -> tuple[bytes, ...]:
    told = []
    for path in sorted(TRANSCRIPTS.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        said = b"".join(row["bytes"].encode("latin-1") for row in rows if row.get("dir") == "<")
        told.append(said[:300])
    return tuple(told)


@contextmanager
def parsers_of_files(outbox: bytes, archive: bytes) -> Iterator[tuple[Parser, ...]]:
    """Those that open a file; a folder in memory where there is one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)

        def read_outbox(data: bytes) -> None:
            where = folder / "outbox"
            shutil.rmtree(where, ignore_errors=True)
            where.mkdir()
            (where / "o.db").write_bytes(data)
            opened = Outbox(where / "o.db")
            try:
                opened.append("d1", AlarmRaised(code="x"), at=AT, mono_s=1.0)
                for device in opened.devices():
                    opened.waiting(device)
            finally:
                opened.close()

        def read_backup(data: bytes) -> None:
            (folder / "b.tar.gz").write_bytes(data)
            read_archive(folder / "b.tar.gz")

        def read_inside(data: bytes) -> None:
            read_backup(gzip.compress(data, compresslevel=1, mtime=0))

        yield (
            Parser(name="outbox file", share=3, seeds=(outbox,), read=read_outbox),
            Parser(name="backup", share=4, seeds=(archive,), read=read_backup, refuses=(BadConfiguration,)),
            Parser(
                name="backup, inside", share=3, seeds=(gzip.decompress(archive),), read=read_inside,
                refuses=(BadConfiguration,),
            ),
        )  # fmt: skip
