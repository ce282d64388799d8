"""What the pages around a class reach beyond the store; the command line, which joins the stages, hands it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import config
from domain import Finding


@dataclass(frozen=True, slots=True)
class Door:
    """Where the process that reads a browser's frames is reached, and the ticket that opens it.

    ``port`` is one of this machine; None on a server whose front passes frames on, at the pages' own address.
    """

    port: int | None
    ticket: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The file of the settings, the checks of this machine, and the reader of frames that a browser sends.

    ``check_machine`` gives what was found by the names of the checks; ``open_reader`` takes the port of the pages, from
    which alone frames are then accepted. Both raise ClassmoodError; they are None where the pages do without them.
    """

    config_file: Path = config.CONFIG_FILE
    check_machine: Callable[[], dict[str, Finding]] | None = None
    open_reader: Callable[[int], Door] | None = None
