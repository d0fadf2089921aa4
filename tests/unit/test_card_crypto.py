"""Published vectors of NTAG 424 DNA (AN12196) and of the keys' making; what a forged message is worth."""

from dataclasses import replace

import pytest

from devices.badge_reader import hash_forms
from gateway.adapters.card_crypto import SunKeys, file_key, hide, meta_key, open_picc, signature
from gateway.domain.cards import CardRead
from tests.fakes.card import MASTER, SITE_KEY, Card

ZERO = bytes(16)
FROM_HEX = bytes.fromhex
CARD = FROM_HEX("04DE5F1EACC040")


def hashed(canonical):
    return hash_forms(canonical, key=b"k" * 32, key_id="k1")


def keys(master=MASTER):
    return SunKeys(lambda: master, SITE_KEY, hashed)


@pytest.mark.parametrize(
    ("meta", "picc", "uid", "counter", "key", "covered", "mac"),
    [
        (ZERO, "EF963FF7828658A599F3041510671E88", "04DE5F1EACC040", 61, ZERO, "", "94EED9EE65337086"),
        (ZERO, "FD91EC264309878BE6345CBE53BADF40", "04958CAA5C5E80", 8, ZERO,
         "CEE9A53E3E463EF1F459635736738962&cmac=", "ECC1E7F6C6C73BF6"),
        (FROM_HEX("42aff114f2cb3b6141be6dc95dfc5416"), "8ACADDEF0A9B62CDAE39A16B83FC14DE", "041D3C8A2D6B80", 291,
         FROM_HEX("b62a9baf092439bd43c62aee96b970c5"), "B8436E11F627BB7F543FCC0C1E0D1A89", "238B2543A8DEBAD8"),
    ],
)  # fmt: skip
def test_the_published_messages_are_opened_and_signed_alike(meta, picc, uid, counter, key, covered, mac):
    assert open_picc(meta, FROM_HEX(picc)) == (FROM_HEX(uid), counter)
    assert signature(key, FROM_HEX(uid), counter, covered.encode()).hex().upper() == mac


def test_the_published_plain_message_is_signed_alike():
    assert signature(ZERO, FROM_HEX("041E3C8A2D6B80"), 6, b"").hex().upper() == "4B00064004B0B3D3"


def test_keys_are_made_as_the_tools_that_write_cards_make_them():
    assert meta_key(MASTER).hex() == "a13086f194d7bdfd108dd11716ea2bdf"
    assert file_key(MASTER, FROM_HEX("010203040506AB"), 1).hex() == "f18cdd9389d47ae7ab381e80e5ab6fe3"
    assert file_key(MASTER, FROM_HEX("03030303030303")).hex() == "85f7cc459a5b4b2f5d1a5019ded61c88"


def test_a_card_of_ours_proves_itself_and_gives_the_hashes_of_its_number():
    card = Card(CARD, counter=40)
    assert keys()(card.read()) == CardRead(badge=hashed("uid:04DE5F1EACC040"), counter=41, genuine=True)


def test_a_plain_message_travels_without_its_number_and_proves_the_same():
    sun = hide(SITE_KEY, Card(CARD, counter=6).read_plainly())
    assert "04DE5F1EACC040" not in repr(sun)
    assert keys()(sun) == CardRead(badge=hashed("uid:04DE5F1EACC040"), counter=7, genuine=True)


def test_whatever_is_changed_proves_nothing():
    sun = Card(CARD).read()
    changed = [replace(sun, mac=f"{int(sun.mac, 16) ^ 1 << bit:016X}") for bit in range(64)]
    changed += [replace(sun, picc=f"{int(sun.picc, 16) ^ 1 << bit:032X}") for bit in range(128)]
    changed += [
        replace(sun, covered="00"),
        replace(sun, hidden=True),
        replace(sun, picc=""),
        replace(sun, mac="Z" * 16),
    ]
    assert [one for one in changed if keys()(one).genuine] == []


def test_a_card_of_another_lab_and_a_lab_without_cards_prove_nothing():
    sun = Card(CARD, master=b"o" * 16).read()
    assert not keys()(sun).genuine
    assert keys(None)(Card(CARD).read()) == CardRead()
