"""What a card writes into its address is read whatever the address; nothing else is taken for a card."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.badge_reader import AnyReader, BadgeSeen, CardSpoke, KeyboardLines, Nonsense, read_line
from devices.messages import SunMessage
from devices.sun import PlainSun, read_address, read_ndef

PICC, MAC = "EF963FF7828658A599F3041510671E88", "94EED9EE65337086"
SUN = SunMessage(picc=PICC, mac=MAC)
ADDRESS = f"https://choose.url.com/ntag424?e={PICC}&c={MAC}"
PLAIN = "https://lab.example/b?uid=041E3C8A2D6B80&ctr=000006&cmac=4B00064004B0B3D3"


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        ADDRESS.lower(),
        f"HTTP://x/?picc_data={PICC}&cmac={MAC}#top",
        f"https://x/?lab=oust&e={PICC}&c={MAC}",
    ],
)
def test_an_encrypted_message_is_found_in_any_address(text):
    assert read_address(text) == SUN


def test_what_a_card_signs_beside_its_numbers_is_kept_as_it_stands_there():
    enc = "CEE9A53E3E463EF1F459635736738962"
    found = read_address(f"https://x/?picc_data={PICC}&enc={enc.lower()}&cmac={MAC}")
    assert found == SunMessage(picc=PICC, mac=MAC, covered=f"{enc}&cmac=")


def test_a_plain_message_is_told_from_an_encrypted_one():
    assert read_address(PLAIN) == PlainSun(uid=bytes.fromhex("041E3C8A2D6B80"), counter=6, mac="4B00064004B0B3D3")


@pytest.mark.parametrize(
    "text",
    ["https://lab.example/", f"https://x/?e={PICC}", f"https://x/?e={PICC[:-1]}&c={MAC}", f"https://x/?e={PICC}&c={MAC}0",
     "https://x/?uid=041E3C8A2D6B80&ctr=6&cmac=4B00064004B0B3D3", f"e={PICC}&c={MAC}", ADDRESS + "x" * 600],
)  # fmt: skip
def test_an_address_of_no_card_is_none(text):
    assert read_address(text) is None


def test_a_reader_that_types_gives_the_message_and_never_a_number():
    for reader in (KeyboardLines(), AnyReader()):
        assert reader.feed(f"{ADDRESS}\r\n".encode()) == (CardSpoke(said=SUN),)
    assert read_line("0006547886") == BadgeSeen(number="n32:0063E9AE")
    (noise,) = KeyboardLines().feed(b"https://lab.example/?uid=041E3C8A2D6B80\n")
    assert isinstance(noise, Nonsense)
    assert b"041E3C8A" not in noise.example


def test_the_address_is_read_out_of_what_a_card_stores():
    record = b"\xd1\x01" + bytes((len(ADDRESS) - 7,)) + b"U\x04" + ADDRESS.removeprefix("https://").encode()
    assert read_ndef(record) == ADDRESS
    assert read_ndef(len(record).to_bytes(2) + record + b"\0" * 20) == ADDRESS
    assert read_ndef(record[:-1]) is None
    assert read_ndef(b"\xd1\x01\x03T\x02fr") is None


@given(st.binary(max_size=80), st.text(max_size=80))
def test_nonsense_never_stops_a_reader(data, text):
    read_ndef(data)
    read_address("https://x/?" + text)
