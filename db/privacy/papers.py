"""The papers that a school needs, filled from the live configuration and the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from config import ROOT, PrivacySettings, Settings
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
        "teachers": _teachers(settings),
        "tryout": _tryout(settings),
        "server_left": YOURS.format("who keeps it up to date?") if publish.url else "Nothing is sent to one",
        "looked_at": _looked_at(settings),
        **_told(settings),
        **{
            name: _kept(getattr(privacy, name))
            for name in ("keep_readings_days", "keep_names_days", "keep_rollups_days", "keep_audit_days")
        },
        **{name: str(stats.rows[name]) for name in ("sessions", "students", "readings")},
        "due": ", ".join(stats.due) or "nothing",
        "course": settings.session.course or YOURS.format("course"),
        **{name: YOURS.format(name) for name in ("school", "teacher", "contact")},
    }


def _told(settings: Settings) -> Mapping[str, str]:
    """What is told to those whose data it is: parts of the notice and of the consent form, in plain words."""
    privacy, publish = settings.privacy, settings.publish
    reads_faces = privacy.mode == "emotions"
    looks = "how I look" if reads_faces else "whether I am there"
    if publish.names:
        shared = f"I agree that my name and {looks}, minute by minute, are sent to the school's database: yes / no"
    else:
        shared = "Nothing that tells of me alone leaves the teacher's computer."
    return {
        "does": (
            "estimates from faces which of seven expressions each of you shows and where heads are turned, so that I "
            "notice when I lose the class or one of you"
            if reads_faces
            else "notes who is there and whose camera is on; it looks at no face"
        ),
        "does_with_me": (
            "estimates from my picture which of seven expressions I show and where my head is turned"
            if reads_faces
            else "notes whether I am there and my camera is on; it looks at no face"
        ),
        "keeps": _keeps(privacy, "the estimates" if reads_faces else "who was there, second by second,"),
        "shared": _shared(settings),
        "not_a_feeling": ", and an expression is not a feeling" if reads_faces else "",
        "may_refuse": _may_refuse(privacy),
        "names_sentence": shared,
    }


def _keeps(privacy: PrivacySettings, single: str) -> str:
    """How long what is kept, where 0 days mean for ever."""
    parts = (
        (f"{single} for {_kept(privacy.keep_readings_days)}", f"{single} for ever", privacy.keep_readings_days),
        (f"names for {_kept(privacy.keep_names_days)}", "names for ever", privacy.keep_names_days),
        (f"sums for {_kept(privacy.keep_rollups_days)}", "sums for ever", privacy.keep_rollups_days),
    )
    readings, names, sums = (some_days if days else for_ever for some_days, for_ever, days in parts)
    return f"{readings}, {names} and {sums}"


def _shared(settings: Settings) -> str:
    if settings.publish.url is None:
        return "Nothing of it leaves my computer."
    named = ", and of those of you who agreed also the name and own sums" if settings.publish.names else ""
    return f"Sums of the whole class, by the minute, go to the school's database{named}."


def _may_refuse(privacy: PrivacySettings) -> str:
    if privacy.mode == "presence_only":
        return 'A camera may be off at any time: that is noted as "camera off" and nothing else.'
    if privacy.consent == "required":
        return "Without a consent on the class list no face is looked at; a camera may be off at any time."
    return 'A camera may be off at any time: that counts as "no data" and nothing else.'


def _looked_at(settings: Settings) -> str:
    if settings.privacy.mode == "presence_only":
        return "Nobody's face"
    if settings.privacy.consent == "required":
        return "Faces of those alone who have a yes in the class list"
    return "Every face in the gallery, **[on which basis?]**"


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
    sums = "Title, course and sums of classes of at least five, by the minute, to the school's database"
    return f"{sums}; of those who consented also name and own sums" if settings.publish.names else sums


def _teachers(settings: Settings) -> str:
    if settings.dashboard.public_url is None and settings.publish.url is None:
        return "What was done on this machine, and when, as `person`"
    return (
        "Logins, passwords as Argon2id, when who logged in, looked, exported, erased; two cookies, of the login alone"
    )


def _tryout(settings: Settings) -> str:
    if settings.privacy.mode == "presence_only":
        return "Reads no face"
    read = "Reads the own face from the browser's camera, after a click; a frame is forgotten when it is read"
    if settings.dashboard.try_port is None:
        return f"{read}, on the same machine; it is not served to others"
    return f"{read}. Where people log in, **frames go over the network to the server**, by HTTPS"


def _kept(days: int) -> str:
    return "for ever" if days == 0 else f"{days} days"
