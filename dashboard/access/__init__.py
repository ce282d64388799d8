"""Who may read the pages: on the own machine whoever started them, beyond it whoever logs in."""

from dashboard.access.accounts import Door, ask_for_accounts
from dashboard.access.door import Lock, add_health, protect
from dashboard.access.own_machine import LOCAL_NAMES, address, guard, new_token

__all__ = [
    "LOCAL_NAMES",
    "Door",
    "Lock",
    "add_health",
    "address",
    "ask_for_accounts",
    "guard",
    "new_token",
    "protect",
]
