"""Whether the pages can be served: nobody else sits on their port."""

from __future__ import annotations

import socket

from config import Settings
from domain import Finding


def port(settings: Settings) -> Finding:
    """Whether the configured port is free."""
    host, number = settings.dashboard.host, settings.dashboard.port
    with socket.socket() as probe:
        if probe.connect_ex((host, number)) == 0:
            remedy = "Stop that program (another Classmood?) or change dashboard.port."
            return Finding("look", f"port {number} is in use", remedy)
    return Finding("ok", f"port {number} is free")
