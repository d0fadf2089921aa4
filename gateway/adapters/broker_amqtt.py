"""amqtt, a broker in pure Python, on a thread and an event loop of its own: MQTT 3.1.1, no shared subscriptions.

TCP_NODELAY needs nothing here: asyncio sets it on every TCP connection it accepts.
It also sends a new client retained messages it never asked for (0.12.1, ``_handle_client_session``): our bus drops them.
"""

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from gateway.adapters.broker_door import Door
from gateway.ports.errors import BusUnavailable

if TYPE_CHECKING:
    from gateway.adapters.broker import Tls

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0


class AmqttThread:
    """One amqtt broker that lives in this process."""

    def __init__(self, *, host: str, port: int, door: Door | None = None, tls: "Tls | None" = None) -> None:
        listeners: dict[str, dict[str, Any]] = {"default": {"type": "tcp", "bind": _bind(host, port)}}
        if tls is not None:
            listeners["tls"] = {
                "type": "tcp", "bind": _bind(host, tls.port), "ssl": True,
                "certfile": str(tls.certificate), "keyfile": str(tls.key),
            }  # fmt: skip
        self._config = {"listeners": listeners, "plugins": _plugins(door)}
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


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _plugins(door: Door | None) -> dict[str, dict[str, Any]]:
    if door is None:
        return {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    return {f"{__name__}.{plugin.__name__}": {"door": door} for plugin in (Accounts, AccessList)}


class Accounts(BaseAuthPlugin):
    """Who may come in."""

    async def authenticate(self, *, session: Session) -> bool:
        """Whether the door knows them."""
        door: Door = self.config.door
        return bool(session.username) and door.knows(session.username, session.password or "")

    @dataclass
    class Config:
        """The door."""

        door: Door


class AccessList(BaseTopicPlugin):
    """Where each may speak and listen."""

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Whether the door allows it."""
        door: Door = self.config.door
        if session is None or not session.username or not topic:
            return False
        return door.allows(session.username, "write" if action is Action.PUBLISH else "read", topic)

    @dataclass
    class Config:
        """The door."""

        door: Door
