"""A bridge run for a moment: what its device says goes to whoever tries it, and nowhere else."""

import threading
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from devices.messages import Command, Fact
from firmware_bridges import registry
from firmware_bridges.bridge import BridgeContext
from gateway.ports.errors import BridgeLost

Found = TypeVar("Found")
LEAVE_S = 2.0


class Connected(str):
    """What the bridge says once it reaches its device."""

    __slots__ = ()


class Trial:
    """One device reached by its own bridge, from enter to exit."""

    def __init__(self, context: BridgeContext, kind: str, settings: Mapping[str, Any]) -> None:
        model, build = registry.load(kind)
        self._bridge = build(context, model.model_validate(settings))
        self._heard: SimpleQueue[object] = SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"trial-{kind}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(LEAVE_S)

    def first(self, wanted: Callable[[object], Found | None], *, within_s: float) -> Found | None:
        """The first thing heard that is wanted; None when nothing is in time. Raises what ended the bridge."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                heard = self._heard.get(timeout=left)
            except Empty:
                break
            if isinstance(heard, Exception):
                raise heard
            found = wanted(heard)
            if found is not None:
                return found
        return None

    def obey(self, command: Command) -> None:
        """Have the device do something."""
        self._bridge.obey(command)

    def _run(self) -> None:
        try:
            self._bridge.run(self, lambda detail: self._heard.put(Connected(detail or "")), self._stop)
        except OSError as error:
            self._heard.put(BridgeLost(error.strerror or str(error)))
        except Exception as error:  # whatever a bridge throws is for whoever waits
            self._heard.put(error)

    # --- what the bridge reports through

    def fact(self, fact: Fact) -> None:
        """Something happened."""
        self._heard.put(fact)

    def sample(self, values: dict[str, float]) -> None:
        """Readings."""
        self._heard.put(values)

    def nonsense(self, what: str, example: bytes) -> None:
        """Bytes that nobody understands: a look goes on listening."""
