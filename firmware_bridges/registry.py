"""The only list of bridges. A kind's module is imported when a bridge of that kind is configured, not before:
each brings a heavy library of its own.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from firmware_bridges.bridge import Bridge, BridgeContext
from gateway.ports.errors import BadConfiguration

Build = Callable[[BridgeContext, Any], Bridge]


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeKind:
    """One way to reach a device; ``module`` has ``Settings`` and ``build(context, settings)``."""

    module: str
    reaches: str


BRIDGES: dict[str, BridgeKind] = {
    "octoprint-http": BridgeKind(module="firmware_bridges.octoprint_http", reaches="a printer run by OctoPrint"),
    "grbl-serial": BridgeKind(module="firmware_bridges.grbl_serial", reaches="a laser or mill on Grbl or grblHAL"),
    "badge-reader-serial": BridgeKind(module="firmware_bridges.badge_reader_serial", reaches="a serial badge reader"),
    "relay-mqtt": BridgeKind(module="firmware_bridges.relay_mqtt", reaches="a plug or relay that speaks MQTT"),
}


def load(kind: str) -> tuple[type[BaseModel], Build]:
    """The settings model and the maker of one kind; BadConfiguration for a kind that does not exist or cannot load."""
    row = BRIDGES.get(kind)
    if row is None:
        raise BadConfiguration(f"there is no bridge of kind {kind!r}; there are {', '.join(sorted(BRIDGES))}")
    try:
        module = importlib.import_module(row.module)
    except ModuleNotFoundError as error:
        raise BadConfiguration(f"a bridge of kind {kind!r} needs {error.name!r}, which is not installed") from error
    return module.Settings, module.build
