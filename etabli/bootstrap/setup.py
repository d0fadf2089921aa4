"""Machines added from the browser: written into `etabli.toml`, put into the store, their bridges started."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from etabli.bootstrap.bridges import Bridges
from etabli.bootstrap.device_account import Firmware, made, settings_for
from etabli.bootstrap.lab import put_lab
from etabli.bootstrap.parts import Basis
from etabli.settings import writing
from etabli.settings.load import rooted
from etabli.settings.problems import Misconfigured
from gateway.adapters.private_files import write_private
from gateway.ports.setup import NewDevice, NewMachine, NotWritten, PlugAccount, Why
from gateway.ports.store import Store

_log = logging.getLogger(__name__)
HERE_ONLY = ("127.0.0.1", "::1", "localhost")
FIRMWARE: Mapping[str, Firmware] = {
    "tasmota": Firmware.TASMOTA,
    "shelly-gen2": Firmware.SHELLY,
    "esphome": Firmware.ESPHOME,
}
"""The firmware of each dialect whose account we know how to tell."""


class FileSetup:
    """Writes into one file, while the lab of that file runs. Without a file nothing can be written here."""

    def __init__(self, base: Basis, store: Store, *, file: Path | None, bridges: Callable[[], Bridges | None]) -> None:
        self._base, self._store, self._bridges = base, store, bridges
        self._file = file.resolve() if file is not None else None
        self._settings = base.settings
        self._lock = threading.Lock()

    def hindrance(self) -> NotWritten | None:
        """Why nothing can be written here; None where it can."""
        if self._file is None:
            return NotWritten(why=Why.ELSEWHERE)
        # It is replaced, not written over: both the file and its folder must be ours.
        if os.access(self._file, os.W_OK) and os.access(self._file.parent, os.W_OK) and not self._file.is_mount():
            return None
        return self._read_only()

    def lines(self, new: NewMachine | NewDevice) -> str:
        """What would be written."""
        if isinstance(new, NewMachine):
            return writing.block("resources", {"slug": new.slug, "names": new.name, "kind": str(new.kind)})
        settings = dict(new.settings) | ({"key_file": _secret_name(new)} if new.secret is not None else {})
        return writing.block(
            "devices",
            {
                "slug": new.slug, "resource": new.resource, "role": str(new.role), "bridge": new.bridge,
                "settings": settings,
            },
        )  # fmt: skip

    def add(self, new: NewMachine | NewDevice) -> NotWritten | None:
        """Write it down for good and set it going."""
        hindered = self.hindrance()
        if hindered is not None or self._file is None:
            return hindered
        with self._lock:
            try:
                if isinstance(new, NewDevice) and new.secret is not None:
                    self._keep_secret(self._file.parent / _secret_name(new), new.secret)
                settings = writing.append(self._file, self.lines(new))
            except Misconfigured as error:
                return NotWritten(why=Why.WRONG, told={lang: error.sentences(lang)[0] for lang in ("fr", "en")})
            except OSError as error:
                _log.warning("%s could not be written: %s", self._file, error)
                return self._read_only()
            settings = self._settings = rooted(settings, self._file.parent)
            put_lab(self._store, settings, self._base.ids)
            device = next((each for each in settings.devices if each.slug == new.slug), None)
            bridges = self._bridges()
            if isinstance(new, NewDevice) and device is not None and bridges is not None:
                bridges.add(self._base, device)
        return None

    def cameras(self) -> dict[str, str]:
        """Where each camera gives a picture, by the slug of the resource that it looks at."""
        return {
            device.resource: str(device.settings["snapshot"])
            for device in self._settings.devices
            if device.resource is not None and device.settings.get("snapshot")
        }

    def _read_only(self) -> NotWritten:
        name = str(self._file)
        return NotWritten(why=Why.READ_ONLY, told={"fr": name, "en": name})

    @staticmethod
    def _keep_secret(file: Path, secret: str) -> None:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(file, f"{secret}\n".encode())

    def gives_accounts(self) -> bool:
        """Whether a plug needs an account of ours to be heard."""
        told = self._base.settings.broker
        return self._file is not None and told.mode == "embedded" and not told.anonymous

    def account(self, name: str, dialect: str, host: str) -> PlugAccount:
        """A new account under this name."""
        told = self._base.settings.broker
        firmware = FIRMWARE[dialect]
        account = made(self._base, name, firmware, host if told.host in ("0.0.0.0", "::", *HERE_ONLY) else told.host)
        return PlugAccount(
            host=account.host, port=account.port, user=account.device, password=account.password,
            paste=settings_for(account, firmware), from_outside=told.host not in HERE_ONLY,
        )  # fmt: skip


def _secret_name(new: NewDevice) -> str:
    """Beside the configuration, where a backup takes it along."""
    return f"secrets/{new.slug}"
