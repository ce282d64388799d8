"""The typed loader of config.yaml: every setting is declared here once, with its bounds, unit and one sentence."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain import ConfigError, FlagKind

ROOT = Path(__file__).resolve().parent
CONFIG_FILE = ROOT / "config.yaml"
DATABASE_VARIABLE = "CLASSMOOD_DATABASE"
"""Name of the environment variable that holds another address of the database than the configured one."""
DATABASE_URL = r"^(sqlite:///|postgres(ql(\+psycopg)?)?://).+"
"""A file's address, or a server's in one of the three ways in which providers write it."""
CONFIG_VARIABLE = "CLASSMOOD_CONFIG"
"""Name of the environment variable that points to another configuration file."""


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _setting(default: Any, sentence: str, unit: str | None = None, **bounds: Any) -> Any:
    extra: dict[str, JsonValue] = {"unit": unit} if unit else {}
    return Field(default, description=sentence, json_schema_extra=extra, validate_default=True, **bounds)


class CaptureSettings(Section):
    rate_hz: float = _setting(2.0, "How often the screen is read.", "frames per second", ge=0.2, le=10)
    window: Literal["follow", "ignore"] = _setting(
        "follow", "Whether Zoom's own window is looked for before whole monitors."
    )
    monitor: int = _setting(0, "Which monitor to watch; 0 looks at all of them in turn.", "number", ge=0, le=16)
    region: Annotated[list[int], Field(min_length=4, max_length=4)] | None = _setting(
        None, "Only this part of the screen is read: left, top, right, bottom.", "pixels"
    )
    camera: int = _setting(0, "Which camera `webcam` opens.", "number", ge=0, le=16)

    @field_validator("region")
    @classmethod
    def _region_is_a_rectangle(cls, region: list[int] | None) -> list[int] | None:
        if region and not (region[0] < region[2] and region[1] < region[3]):
            raise ValueError(f"expected left < right and top < bottom, found {region}")
        return region


class InferenceSettings(Section):
    threads: int = _setting(1, "Threads for the models; Zoom needs the rest.", "threads", ge=1, le=8)
    read_names: bool = _setting(True, "Whether name labels are read; without it students are numbers.")
    min_face_width: int = _setting(36, "Narrower faces are not judged.", "pixels", ge=20, le=200)
    min_face_height: int = _setting(48, "Lower faces are not judged.", "pixels", ge=24, le=300)
    min_sharpness: float = _setting(0.08, "Blurrier faces are not judged.", "share, 0 to 1", ge=0, le=1)
    smoothing_s: float = _setting(4.0, "Time over which a student's emotions are averaged.", "seconds", ge=0, le=60)


class AttentionSettings(Section):
    max_yaw: float = _setting(
        20.0, "A head turned farther aside than this, from its usual direction, looks away.", "degrees", ge=5, le=60
    )
    max_pitch: float = _setting(
        30.0, "A head raised or bowed farther than this, from its usual height, looks away.", "degrees", ge=5, le=60
    )
    hysteresis: float = _setting(
        5.0, "So much less turned a head must be to look at the screen again.", "degrees", ge=0, le=20
    )
    smoothing_s: float = _setting(3.0, "Time over which a head's direction is averaged.", "seconds", ge=0.5, le=30)
    min_face_height: int = _setting(60, "Where lower faces look is unknown.", "pixels", ge=40, le=300)


FlagKinds = list[FlagKind]


class EngagementSettings(Section):
    away: bool = _setting(True, "Whether a camera that shows nobody is flagged.")
    away_s: float = _setting(60.0, "Nobody before the camera for this long is a flag.", "seconds", ge=10, le=1800)
    looking_away: bool = _setting(True, "Whether a head that is turned away and moves is flagged.")
    looking_away_s: float = _setting(60.0, "Looking away for this long is a flag.", "seconds", ge=10, le=1800)
    restless: float = _setting(
        7.0, "A turned head that turns less than this in three seconds reads a second screen.", "degrees", ge=0, le=60
    )
    low_mood: bool = _setting(True, "Whether a lasting fall of a student's mood is flagged.")
    low_mood_s: float = _setting(120.0, "A mood that fell for this long is a flag.", "seconds", ge=10, le=1800)
    low_mood_level: float = _setting(-0.15, "A face must look at least so unpleasant.", "valence", ge=-1, le=0)
    low_mood_drop: float = _setting(
        0.2, "How far a mood must fall below the student's usual one.", "valence", ge=0.05, le=1
    )
    low_mood_beyond_class: float = _setting(
        0.15, "How far it must be below the mood of the middle student.", "valence", ge=0, le=1
    )
    mood_smoothing_s: float = _setting(10.0, "Time over which moods are averaged for flags.", "seconds", ge=1, le=120)
    eyes_closed: bool = _setting(False, "Whether closed eyes are flagged; nothing measures them yet.")
    eyes_closed_s: float = _setting(60.0, "Eyes closed for this long are a flag.", "seconds", ge=10, le=1800)
    share: float = _setting(0.7, "How many of the readings in that time must say so.", "share, 0.5 to 1", ge=0.5, le=1)
    ends_after_s: float = _setting(10.0, "A flag ends when it was not so for this long.", "seconds", ge=2, le=300)
    forgotten_after_s: float = _setting(
        120.0, "What was not in sight for this long is begun anew.", "seconds", ge=5, le=1800
    )
    learn_s: float = _setting(
        120.0, "What is usual for a student is learnt in the first time of this length.", "seconds", ge=30, le=1800
    )
    follow_s: float = _setting(
        900.0, "Time over which what is usual follows what a student does.", "seconds", ge=60, le=14400
    )
    at_once: int = _setting(3, "Most flags that are shown at once.", "number", ge=1, le=49)
    prompts: int = _setting(2, "Most new flags in `prompts_in_s`.", "number", ge=1, le=1000)
    prompts_in_s: float = _setting(600.0, "Time in which so many new flags come.", "seconds", ge=10, le=7200)
    cooldown_s: float = _setting(
        300.0, "After a flag the same student gets none of its kind for this long.", "seconds", ge=0, le=7200
    )
    exercise_suspends: FlagKinds = _setting(["looking_away", "low_mood"], "Flags that rest while the class exercises.")
    break_suspends: FlagKinds = _setting(
        ["away", "looking_away", "eyes_closed", "low_mood"], "Flags that rest in a break."
    )
    group_work_suspends: FlagKinds = _setting(
        ["away", "looking_away", "low_mood"], "Flags that rest while the class works in groups."
    )
    class_mood_drop: float = _setting(
        0.2, "Fall of the middle student's mood that is told of the class.", "valence", ge=0.05, le=1
    )
    class_mood_s: float = _setting(120.0, "It must last for this long.", "seconds", ge=10, le=1800)
    class_attention_drop: float = _setting(
        0.15,
        "Fall since the first half of those who look at the screen that is told.",
        "share, 0.02 to 1",
        ge=0.02,
        le=1,
    )
    class_attention_after_s: float = _setting(
        1200.0, "Before a class has been seen for this long its halves are not compared.", "seconds", ge=120, le=14400
    )

    def suspended(self, mode: str | None) -> frozenset[FlagKind]:
        """Kinds of flags that rest in a mode of the class: exercise, break, group_work, or None for a lesson."""
        if mode is None:
            return frozenset()
        by_mode = {
            "exercise": self.exercise_suspends,
            "break": self.break_suspends,
            "group_work": self.group_work_suspends,
        }
        return frozenset(by_mode[mode])


class SessionSettings(Section):
    course: str = _setting("", "Name of the course, shown on pages.", max_length=200)
    start_after_s: float = _setting(
        3.0, "A gallery must be seen this long before a session starts.", "seconds", ge=0, le=60
    )
    pause_after_s: float = _setting(10.0, "Without a gallery for this long a session pauses.", "seconds", ge=2, le=600)
    end_after_s: float = _setting(900.0, "Without a gallery for this long a session ends.", "seconds", ge=10, le=14400)

    @field_validator("end_after_s")
    @classmethod
    def _pause_before_end(cls, end_after_s: float, info: ValidationInfo) -> float:
        pause_after_s = info.data.get("pause_after_s", 0.0)
        if end_after_s < pause_after_s:
            raise ValueError(f"expected at least session.pause_after_s ({pause_after_s}), found {end_after_s}")
        return end_after_s


class ClassSettings(Section):
    staff_names: list[str] = _setting([], "Teachers and co-hosts, left out of the class's numbers.")
    roster: str | None = _setting(None, "The class list, whose spelling names get where a label fits one student.")


class PrivacySettings(Section):
    region: Literal["eu", "elsewhere"] = _setting(
        "elsewhere", "Whose law holds; `eu` never infers emotions, whatever `mode` says."
    )
    mode: Literal["emotions", "presence_only"] = _setting(
        "emotions", "`presence_only` never runs the face and emotion models: who is there, nothing more."
    )
    consent: Literal["off", "required"] = _setting(
        "off", "Whether only those students are looked at who have a yes in the class list."
    )
    keep_readings_days: int = _setting(
        30, "How long single readings are kept after a session; 0 for ever.", "days", ge=0, le=3650
    )
    keep_names_days: int = _setting(180, "How long names are kept after a session; 0 for ever.", "days", ge=0, le=3650)
    keep_rollups_days: int = _setting(
        400, "How long a session's sums, and with them the session, are kept; 0 for ever.", "days", ge=0, le=3650
    )
    keep_audit_days: int = _setting(
        365, "How long the audit trail keeps who did what to the record.", "days", ge=30, le=3650
    )

    @model_validator(mode="before")
    @classmethod
    def _no_emotions_in_the_union(cls, values: Any) -> Any:
        in_union = isinstance(values, dict) and values.get("region") == "eu"
        return {**values, "mode": "presence_only"} if in_union else values

    @field_validator("consent", mode="before")
    @classmethod
    def _off_is_a_word(cls, consent: Any) -> Any:
        """YAML reads off, without quotes, as false."""
        return "off" if consent is False else consent


class DatabaseSettings(Section):
    url: str = _setting(
        "sqlite:///data/classmood.sqlite",
        "Where sessions are kept: a file, or a school's PostgreSQL.",
        pattern=DATABASE_URL,
    )


class PublishSettings(Section):
    url: str | None = _setting(
        None,
        "The school's database, to which finished sessions are sent.",
        pattern=DATABASE_URL,
    )
    teacher: str = _setting("", "Login of the teacher whose classes are recorded on this machine.", max_length=100)
    names: bool = _setting(False, "Whether students who consented are sent by name, with their own sums.")


class DashboardSettings(Section):
    host: str = _setting(
        "127.0.0.1", "Address the pages are served on; any other than this machine's own asks for accounts."
    )
    port: int = _setting(8050, "Port the pages are served on.", "number", ge=1024, le=65535)
    public_url: str | None = _setting(
        None, "The address under which browsers reach the pages where people log in.", pattern=r"^https://[^/]+$"
    )
    try_port: int | None = _setting(
        None, "Port for the frames of the page Try, where people log in; null leaves that page out.", ge=1024, le=65535
    )
    login_hours: float = _setting(12.0, "How long a login lasts at most.", "hours", ge=0.25, le=168)
    open_browser: bool = _setting(True, "Whether a browser window is opened on start.")
    refresh_s: float = _setting(0.5, "How often the live page asks for news.", "seconds", ge=0.25, le=10)


class SimulatorSettings(Section):
    lesson: str = _setting("capture/simulator/lessons/demo.yaml", "The scripted lesson that `demo` plays.")
    width: int = _setting(1280, "Width of the simulated window.", "pixels", ge=640, le=3840)
    height: int = _setting(800, "Height of the simulated window.", "pixels", ge=400, le=2160)


class Settings(Section):
    """The whole configuration."""

    capture: CaptureSettings = CaptureSettings()
    inference: InferenceSettings = InferenceSettings()
    attention: AttentionSettings = AttentionSettings()
    engagement: EngagementSettings = EngagementSettings()
    session: SessionSettings = SessionSettings()
    classroom: ClassSettings = Field(default=ClassSettings(), alias="class")
    privacy: PrivacySettings = PrivacySettings()
    database: DatabaseSettings = DatabaseSettings()
    publish: PublishSettings = PublishSettings()
    dashboard: DashboardSettings = DashboardSettings()
    simulator: SimulatorSettings = SimulatorSettings()


def chosen_file() -> Path:
    """config.yaml, or the file that the environment variable CLASSMOOD_CONFIG names."""
    return Path(os.environ.get(CONFIG_VARIABLE) or CONFIG_FILE)


def of_this_start() -> Settings:
    """The settings of this start: config.yaml, or the file that CLASSMOOD_CONFIG names.

    CLASSMOOD_DATABASE takes the place of ``database.url``: in a container the address comes with its password from
    outside. Raises ConfigError.
    """
    database, settings = os.environ.get(DATABASE_VARIABLE), load(chosen_file())
    if not database:
        return settings
    try:
        elsewhere = DatabaseSettings(url=database)
    except ValidationError:
        expected = "expected sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME, found another address"
        raise ConfigError(f"{DATABASE_VARIABLE}: {expected}") from None
    return settings.model_copy(update={"database": elsewhere})


def load(path: Path | None = None) -> Settings:
    """Read the settings from a YAML file (config.yaml beside this module when no path is given).

    Raises ConfigError with one line per fault (place, what was expected, what was found, the nearest known key), all of
    them at once.
    """
    path = path or CONFIG_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: expected the configuration here, found no file; copy config.yaml back") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the configuration cannot be read ({error})") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """The settings that a file's text holds; ``path`` names the file in what is raised, which is as in `load`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML, {_yaml_fault(error)}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected sections such as 'capture:', found {type(data).__name__}")
    faults = [(line, f"'{key}' stands here a second time; keep one") for key, line in _repeated(node)]
    faults += [(_line_of(node, place), sentence) for place, sentence in faults_of(data)]
    if faults:
        raise ConfigError("\n".join(f"{path.name}, line {line}: {sentence}" for line, sentence in sorted(faults)))
    return Settings.model_validate(data)


