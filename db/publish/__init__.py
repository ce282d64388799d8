"""Sending finished sessions to a school's database: sums of classes, and names only where they may go."""

from db.publish.content import Parcel, parcel_of
from db.publish.sending import Sent, publish

__all__ = ["Parcel", "Sent", "parcel_of", "publish"]
