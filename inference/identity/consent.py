"""Whose face may be looked for: decided by the settings of privacy and the class list before any model is called."""

from __future__ import annotations

from collections.abc import Callable

from config import PrivacySettings
from domain import Abstention
from inference.identity.students import Student
from inference.names import Name

ConsentList = Callable[[str], bool]
"""Whether the student with this name, in the class list's spelling, may be looked at; False for an unknown name."""


class Gate:
    """Says before any model is called whose face may be looked for: the settings of privacy, and the class list's word.

    ``consents`` is asked for names that were read without doubt; an unknown name is no consent.
    """

    def __init__(self, privacy: PrivacySettings, consents: ConsentList | None) -> None:
        self._privacy = privacy
        self._consents = consents

    def masks(self, student: Student | None, name: Name | None) -> Abstention | None:
        """Why the tile of a student, None where that is uncertain, is not looked at; None where it may be.

        What the label says now, ``name``, must not speak against it.
        """
        if self._privacy.mode == "presence_only":
            return "presence_only"
        if self._privacy.consent == "off":
            return None
        if student is None or student.name not in student.certain or not self._agrees(student.name):
            return "no_consent"
        if name is not None and name.text is not None and not self._agrees(name.text):
            return "no_consent"
        return None

    def masks_label(self, name: Name | None) -> Abstention | None:
        """The same for a single picture, in which a student is no more than a label."""
        if self._privacy.mode == "presence_only":
            return "presence_only"
        if self._privacy.consent == "off":
            return None
        return None if name is not None and name.doubted is None and self._agrees(name.text) else "no_consent"

    def _agrees(self, name: str | None) -> bool:
        return name is not None and self._consents is not None and self._consents(name)