def faults_of(data: dict[str, Any]) -> list[tuple[tuple[int | str, ...], str]]:
    """What is wrong with settings as YAML gives them: the place of each fault and one sentence; none if all is well."""
    try:
        Settings.model_validate(data)
    except ValidationError as error:
        return [(fault["loc"], _sentence(fault)) for fault in error.errors()]
    return []


def _yaml_fault(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be parsed"
    return f"line {mark.line + 1}: {problem}" if mark else str(problem)


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1


def _repeated(node: yaml.Node | None) -> list[tuple[str, int]]:
    """Keys written twice in one section: YAML keeps the last one silently, a person never means that."""
    found: list[tuple[str, int]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append((key.value, _line(key)))
            seen.add(key.value)
            found += _repeated(value)
    return found


def _line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The line (from 1) of the deepest part of a setting's place that the file contains."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == part), None)
            if pair is None:
                break
            line, node = _line(pair[0]), pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            item: yaml.Node = node.value[part]
            line, node = _line(item), item
    return line


def _sentence(fault: Any) -> str:
    """One fault of validation in the words of the person who wrote the file."""
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(fault["loc"][-1]), _known(fault["loc"][:-1]), n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(_known(fault['loc'][:-1]))}"
        return f"unknown setting '{key}'; {hint}"
    if fault["type"] == "value_error":
        return f"{key}: {fault['ctx']['error']}"
    expected = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{key}: {expected}, found {fault['input']!r}"


def _known(location: tuple[int | str, ...]) -> list[str]:
    """The settings that exist at a place of the configuration."""
    if not location:
        return [field.alias or name for name, field in Settings.model_fields.items()]
    section = next((f for n, f in Settings.model_fields.items() if (f.alias or n) == location[0]), None)
    annotation = section.annotation if section else None
    return list(annotation.model_fields) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
