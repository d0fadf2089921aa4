"""The only composition root: settings in, a running app out."""

from etabli.bootstrap.app import App, bridge_app, dashboard_app, gateway_app, run_app
from etabli.bootstrap.folder import DataFolder, FolderHeld
from etabli.bootstrap.parts import Basis, Broker, basis, migrate, on_sqlite, open_bus, open_store, ready_store

__all__ = [
    "App", "Basis", "Broker", "DataFolder", "FolderHeld", "basis", "bridge_app", "dashboard_app", "gateway_app",
    "migrate", "on_sqlite", "open_bus", "open_store", "ready_store", "run_app",
]  # fmt: skip
