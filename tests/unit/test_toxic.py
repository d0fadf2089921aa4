"""The bad network of the tests does what it says: else what is proved on it proves nothing."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from tests.fakes.toxic import ToxicProxy, Toxics


@contextmanager
def echo():
    """A server that says everything back."""
    server = socket.create_server(("127.0.0.1", 0))
    inside = []

    def serve(one):
        with one:
            try:
                while data := one.recv(65536):
                    one.sendall(data)
            except OSError:
                pass  # cut off, as it was to be

    def accept():
        while True:
            try:
                one, _ = server.accept()
            except OSError:
                return
            inside.append(threading.Thread(target=serve, args=(one,)))
            inside[-1].start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
        for each in inside:
            each.join()


def asked(one, data):
    began = time.monotonic()
    one.sendall(data)
    got = b""
    while len(got) < len(data):
        got += one.recv(65536)
    assert got == data
    return time.monotonic() - began


def ended(one):
    if one.recv(1) == b"":
        raise ConnectionResetError


@pytest.fixture
def proxied():
    with echo() as port, ToxicProxy(target=port) as proxy:
        yield proxy


def connected(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def test_without_toxics_all_passes(proxied):
    with connected(proxied) as one:
        assert asked(one, bytes(range(256)) * 400) < 1.0


def test_far_away_and_slow(proxied):
    proxied.toxics = Toxics(latency_s=0.1, bytes_per_s=50_000)
    with connected(proxied) as one:
        assert asked(one, b"x") >= 0.2
        assert asked(one, b"x" * 10_000) >= 0.35


def test_lost_packets_arrive_late_and_in_order(proxied):
    proxied.toxics = Toxics(loss=1.0)
    with connected(proxied) as one:
        assert asked(one, bytes(range(200))) >= 1.9


def test_pieces_of_one_byte_are_whole_again_at_the_end(proxied):
    proxied.toxics = Toxics(slice_bytes=1)
    with connected(proxied) as one:
        asked(one, b"in pieces")


def test_cut_off_and_back(proxied):
    with connected(proxied) as one:
        asked(one, b"x")
        proxied.cut()
        with pytest.raises(ConnectionError):
            ended(one)
    with connected(proxied) as one, pytest.raises(ConnectionError):
        ended(one)
    proxied.mend()
    with connected(proxied) as one:
        asked(one, b"x")


def test_half_open_takes_everything_and_answers_nothing(proxied):
    proxied.toxics = Toxics(half_open=True)
    with connected(proxied) as one:
        one.settimeout(0.2)
        one.sendall(b"x")
        with pytest.raises(TimeoutError):
            one.recv(1)
