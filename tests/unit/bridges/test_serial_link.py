"""A cable that is pulled, missing, taken or forbidden must end in one plain sentence that names the port."""

import fcntl
import socket
import termios
from pathlib import Path

import pytest

from firmware_bridges.serial_link import SerialLink
from firmware_bridges.twins.pty import PtyTwin
from gateway.adapters.clock import SystemClock
from gateway.ports.errors import BridgeLost
from tests.fakes.report_recording import wait_until


class Parrot:
    """A device that says again what it is told, backwards."""

    def __init__(self):
        self.said = b""
        self.heard = b""

    def receive(self, data, now):
        self.heard += data
        self.said += data[::-1]

    def tick(self, now):
        said, self.said = self.said, b""
        return said


@pytest.fixture
def twin(tmp_path):
    with PtyTwin(Parrot(), tmp_path / "tty", SystemClock(), tick_s=0.005) as twin:
        yield twin


def read_until(line, size):
    found = bytearray()
    wait_until(lambda: found.extend(line.read()) or len(found) >= size)
    return bytes(found)


def test_every_byte_passes_both_ways(twin):
    data = bytes(range(256))
    with SerialLink(str(twin.link), 115200) as line:
        line.write(b"")
        line.write(data)
        assert sorted(read_until(line, 256)) == sorted(data)
        assert line.read() == b""


def test_a_pulled_cable_ends_reading_and_writing_with_the_ports_name(twin):
    port = str(twin.link)
    with SerialLink(port, 9600) as line:
        twin.unplug()
        with pytest.raises(BridgeLost, match=f"^{port}: the line was lost"):
            line.read()
        with pytest.raises(BridgeLost, match=f"^{port}: the line was lost"):
            line.write(b"?")
    with pytest.raises(BridgeLost, match="is the cable plugged in"):
        SerialLink(port, 9600).__enter__()
    twin.replug()
    with SerialLink(port, 9600) as line:
        line.write(b"ab")
        assert read_until(line, 2) == b"ba"


def test_a_port_that_another_program_holds_is_said_to_be_in_use(twin):
    with SerialLink(str(twin.link), 9600), pytest.raises(BridgeLost, match="another program is using it"):
        SerialLink(str(twin.link), 9600).__enter__()


@pytest.mark.parametrize(
    ("port", "says"),
    [
        ("/dev/null", "no serial port"),
        ("/", "cannot be opened"),
        ("nosuch://x", "cannot be opened"),
        ("socket://x:y", ""),
    ],
)
def test_what_is_no_port_is_told_with_its_name(port, says):
    with pytest.raises(BridgeLost) as caught:
        SerialLink(port, 9600).__enter__()
    assert str(caught.value).startswith(f"{port}: ")
    assert says in str(caught.value)


def test_closing_leaves_the_dtr_line_alone_so_that_no_controller_is_reset(twin):
    with SerialLink(str(twin.link), 115200) as line:
        flags = termios.tcgetattr(line._serial.fd)[2]
        assert not flags & termios.HUPCL
        assert line._serial.dtr is False
        assert fcntl.fcntl(line._serial.fd, fcntl.F_GETFD) >= 0
        inner = line._serial
    assert not inner.is_open
    with pytest.raises(BridgeLost, match="not open"):
        line.read()


def test_a_serial_port_served_over_tcp_works_the_same_and_is_lost_the_same():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with SerialLink(port, 9600) as line:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"\x18\xff\x84")
                assert read_until(line, 3) == b"\x18\xff\x84"
            with pytest.raises(BridgeLost):
                wait_until(lambda: line.read() and False)


def test_twins_leave_neither_threads_nor_files_behind(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        with PtyTwin(Parrot(), tmp_path / f"tty{number}", SystemClock(), tick_s=0.005) as twin:
            for _ in range(3):
                twin.unplug()
                twin.unplug()
                twin.replug()
                twin.replug()
            with SerialLink(str(twin.link), 9600) as line:
                line.read()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert not list(tmp_path.iterdir())


def test_a_device_that_nobody_reads_goes_on_living(twin):
    twin.do(lambda parrot, _: setattr(parrot, "said", b"x" * 100_000))
    wait_until(lambda: twin.device.said == b"")
    ticks = []
    twin.do(lambda _, now: ticks.append(now))
    assert ticks
