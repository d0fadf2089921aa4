"""The bytes of three readers, and the clock that an ESP32 has not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.badge_reader import forms, hash_forms
from devices.simulated.badge_reader import reader_bytes
from firmware_bridges.firmware.badge_node.readers import Pn532, Rc522, Rdm6300, crc_a
from firmware_bridges.firmware.badge_node.wire import forms as own_forms
from firmware_bridges.firmware.badge_node.wire import hashes, hmac_sha256, iso, seconds_of


class Line:
    """A serial line that gives what it is fed."""

    def __init__(self) -> None:
        self.data, self.written = b"", b""

    def read(self) -> bytes | None:
        data, self.data = self.data, b""
        return data or None

    def write(self, data: bytes) -> None:
        self.written += data


class Chip:
    """An MFRC522 with one card before it, as its registers show it."""

    def __init__(self, uid: bytes) -> None:
        self.uid, self.registers, self.fifo, self._next = uid, bytearray(64), b"", None
        self.selected = 0

    def select(self, level: int) -> None:
        self.low = level == 0

    def write(self, data: bytes) -> None:
        assert self.low
        register = data[0] >> 1 & 0x3F
        if data[0] & 0x80:
            self._next = register
        elif register == 0x09:
            self.fifo += data[1:]
        else:
            self.registers[register] = data[1]
            if register == 0x0A and data[1] & 0x80:
                self.fifo = b""
            if register == 0x0D and data[1] & 0x80:
                self._answer()

    def read(self, count: int) -> bytes:
        if self._next == 0x09:
            value, self.fifo = self.fifo[0], self.fifo[1:]
        elif self._next == 0x0A:
            value = len(self.fifo)
        else:
            value = self.registers[self._next]
        return bytes((value,))

    def _answer(self) -> None:
        asked, self.fifo = self.fifo, b""
        self.registers[0x04] = 0x01
        parts = [self.uid] if len(self.uid) == 4 else [b"\x88" + self.uid[:3], self.uid[3:]]
        if self.uid and asked == b"\x26":
            self.fifo, self.selected = b"\x44\x00", 0
        elif self.uid and asked == bytes((0x93 + 2 * self.selected, 0x20)):
            part = parts[self.selected]
            self.fifo = part + bytes((part[0] ^ part[1] ^ part[2] ^ part[3],))
        elif asked[1:2] == b"\x70" and asked[-2:] == crc_a(asked[:-2]):
            self.fifo, self.selected = b"\x04\xda\x17", self.selected + 1
        self.registers[0x04] = 0x30 if self.fifo else 0x01


def test_rdm6300_gives_a_number_once_for_each_time_it_is_presented() -> None:
    line = Line()
    reader = Rdm6300(line)
    frame = reader_bytes("rdm6300", bytes.fromhex("010063E9AE"))
    found = []
    for ms in range(0, 400, 50):
        line.data = b"\x7f" + frame if ms else frame[:5]
        found.append(reader.poll(ms))
    assert [each for each in found if each] == ["em:010063E9AE"]
    assert reader.poll(1000) is None
    line.data = frame
    assert reader.poll(1100) == "em:010063E9AE"
    line.data = frame[:-3] + b"00" + frame[-1:]
    assert reader.poll(1700) is None


def test_pn532_gives_the_uid_of_a_card_and_none_that_phones_draw_anew() -> None:
    line = Line()
    reader = Pn532(line)
    line.data = b"\x00\x00\xff\x00\xff\x00" + reader_bytes("pn532", bytes.fromhex("04DE5F1EACC040"))
    assert reader.poll(0) == "uid:04DE5F1EACC040"
    assert reader.ASK in line.written
    line.data = reader_bytes("pn532", bytes.fromhex("08112233"))
    assert reader.poll(2000) is None
    line.data = reader_bytes("pn532", bytes.fromhex("FB0EE20B"))[:-2] + b"\x00\x00"
    assert reader.poll(4000) is None


def test_rc522_reads_cards_of_four_and_of_seven_bytes() -> None:
    for uid in ("FB0EE20B", "04DE5F1EACC040"):
        chip = Chip(bytes.fromhex(uid))
        reader = Rc522(chip, chip.select)
        assert reader.poll(0) == f"uid:{uid}"
        assert reader.poll(100) is None
        chip.uid = b""
        assert reader.poll(800) is None
        chip.uid = bytes.fromhex(uid)
        assert reader.poll(900) == f"uid:{uid}"


@given(
    st.binary(min_size=5, max_size=5) | st.sampled_from([4, 7, 10]).flatmap(lambda n: st.binary(min_size=n, max_size=n))
)
def test_a_node_hashes_a_badge_as_every_other_reader_of_ours_does(data: bytes) -> None:
    number = ("em:" if len(data) == 5 else "uid:") + data.hex().upper()
    assert own_forms(number) == list(forms(number))
    theirs = hash_forms(number, key=b"k" * 32, key_id="x")
    assert hashes(number, b"k" * 32) == [(each.form, each.digest) for each in theirs]


def test_the_checksum_of_a_card_is_that_of_iso_14443() -> None:
    assert crc_a(b"\x00\x00") == bytes.fromhex("A01E")
    assert crc_a(b"\x12\x34") == bytes.fromhex("26CF")


def test_hmac_is_that_of_rfc_4231() -> None:
    assert hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex().startswith("5bdcc146bf60754e6a042426089575c7")
    assert (
        hmac_sha256(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First")
        .hex()
        .startswith("60e431591ee0b67f")
    )


@given(st.datetimes(datetime(1970, 1, 1), datetime(2105, 1, 1)))
def test_the_calendar_of_the_node_is_that_of_everybody(moment: datetime) -> None:
    told = moment.replace(tzinfo=UTC)
    seconds = int((told - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))
    assert seconds_of(told.isoformat()) == seconds
    ms = told.microsecond // 1000
    assert iso(1000 * seconds + ms) == told.isoformat(timespec="milliseconds")
