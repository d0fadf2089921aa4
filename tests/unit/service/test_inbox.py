"""What waits for the consumer: in order, bounded, and no device in another's way."""

from datetime import UTC, datetime

from gateway.ports.bus import Delivery
from gateway.service.inbox import Inbox

AT = datetime(2026, 3, 2, tzinfo=UTC)


def put(inbox, device, number, **how):
    return inbox.put(device, (Delivery(f"{device}/{number}", b""), AT), **how)


def take(inbox, most):
    return [delivery.topic for delivery, _ in inbox.take(most, within_s=0)]


def test_what_fits_into_one_batch_comes_as_it_came():
    inbox = Inbox(100, 10)
    for number, device in enumerate("abacbbac"):
        put(inbox, device, number)
    assert take(inbox, 100) == ["a/0", "b/1", "a/2", "c/3", "b/4", "b/5", "a/6", "c/7"]
    assert len(inbox) == 0
    assert take(inbox, 100) == []


def test_a_tap_does_not_wait_for_all_that_others_bring():
    inbox = Inbox(10_000, 10)
    for number in range(1000):
        for device in ("a", "b"):
            put(inbox, device, number)
    put(inbox, "reader", 1)
    first = take(inbox, 20)
    assert "reader/1" in first
    assert len(first) == 20
    left = [topic for _ in range(200) for topic in take(inbox, 20)]
    for device in ("a", "b"):
        heard = [topic for topic in first + left if topic.startswith(device)]
        assert heard == [f"{device}/{number}" for number in range(1000)], "each device's own order stands"


def test_of_more_devices_than_a_batch_holds_whoever_waits_longest_comes_first():
    inbox = Inbox(100, 100)
    for number in range(50):
        put(inbox, f"d{number}", 1)
    assert take(inbox, 20) == [f"d{number}/1" for number in range(20)]
    assert take(inbox, 20) == [f"d{number}/1" for number in range(20, 40)]
    put(inbox, "d0", 2)
    assert take(inbox, 20) == [*(f"d{number}/1" for number in range(40, 50)), "d0/2"]


def test_when_it_is_full_a_device_of_which_nothing_waits_is_still_taken_in():
    inbox = Inbox(10, 3)
    assert all(put(inbox, "a", number) for number in range(10))
    assert not put(inbox, "a", 11)
    assert put(inbox, "a", 12, whatever=True)
    assert put(inbox, "b", 1)
    assert not put(inbox, "b", 2)
    assert put(inbox, "c", 1)
    assert not put(inbox, "d", 1), "made-up names fill no memory"
    assert len(inbox) == 13
