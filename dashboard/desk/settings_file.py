"""config.yaml changed from a page: single values are put in place, every comment and the order stay as they are."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import config
from config import Settings
from domain import ConfigError

_ONE_AT_A_TIME = threading.Lock()
"""Two browser tabs may save at the same moment."""


class SettingsRefused(ConfigError):
    """Values that the configuration does not take: ``sentences`` by the key of the setting."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__("\n".join(sentences.values()))
        self.sentences = dict(sentences)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The file as it stood when it was read: its text, what the text means, and a fingerprint of the bytes."""

    path: Path
    text: str
    settings: Settings
    fingerprint: str

    @property
    def values(self) -> dict[str, Any]:
        """Every setting by its dotted key, as YAML would give it."""
        return values_of(self.settings)


def values_of(settings: Settings) -> dict[str, Any]:
    """Every setting by its dotted key, as YAML would give it."""
    sections = settings.model_dump(mode="json", by_alias=True)
    return {f"{section}.{key}": value for section, keys in sections.items() for key, value in keys.items()}


def read(path: Path) -> SettingsFile:
    """The configuration as it stands now; raises ConfigError as `config.load` does."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")  # not by read_text, which would take the ends of lines for its own
    except (OSError, UnicodeDecodeError):
        config.load(path)  # says it in its own words
        raise
    return SettingsFile(path, text, config.parse(text, path), hashlib.sha256(data).hexdigest())


def save(path: Path, fingerprint: str, changes: Mapping[str, Any]) -> SettingsFile:
    """Put new values, by dotted key, into the file of this fingerprint; gives the file as it is afterwards.

    All or nothing: the file is replaced in one step, and only when it then means what was asked for. Raises
    SettingsRefused for values that the settings do not take, ConfigError when the file was changed meanwhile, cannot be
    changed without touching more than the values, or cannot be written.
    """
    with _ONE_AT_A_TIME:
        file = read(path)
        if file.fingerprint != fingerprint:
            raise ConfigError(
                f"{path.name}: expected the file as this page read it, found that it was changed meanwhile; "
                "open this page in a second tab, and carry your changes over to it"
            )
        wanted = _checked(file, changes)
        text = file.text
        for key, value in changes.items():
            text = with_value(text, key, value)
        if not _means(text, path, wanted):
            raise ConfigError(
                f"{path.name}: expected to change {', '.join(changes)} in place, found an unusual spelling there; "
                "change it in the file itself"
            )
        _replace(path, text)
        return read(path)


def _checked(file: SettingsFile, changes: Mapping[str, Any]) -> Settings:
    data = yaml.safe_load(file.text) or {}
    for key, value in changes.items():
        section, _, name = key.partition(".")
        data.setdefault(section, {})[name] = value
    sentences = {".".join(map(str, place[:2])): sentence for place, sentence in config.faults_of(data)}
    if sentences:
        raise SettingsRefused(sentences)
    return Settings.model_validate(data)


def _means(text: str, path: Path, wanted: Settings) -> bool:
    try:
        return config.parse(text, path) == wanted
    except ConfigError:
        return False


def with_value(text: str, key: str, value: Any) -> str:
    """YAML text with one setting changed, or added where it does not stand in the file yet.

    Raises ConfigError where comments stand inside of the old value.
    """
    section, _, name = key.partition(".")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    at = _pair(root, section)
    if at is None:
        return _with_section(text, section, name, value)
    pair = _pair(at[1], name)
    if pair is None:
        return _with_key(text, *at, name, value)
    return _with_scalar(text, key, pair[1], value)


def _pair(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((pair for pair in pairs if pair[0].value == key), None)


def _with_scalar(text: str, key: str, node: yaml.Node, value: Any) -> str:
    start = node.start_mark.index
    is_block = isinstance(node, yaml.SequenceNode) and not node.flow_style
    last = node.value[-1] if is_block else node  # the end of a block lies behind the comments that follow it
    old = text[start : last.end_mark.index].rstrip()
    if is_block and "#" in old:
        raise ConfigError(f"{key}: expected no comments between the entries, found some; change it in the file itself")
    new = written(value) if old else f" {written(value)}"
    rest = text[start + len(old) :]
    comment = re.match(r" +(?=#)", rest)
    if comment:  # stays in its column while there is room
        gap = max(1, comment.end() + len(old) - len(new))
        rest = " " * gap + rest[comment.end() :]
    return text[:start] + new + rest


def _with_key(text: str, title: yaml.Node, section: yaml.Node, name: str, value: Any) -> str:
    line = f"{name}: {written(value)}"
    if isinstance(section, yaml.MappingNode) and section.flow_style:
        at = section.start_mark.index + 1
        return text[:at] + line + (", " if section.value else "") + text[at:]
    indent = section.start_mark.column if isinstance(section, yaml.MappingNode) else 2
    end = text.find("\n", title.end_mark.index)
    at = len(text) if end < 0 else end + 1
    newline = _newline(text)
    return text[:at] + (newline if end < 0 else "") + " " * indent + line + newline + text[at:]


def _with_section(text: str, section: str, name: str, value: Any) -> str:
    newline = _newline(text)
    before = text if not text or text.endswith("\n") else text + newline
    return f"{before}{newline if before else ''}{section}:{newline}  {name}: {written(value)}{newline}"


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def written(value: Any) -> str:
    """A value as one line of YAML."""

    def dumped(**style: Any) -> str:
        text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"), **style)
        return text.removesuffix("...\n").rstrip("\n")

    line = dumped()
    # YAML has more line ends than one, U+0085 among them, and folds each into a space unless it is written as a sign.
    return line if line.splitlines() == [line] else dumped(default_style='"')


def _replace(path: Path, text: str) -> None:
    target = path.resolve()  # a link stays a link
    beside = None
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, beside)
        os.replace(beside, target)
    except OSError as error:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)
        raise ConfigError(
            f"{path}: expected to write the settings, found: {error.strerror}; allow writing in its folder"
        ) from None
