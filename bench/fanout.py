"""Five hundred live boards, then two hundred with fifty kiosks: from a manager's click to the new tile on each of them."""

import selectors
import socket
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, middle, percentile
from bench.running import Running, run

FIRES, RUNS, WAIT_S = 15, 3, 10.0
ALONE, MIXED, KIOSKS = 500, 200, 50


def measure() -> list[Figure]:
    """The 95th percentile over all boards and changes, median of several runs."""
    alone, mixed = list[float](), list[float]()
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder, run(Path(folder)) as lab:
            alone.append(percentile(_fire(lab, ALONE, 0), 0.95) * 1000)
            mixed.append(percentile(_fire(lab, MIXED, KIOSKS), 0.95) * 1000)
    how = f"{FIRES} changes after a first one, from the manager's request to the tile's bytes, median of {RUNS} runs"
    return [
        Figure("board_fanout_p95_ms", middle(alone), "ms", f"{ALONE} boards; {how}", "≤ 100"),
        Figure("board_update_p95_ms", middle(mixed), "ms", f"{MIXED} boards and {KIOSKS} kiosks open; {how}", "≤ 300"),
    ]


def _fire(lab: Running, count: int, kiosks: int) -> list[float]:
    selector = selectors.DefaultSelector()
    boards = [_open(lab.port, "/live") for _ in range(count)]
    others = [_open(lab.port, "/kiosk/machine-1/live", f"etabli_kiosk={lab.kiosk}") for _ in range(kiosks)]
    for board in boards:
        selector.register(board, selectors.EVENT_READ)
    try:
        _drain(selector, 1.5)
        for other in others:
            if b" 200 " not in other.recv(64):
                raise RuntimeError("a kiosk was not let in")
        # The program's first write makes its statements and answers: a quarter of a second, once.
        for action, body in (("out-of-service", {"reason": "bench"}), ("back", {})):
            lab.post(f"/api/v1/resources/machine-0/{action}", body)
            _drain(selector, 0.3)
        times = []
        for n in range(FIRES):
            action = "out-of-service" if n % 2 == 0 else "back"
            began = time.perf_counter()
            lab.post(f"/api/v1/resources/machine-{n // 2}/{action}", {"reason": "bench"} if n % 2 == 0 else {})
            times += _arrivals(selector, f"machine-{n // 2}".encode(), began, count)
            _drain(selector, 0.3)
        # An odd number of changes leaves one machine out.
        lab.post(f"/api/v1/resources/machine-{FIRES // 2}/back", {})
        return times
    finally:
        for board in (*boards, *others):
            board.close()
        selector.close()


def _open(port: int, path: str, cookie: str = "") -> socket.socket:
    board = socket.create_connection(("127.0.0.1", port), timeout=10)
    board.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    board.setblocking(False)
    return board


def _drain(selector: selectors.BaseSelector, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        for key, _ in selector.select(left):
            key.fileobj.recv(1 << 20)  # type: ignore[union-attr]


def _arrivals(selector: selectors.BaseSelector, tile: bytes, began: float, count: int) -> list[float]:
    times: dict[int, float] = {}
    until = began + WAIT_S
    while len(times) < count:
        if time.perf_counter() > until:
            raise TimeoutError(f"{count - len(times)} of {count} boards heard nothing within {WAIT_S:g} s")
        for key, _ in selector.select(1.0):
            if tile in key.fileobj.recv(1 << 20):  # type: ignore[union-attr]
                times.setdefault(key.fd, time.perf_counter() - began)
    return list(times.values())
