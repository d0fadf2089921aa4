"""Settings: what `etabli.toml` and the environment say, checked."""

from etabli.settings.load import colours_wanted, config_file, load, secret, ui_language
from etabli.settings.models import (
    BrokerSettings,
    DeviceSettings,
    LabSettings,
    ResourceSettings,
    Settings,
    TrainingSettings,
    WebSettings,
)
from etabli.settings.problems import Misconfigured, Problem

__all__ = [
    "BrokerSettings", "DeviceSettings", "LabSettings", "Misconfigured", "Problem", "ResourceSettings", "Settings",
    "TrainingSettings", "WebSettings", "colours_wanted", "config_file", "load", "secret", "ui_language",
]  # fmt: skip
