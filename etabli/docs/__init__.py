"""The files that are written by the code they describe. `python -m etabli.docs [--check]`."""

from collections.abc import Callable
from pathlib import Path


def pages() -> dict[str, Callable[[], str]]:
    """Every generated file: its name as seen from docs/, and what writes it."""
    from etabli.docs import configuration, refusals, topics
    from gateway.adapters.broker_door import access_list

    return {
        "topics.md": topics.page,
        "configuration.md": configuration.page,
        "refusals.md": refusals.page,
        "../deploy/mosquitto/acl": lambda: access_list(extra=_COMPOSE),
    }


_COMPOSE = """\
# --- the health check of the container
user health
topic read $SYS/broker/uptime

# --- Zigbee2MQTT's own connection
user zigbee2mqtt
topic readwrite zigbee2mqtt/#

"""


def write(folder: Path) -> tuple[str, ...]:
    """Write every page; the names of those that changed."""
    changed = []
    for name, page in pages().items():
        text, file = page(), folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(name)
    return tuple(changed)


def stale(folder: Path) -> tuple[str, ...]:
    """The names of pages that are not as the code would write them."""
    return tuple(
        name
        for name, page in pages().items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != page()
    )
