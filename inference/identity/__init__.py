"""Who sits in which tile: students followed by their labels, for seconds by the room behind them, never by a face."""

from inference.identity.identities import Identities
from inference.identity.students import Student

__all__ = ["Identities", "Student"]
