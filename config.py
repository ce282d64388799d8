"""The typed loader of config.yaml: every setting is declared here once, with its bounds, unit and one sentence."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, ValidationInfo, field_validator

from domain import ConfigError

ROOT = Path(__file__).resolve().parent
CONFIG_FILE = ROOT / "config.yaml"
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
    mode: Literal["emotions", "presence_only"] = _setting(
        "emotions", "`presence_only` never runs the face and emotion models: who is there, nothing more."
    )


class DatabaseSettings(Section):
    url: str = _setting("sqlite:///data/classmood.sqlite", "Where sessions are kept.", pattern=r"^sqlite:///.+")


class DashboardSettings(Section):
    host: Literal["127.0.0.1", "localhost"] = _setting(
        "127.0.0.1", "Address the pages are served on: this machine only."
    )
    port: int = _setting(8050, "Port the pages are served on.", "number", ge=1024, le=65535)
    open_browser: bool = _setting(True, "Whether a browser window is opened on start.")
    refresh_s: float = _setting(1.0, "How often the live page asks for news.", "seconds", ge=0.25, le=10)


class SimulatorSettings(Section):
    lesson: str = _setting("capture/simulator/lessons/demo.yaml", "The scripted lesson that `demo` plays.")
    width: int = _setting(1280, "Width of the simulated window.", "pixels", ge=640, le=3840)
    height: int = _setting(800, "Height of the simulated window.", "pixels", ge=400, le=2160)


class Settings(Section):
    """The whole configuration."""

    capture: CaptureSettings = CaptureSettings()
    inference: InferenceSettings = InferenceSettings()
    session: SessionSettings = SessionSettings()
    classroom: ClassSettings = Field(default=ClassSettings(), alias="class")
    privacy: PrivacySettings = PrivacySettings()
    database: DatabaseSettings = DatabaseSettings()
    dashboard: DashboardSettings = DashboardSettings()
    simulator: SimulatorSettings = SimulatorSettings()


def chosen_file() -> Path:
    """config.yaml, or the file that the environment variable CLASSMOOD_CONFIG names."""
    return Path(os.environ.get(CONFIG_VARIABLE) or CONFIG_FILE)


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
