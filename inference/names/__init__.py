"""Names read from the labels of tiles; what cannot be read for certain stays unread."""

from inference.names.labels import Signature
from inference.names.reader import Name, NameReader

__all__ = ["Name", "NameReader", "Signature"]
