"""amqtt, a broker in pure Python, on a thread and an event loop of its own: MQTT 3.1.1, no shared subscriptions.

TCP_NODELAY needs nothing here: asyncio sets it on every TCP connection it accepts.
It also sends a new client retained messages it never asked for (0.12.1, ``_handle_client_session``): our bus drops them.
"""

import asyncio
import logging
import threading
from typing import Any

from gateway.ports.errors import BusUnavailable

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0


class AmqttThread:
    """One amqtt broker that lives in this process."""

    def __init__(self, *, host: str, port: int) -> None:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._config = {
            "listeners": {"default": {"type": "tcp", "bind": address}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        self._ready = threading.Event()
        self._failure: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="embedded-broker", daemon=True)

    def start(self) -> None:
        """Start the thread and wait until the broker listens."""
        # It logs each client that goes without saying goodbye as an error; what matters reaches us as an exception.
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_S):
            raise BusUnavailable("amqtt did not start in time")
        if self._failure is not None:
            self._thread.join()
            raise BusUnavailable(f"amqtt did not start: {self._failure}")

    def stop(self) -> None:
        """Close every connection, end the loop, wait for the thread."""
        if self._loop is not None and self._end is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(self._overhear)
        broker: Any = Broker(self._config)
        await broker.start()
        self._ready.set()
        await self._end.wait()
        await broker.shutdown()

    @staticmethod
    def _overhear(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tasks of clients that vanished: of no interest beyond debugging."""
        logging.getLogger(__name__).debug("amqtt: %s", context.get("message"))
