"""The mains fail at any moment of a run: whatever the disk then holds opens, and has every fact that was promised."""

import shutil
from random import Random

import pytest

from tests.faults.disk import Disk, Step, without_syncs
from tests.faults.figures import of_power_cuts
from tests.faults.lengths import short_and_long
from tests.faults.power import cut_the_power, in_outbox, in_store, recorded, words_of

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
READS = {"store": in_store, "outbox": in_outbox}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What the real store and the real outbox did to the disk."""
    folder = tmp_path_factory.mktemp("power")
    return {what: recorded(folder, what) for what in READS}


@pytest.mark.parametrize("images", short_and_long(500, 10_000))
def test_every_promise_is_there_after_a_power_cut(runs, tmp_path, publish, images):
    tallies = [
        cut_the_power(*runs[what], found, tmp_path / "scratch", images=images // 2, seed=images)
        for what, found in READS.items()
    ]
    publish(of_power_cuts(*tallies))
    assert all(tally.clean for tally in tallies), tallies


@pytest.mark.parametrize("what", READS)
def test_a_disk_that_lies_about_its_syncs_is_found(runs, tmp_path, what):
    steps, before = runs[what]
    lying = without_syncs(steps)
    assert cut_the_power(lying, before, READS[what], tmp_path / "scratch", images=50, seed=1, until_found=True).lost


@pytest.mark.parametrize("what", READS)
def test_commits_that_are_not_synced_are_found(tmp_path, what):
    steps, before = recorded(tmp_path, what, "no-sync", facts=20)
    assert cut_the_power(steps, before, READS[what], tmp_path / "scratch", images=100, seed=1, until_found=True).lost


@pytest.mark.parametrize("inject", ["fdatasync:error=EIO:when=5+7", "pwrite64:error=ENOSPC:when=60+97"])
def test_a_disk_that_fails_is_no_receipt_and_all_comes_once_it_is_well_again(tmp_path, inject):
    steps, before = recorded(tmp_path, "store", facts=40, inject=inject)
    said = [each for step in steps for each in words_of(step)]
    refused = {name for word, name in said if word == "refused"}
    assert len(refused) > 5
    assert cut_the_power(steps, before, in_store, tmp_path / "scratch", images=60, seed=1).clean
    assert sorted(in_store(tmp_path / "store-none")) == sorted({name for _, name in said})


def test_what_was_synced_is_in_every_image_and_what_was_not_in_some(tmp_path):
    (tmp_path / "old").write_bytes(b"a" * 1024)
    disk, chance = Disk(tmp_path), Random(1)
    for step in (
        Step("written", "old", 0, b"b" * 512), Step("synced", "old"), Step("written", "old", 512, b"c" * 1024),
        Step("made", "new"), Step("written", "new", 0, b"d"), Step("synced", "new"),
    ):  # fmt: skip
        disk.do(step)
    images = [disk.image(chance) for _ in range(200)]
    assert {image["old"][:512] for image in images} == {b"b" * 512}
    assert {image["old"][512:] for image in images} == {
        b"a" * 512, b"c" * 1024, b"c" * 512, b"a" * 512 + b"c" * 512
    }  # fmt: skip
    assert {image.get("new") for image in images} == {None, b"d"}, "its folder was not synced"
