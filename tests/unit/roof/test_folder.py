"""The data folder: one Établi at a time, a key that is made once and kept from others."""

import stat

import pytest

from etabli.bootstrap.folder import DataFolder, DeviceKeys, FolderHeld, badge_key
from etabli.commands.console import sentences_of
from gateway.ports.errors import BadConfiguration


@pytest.fixture
def folder(tmp_path):
    made = DataFolder(tmp_path / "var")
    made.make()
    return made


def test_the_folder_is_closed_to_others(folder):
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_two_cannot_hold_it_and_the_second_is_told_who_does(folder):
    import os

    held = folder.hold()
    with pytest.raises(FolderHeld) as caught:
        folder.hold()
    assert str(os.getpid()) in sentences_of(caught.value, "fr")[0]
    assert sentences_of(caught.value, "fr")[0].startswith("Un autre Établi")
    assert sentences_of(caught.value, "en")[0].startswith("Another Établi")
    held.release()
    folder.hold().release()


def test_the_key_is_made_once(folder):
    made = badge_key(folder.badge_key, may_make=True)
    assert stat.S_IMODE(folder.badge_key.stat().st_mode) == 0o600
    assert len(made.key) == 32
    assert badge_key(folder.badge_key, may_make=True) == made


@pytest.mark.parametrize("text", ["", "hello", "00ff"])
def test_a_key_that_is_none_is_a_sentence_and_is_never_replaced(folder, text):
    folder.badge_key.write_text(text)
    with pytest.raises(BadConfiguration) as caught:
        badge_key(folder.badge_key, may_make=True)
    assert "hex" in str(caught.value)
    assert folder.badge_key.read_text() == text


def test_a_named_key_that_is_missing_is_not_made(folder, tmp_path):
    with pytest.raises(BadConfiguration):
        badge_key(tmp_path / "other.key", may_make=False)
    assert not (tmp_path / "other.key").exists()


def test_a_device_that_is_revoked_is_not_believed_unsigned_until_it_is_added_anew(folder):
    keys, running = (DeviceKeys(folder.device_keys, {}) for _ in range(2))
    old = bytes.fromhex(keys.make("node-1"))
    assert running("node-1") == old
    for _ in range(2):
        keys.revoke("node-1")
        assert running("node-1") not in (None, old)
    new = bytes.fromhex(keys.make("node-1"))
    assert running("node-1") == new
    keys.revoke("node-1")
    keys.forget("node-1")  # as for a bought plug, which cannot sign
    assert running("node-1") is None


def test_a_device_that_never_signed_leaves_nothing_when_it_is_revoked(folder):
    keys = DeviceKeys(folder.device_keys, {})
    keys.revoke("plug-1")
    assert keys("plug-1") is None
