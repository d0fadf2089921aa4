"""Five hundred live boards: from a manager's click to the new tile on each of them."""

import selectors
import socket
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, middle, percentile
from bench.running import Running, run

BOARDS, FIRES, RUNS, WAIT_S = 500, 15, 3, 10.0


def measure() -> list[Figure]:
    """The 95th percentile over all boards and changes, median of several runs."""
    p95s = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder, run(Path(folder)) as lab:
            p95s.append(percentile(_fire(lab), 0.95) * 1000)
    note = f"{FIRES} changes to {BOARDS} boards, from the manager's request to the tile's bytes, median of {RUNS} runs"
    return [Figure("board_fanout_p95_ms", middle(p95s), "ms", note, "≤ 100")]


def _fire(lab: Running) -> list[float]:
    selector = selectors.DefaultSelector()
    boards = [_open(lab.port) for _ in range(BOARDS)]
    for board in boards:
        selector.register(board, selectors.EVENT_READ)
    try:
        _drain(selector, 1.5)
        times = []
        for n in range(FIRES):
            action = "out-of-service" if n % 2 == 0 else "back"
            began = time.perf_counter()
            lab.post(f"/api/v1/resources/machine-{n // 2}/{action}", {"reason": "bench"} if n % 2 == 0 else {})
            times += _arrivals(selector, f"machine-{n // 2}".encode(), began)
            _drain(selector, 0.3)
        return times
    finally:
        for board in boards:
            board.close()
        selector.close()


def _open(port: int) -> socket.socket:
    board = socket.create_connection(("127.0.0.1", port), timeout=10)
    board.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
    board.setblocking(False)
    return board


def _drain(selector: selectors.BaseSelector, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        for key, _ in selector.select(left):
            key.fileobj.recv(1 << 20)  # type: ignore[union-attr]


def _arrivals(selector: selectors.BaseSelector, tile: bytes, began: float) -> list[float]:
    times: dict[int, float] = {}
    until = began + WAIT_S
    while len(times) < BOARDS:
        if time.perf_counter() > until:
            raise TimeoutError(f"{BOARDS - len(times)} of {BOARDS} boards heard nothing within {WAIT_S:g} s")
        for key, _ in selector.select(1.0):
            if tile in key.fileobj.recv(1 << 20):  # type: ignore[union-attr]
                times.setdefault(key.fd, time.perf_counter() - began)
    return list(times.values())
