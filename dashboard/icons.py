"""The icons: Tabler's where they are installed, else those drawn for Établi in ``templates/icons.html``."""

import json
from functools import cache
from pathlib import Path

INSTALLED = Path(__file__).parent / "static" / "vendor" / "icons.json"

TABLER = {
    # the states of a machine
    "free": "circle-check", "running": "filled/player-play", "paused": "filled/player-pause", "occupied_idle": "user",
    "reserved": "calendar-event", "finished": "flag", "out_of_service": "alert-triangle", "repair": "tool",
    "alarm": "alert-octagon", "off": "power", "stale": "wifi-off", "starting": "bolt",
    "interrupted": "plug-connected-x", "unknown": "help-circle", "noted": "circle-arrow-right",
    # places
    "machines": "layout-grid", "team": "users", "calendar": "calendar-event", "home": "home", "door": "door-enter",
    "me": "user-circle", "bookings": "list-check", "settings": "settings", "figures": "report-analytics",
    # things and people
    "person": "user", "people": "users", "group": "users-group", "visitor": "user-plus", "badge": "id-badge-2",
    "training": "school", "workshop": "presentation", "clock": "clock", "hourglass": "hourglass", "place": "map-pin",
    "part": "box", "photo": "camera", "qr": "qrcode", "key": "key", "lock": "lock", "mail": "mail", "phone": "phone",
    # actions
    "arrow": "arrow-right", "link": "external-link", "book": "calendar-plus", "call": "hand-stop",
    "bell": "bell-ringing", "report": "message-report", "give_back": "circle-check", "extend": "clock-plus",
    "leave": "logout", "enter": "login", "exchange": "arrows-exchange", "search": "search", "add": "plus",
    "edit": "pencil", "remove": "trash", "download": "download", "history": "history", "again": "rotate-clockwise",
    "stop": "player-stop", "erase": "backspace", "print": "printer",
    # the page itself
    "check": "check", "cross": "x", "previous": "chevron-left", "next": "chevron-right", "down": "chevron-down",
    "info": "info-circle", "language": "language", "look_auto": "sun-moon", "look_light": "sun", "look_dark": "moon",
    "sound": "volume",
}  # fmt: skip
"""Our name for a drawing, and Tabler's."""


@cache
def installed() -> dict[str, str]:
    """The drawings that ``make assets`` has put in place."""
    try:
        found: dict[str, str] = json.loads(INSTALLED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
