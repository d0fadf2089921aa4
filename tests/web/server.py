"""The application on a real port, as `etabli run` serves it."""

import contextlib
import threading
import time

import uvicorn

from dashboard.app import end_streams
from tests.ports import free_port


@contextlib.contextmanager
def served(app):
    """The address of ``app``, served by uvicorn in a thread until the block ends."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        end_streams(app)
        server.should_exit = True
        thread.join(10)
