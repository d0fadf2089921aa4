"""How long a change takes to reach every one of many open boards: ``python -m tests.web.fanout``.

The screens live in a process of their own; CLOCK_MONOTONIC is the same for both.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from urllib.parse import urlsplit

SETTLE_S = 1.0


async def _screen(host, port, arrivals, ready, turns):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /live?lang=fr HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    seen = set()
    try:
        while len(seen) < turns:
            data = await reader.readuntil(b"\n\n")
            if b'id="summary"' in data:
                ready.release()
            for turn in range(turns):
                if f'value="{turn + 20}"'.encode() in data and turn not in seen:
                    seen.add(turn)
                    arrivals[turn].append(time.monotonic())
    finally:
        writer.close()


async def _screens(address, count, turns):
    parts = urlsplit(address)
    arrivals, ready = [[] for _ in range(turns)], asyncio.Semaphore(0)
    tasks = [asyncio.create_task(_screen(parts.hostname, parts.port, arrivals, ready, turns)) for _ in range(count)]
    for _ in range(count):
        await ready.acquire()
    print("ready", flush=True)
    await asyncio.wait(tasks, timeout=60)
    print(json.dumps(arrivals), flush=True)


def measure(lab, address, *, screens=500, turns=20):
    """Milliseconds from the change being published to each screen having it; every screen of every turn."""
    from tests.web.test_live import sample

    child = subprocess.Popen(
        [sys.executable, "-m", "tests.web.fanout", address, str(screens), str(turns)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(SETTLE_S)
        sent = []
        for turn in range(turns):
            sent.append(time.monotonic())
            sample(lab, "prusa-1-machine", float(turn + 20))
            time.sleep(0.25)
        arrivals = json.loads(child.stdout.readline())
    took = [1000 * (at - start) for start, got in zip(sent, arrivals, strict=True) for at in got]
    assert len(took) == screens * turns, f"{len(took)} of {screens * turns} arrived"
    return took


def main():
    """The figure on a lab of the tests."""
    from tests.web.lab import TestLab
    from tests.web.server import served

    lab = TestLab()
    lab.job("prusa-1", minutes=30, session=lab.session("prusa-1"))
    with served(lab.app()) as address:
        took = sorted(measure(lab, address))
    lab.close()
    p95 = took[int(len(took) * 0.95)]
    print(f"500 boards: median {statistics.median(took):.0f} ms, p95 {p95:.0f} ms, worst {took[-1]:.0f} ms")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_screens(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    else:
        main()
