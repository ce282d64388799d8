"""config.yaml and its loader: every setting is declared once, explained, and checked with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

import config
from config import Settings
from domain import ConfigError


def declared() -> dict[str, FieldInfo]:
    """Every setting by its dotted key as it stands in the file."""
    found = {}
    for name, section in Settings.model_fields.items():
        annotation = section.annotation
        assert isinstance(annotation, type)
        assert issubclass(annotation, config.Section)
        found |= {f"{section.alias or name}.{key}": field for key, field in annotation.model_fields.items()}
    return found


def comments() -> dict[str, str]:
    """The comment that stands behind each key of config.yaml."""
    found, section = {}, ""
    for line in config.CONFIG_FILE.read_text("utf-8").splitlines():
        setting, _, comment = line.partition("#")
        if setting.strip().endswith(":") and not setting.startswith(" "):
            section = setting.strip()[:-1]
        elif setting.startswith("  ") and ":" in setting:
            found[f"{section}.{setting.split(':')[0].strip()}"] = comment.strip()
    return found


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_file_holds_exactly_the_defaults() -> None:
    assert config.load() == Settings()


def test_every_setting_stands_in_the_file_with_a_reason() -> None:
    assert comments().keys() == declared().keys()
    assert all(len(comment) > 20 for comment in comments().values())


def bounds_of(field: FieldInfo) -> list[str]:
    found = [getattr(rule, name, None) for rule in field.metadata for name in ("ge", "le", "max_length")]
    return [f"{bound:g}" for bound in found if bound is not None]


@pytest.mark.parametrize("key", declared())
def test_comments_name_the_unit_and_the_range(key: str) -> None:
    field, comment = declared()[key], comments()[key]
    extra = field.json_schema_extra
    if isinstance(extra, dict) and extra:
        assert str(extra["unit"]) in comment
    assert all(bound in comment for bound in bounds_of(field))


def test_all_faults_are_reported_at_once_with_line_and_suggestion(tmp_path: Path) -> None:
    text = "captre:\n  x: 1\ncapture:\n  rate_hz: fast\n  rat: 3\n  region: [5, 5, 1, 1]\n"
    text += "session:\n  pause_after_s: 1000\n"
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, text))
    assert str(caught.value).splitlines() == [
        "settings.yaml, line 1: unknown setting 'captre'; did you mean 'capture'?",
        "settings.yaml, line 4: capture.rate_hz: input should be a valid number, found 'fast'",
        "settings.yaml, line 5: unknown setting 'capture.rat'; did you mean 'rate_hz'?",
        "settings.yaml, line 6: capture.region: expected left < right and top < bottom, found [5, 5, 1, 1]",
        "settings.yaml, line 8: session.pause_after_s: input should be less than or equal to 600, found 1000",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("capture: [1, 2", "not valid YAML, line 1"),
        ("- capture", "expected sections such as 'capture:', found list"),
        ("session: 5", "session: input should be a valid dictionary"),
        ("capture:\n  rate_hz: 1\n  rate_hz: 2\n", "line 3: 'rate_hz' stands here a second time"),
        ("session:\n  pause_after_s: 60\n  end_after_s: 30\n", "line 3: session.end_after_s: expected at least"),
    ],
)
def test_bad_files_get_one_clear_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match="settings.yaml") as caught:
        config.load(write(tmp_path, text))
    assert sentence in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found no file"):
        config.load(tmp_path / "absent.yaml")


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, "")) == Settings()


def test_off_is_a_word_though_yaml_takes_it_for_false(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, "privacy:\n  consent: off\n")).privacy.consent == "off"
    assert config.load(write(tmp_path, "privacy:\n  consent: required\n")).privacy.consent == "required"
    with pytest.raises(ConfigError, match="privacy.consent"):
        config.load(write(tmp_path, "privacy:\n  consent: on\n"))
