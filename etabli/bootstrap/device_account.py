"""A device's account at our broker, and how its firmware wants to be told."""

import json
from dataclasses import dataclass
from enum import StrEnum

from etabli.bootstrap.parts import Basis, device_keys, door


class Firmware(StrEnum):
    """What the device runs: it decides how its settings are written."""

    ETABLI = "etabli"
    TASMOTA = "tasmota"
    SHELLY = "shelly"
    ESPHOME = "esphome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a device must know. ``key`` is what our own firmware signs with, in hex."""

    site: str
    device: str
    host: str
    port: int
    tls: bool
    password: str
    key: str | None


def made(base: Basis, slug: str, firmware: Firmware, host: str | None) -> Account:
    """A new password, and a new key for our own firmware; whatever was known before opens nothing more."""
    told = base.settings.broker
    keys = device_keys(base)
    signs = firmware is Firmware.ETABLI
    if not signs:
        keys.forget(slug)
    return Account(
        site=base.site, device=slug, host=host or told.host, port=told.tls_port or told.port,
        tls=told.tls_port is not None, password=door(base).admit(slug), key=keys.make(slug) if signs else None,
    )  # fmt: skip


def settings_for(account: Account, firmware: Firmware) -> str:
    """The account as this firmware wants it: to paste, or to save as its file."""
    if firmware is Firmware.TASMOTA:
        tls = "SetOption103 1; " if account.tls else ""
        return (
            f"Backlog {tls}MqttHost {account.host}; MqttPort {account.port}; MqttUser {account.device}; "
            f"MqttPassword {account.password}; Topic {account.device}; FullTopic %prefix%/%topic%/"
        )
    if firmware is Firmware.SHELLY:
        wanted = {
            "enable": True, "server": f"{account.host}:{account.port}", "client_id": account.device,
            "user": account.device, "pass": account.password, "topic_prefix": f"shelly/{account.device}",
            "ssl_ca": "user_ca.pem" if account.tls else None,
        }  # fmt: skip
        return json.dumps({"id": 1, "method": "Mqtt.SetConfig", "params": {"config": wanted}})
    if firmware is Firmware.ESPHOME:
        lines = (
            "mqtt:", f"  broker: {json.dumps(account.host)}", f"  port: {account.port}",
            f"  client_id: {account.device}", f"  username: {account.device}",
            f"  password: {json.dumps(account.password)}", f"  topic_prefix: esphome/{account.device}",
            "  discovery: false",
        )  # fmt: skip
        return "\n".join(lines)
    return json.dumps(
        {
            "site": account.site, "device": account.device, "host": account.host, "port": account.port,
            "tls": account.tls, "user": account.device, "password": account.password, "key": account.key,
        }
    )  # fmt: skip
