"""/health and /metrics of a gateway that runs without pages: the standard library's server is enough."""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from etabli.supervisor import Supervisor
from gateway.service.consume import Consumer


def add_health(supervisor: Supervisor, port: int, pings: Mapping[str, Callable[[], None]], consumer: Consumer) -> None:
    """Serve them on ``port`` as a worker."""

    class Handler(BaseHTTPRequestHandler):
        """Three addresses, nothing else."""

        def do_GET(self) -> None:
            """Answer one of the three addresses."""
            if self.path == "/health/live":
                self._answer(200, "application/json", json.dumps({"status": "ok"}))
            elif self.path == "/health/ready":
                failing = failures(pings)
                told = {"status": "failing" if failing else "ok", "failing": failing}
                self._answer(503 if failing else 200, "application/json", json.dumps(told))
            elif self.path == "/metrics":
                self._answer(200, "text/plain; version=0.0.4", figures(consumer))
            else:
                self._answer(404, "text/plain", "not found\n")

        def _answer(self, status: int, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing: whoever asks every ten seconds is no news."""

    def run(stop: threading.Event) -> None:
        with ThreadingHTTPServer(("0.0.0.0", port), Handler) as server:
            threading.Thread(target=leave, args=(stop, server), name="health-leave", daemon=True).start()
            server.serve_forever(poll_interval=0.2)

    def leave(stop: threading.Event, server: ThreadingHTTPServer) -> None:
        stop.wait()
        server.shutdown()

    supervisor.add("health", run)


def failures(pings: Mapping[str, Callable[[], None]]) -> dict[str, str]:
    """What does not answer, by the kind of its fault; texts may name hosts, and this page asks for no token."""
    found = {}
    for name, ping in pings.items():
        try:
            ping()
        except Exception as error:
            # Whatever a ping throws, it is what we were asked for.
            found[name] = type(error).__name__
    return found


def figures(consumer: Consumer) -> str:
    """What the consumer has counted, for Prometheus."""
    meters = consumer.meters
    counted = {
        "etabli_facts_total": meters.facts,
        "etabli_batches_total": meters.batches,
        "etabli_quarantined_total": meters.quarantined,
        "etabli_nonsense_total": sum(meters.nonsense.values()),
        "etabli_facts_left_with_their_device_total": meters.unavailable,
    }
    return "".join(f"# TYPE {name} counter\n{name} {value}\n" for name, value in counted.items())
