"""Whether the record can be used: it opens for writing, and its disk has room."""

from __future__ import annotations

import shutil

from config import Settings
from db.engine.store import is_server, open_store, store_name, store_path
from domain import Finding

LEAST_FREE_MB = 500
"""A school year of classes takes about 300 MB."""


def database(settings: Settings) -> Finding:
    """Open the configured record as a class would; raises StoreError where it cannot be used."""
    engine = open_store(settings.database.url, write=True)
    engine.dispose()
    if is_server(engine.url):
        return Finding("ok", f"{store_name(engine)} opens")
    path = store_path(engine)
    free_mb = shutil.disk_usage(path.parent).free // 2**20
    if free_mb < LEAST_FREE_MB:
        found, remedy = f"{path} opens, but only {free_mb} MB are free", f"Free {LEAST_FREE_MB} MB on this disk."
        return Finding("look", found, remedy)
    return Finding("ok", f"{path} opens, {free_mb // 1024} GB free")
