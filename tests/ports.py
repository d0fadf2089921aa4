"""Ports for what a test starts: below those that the kernel hands out by itself, and apart for each worker of a run."""

import itertools
import os
import socket

FIRST, EACH = 20_000, 3_000
"""Each of four workers has its own three thousand; the kernel's own begin at 32,768."""


def _offered() -> "itertools.cycle[int]":
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    # Two runs on one machine begin at different places.
    first, at = FIRST + worker * EACH, os.getpid() * 7 % EACH
    return itertools.cycle([*range(first + at, first + EACH), *range(first, first + at)])


_ports = _offered()


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on, and that nobody is given by chance before it is used."""
    for port in itertools.islice(_ports, EACH):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"none of the {EACH} ports of this worker is free")
