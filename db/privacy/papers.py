"""The papers that a school needs, filled from the live configuration and the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from config import ROOT, Settings
from db.privacy.stats import Stats
from domain import StoreError

TEMPLATES = ROOT / "docs" / "papers"
PAPERS = ("dpia.md", "notice.md", "consent.md")

YOURS = "**[{}]**"
"""How a template marks what only the school can write."""


def write_papers(folder: Path, settings: Settings, stats: Stats, now: float) -> list[Path]:
    """Write the DPIA, the notice and the consent form into a folder; raises StoreError where they cannot be written."""
    facts = facts_of(settings, stats, now)
    paths = [folder / name for name in PAPERS]
    there = [path for path in paths if path.exists()]
    if there:
        raise StoreError(f"expected a folder without older papers, found {there[0]}: choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            path.write_text((TEMPLATES / path.name).read_text("utf-8").format_map(facts), "utf-8")
    except OSError as error:
        raise StoreError(f"{folder}: the papers cannot be written ({error.strerror}): choose another folder") from None
    return paths


def facts_of(settings: Settings, stats: Stats, now: float) -> Mapping[str, str]:
    """What the templates ask for, by name."""
    privacy, publish = settings.privacy, settings.publish
    return {
        "made_on": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d"),
        "region": "European Union" if privacy.region == "eu" else "outside the European Union, as configured",
        "mode_sentence": _mode(settings),
        "staff": str(len(settings.classroom.staff_names)),
        "where": _where(settings),
        "who": _who(settings),
        "leaves": _leaves(settings),
        "names_sentence": (
            "I agree that my name and my own sums by the minute are sent to the school's database: yes / no"
            if publish.names
            else "Nothing that tells of me alone leaves the teacher's computer."
        ),
        **{
            name: _kept(getattr(privacy, name))
            for name in ("keep_readings_days", "keep_names_days", "keep_rollups_days", "keep_audit_days")
        },
        **{name: str(stats.rows[name]) for name in ("sessions", "students", "readings")},
        "due": ", ".join(stats.due) or "nothing",
        "course": settings.session.course or YOURS.format("course"),
        **{name: YOURS.format(name) for name in ("school", "teacher", "contact")},
    }


def _mode(settings: Settings) -> str:
    if settings.privacy.mode == "presence_only":
        return "Who is there, and whether the camera is on. No model of faces or emotions runs."
    return "Which of seven expressions a face shows, and where the head is turned; smoothed over seconds."


def _where(settings: Settings) -> str:
    if settings.database.url.startswith("sqlite"):
        return "A file on the teacher's own computer; **[is its disk encrypted?]**"
    return "A PostgreSQL server of the school; **[where does it stand, who runs it, is there a contract?]**"


def _who(settings: Settings) -> str:
    if settings.dashboard.public_url is None:
        return "The teacher, on the own computer"
    return f"Who has an account at {settings.dashboard.public_url}: teachers their own classes, admins sums of all"


def _leaves(settings: Settings) -> str:
    if settings.publish.url is None:
        return "Nothing"
    sums = "Sums of classes of at least five, by the minute, to the school's database"
    return f"{sums}; of those who consented also name and own sums" if settings.publish.names else sums


def _kept(days: int) -> str:
    return "for ever" if days == 0 else f"{days} days"
