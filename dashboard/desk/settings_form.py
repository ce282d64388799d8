"""A control for every setting, made from what `config.Settings` says of it: sentence, unit, range and default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import dash_mantine_components as dmc
from dash import html
from pydantic.fields import FieldInfo

from config import Section, Settings
from dashboard.components import aria
from dashboard.desk.settings_file import SettingsRefused

Kind = Literal["switch", "choice", "choices", "whole", "number", "names", "region", "text"]
"""How a setting is given: on or off, one or some of a few words, a number, some names, four numbers, or a text."""

SECTION_WORDS = {
    "capture": "Reading the screen",
    "inference": "Reading faces and names",
    "session": "When a class begins and ends",
    "class": "The class",
    "privacy": "Privacy",
    "database": "Where sessions are kept",
    "dashboard": "These pages",
    "simulator": "The simulated class",
}
"""Titles of the sections; one that is not here is titled by its key."""

UNIT_SUFFIXES = re.compile(r"_(s|ms|hz|days)$")
"""Endings of keys that say the unit, which stands in words beside the control."""

AT_ONCE = frozenset({"capture.monitor", "capture.region"})
"""What a running capture takes over when it is asked under Set-up; all other settings count from the next start."""

OVERRULED = {
    "privacy.mode": (
        "Set to presence_only by the region: inferring emotions in education is prohibited in the European Union "
        "(AI Act, article 5(1)(f)), with consent too."
    )
}
"""Why a setting cannot be chosen, where another one decides."""

FINE_UP_TO = 1.0
FINE_STEP, STEP = 0.05, 0.5
"""A press on an arrow changes a share by a twentieth, and any other fraction by a half."""


def declared() -> dict[str, FieldInfo]:
    """Every setting by its dotted key, in the order of the file."""
    found = {}
    for name, section in Settings.model_fields.items():
        if isinstance(section.annotation, type) and issubclass(section.annotation, Section):
            found |= {f"{section.alias or name}.{key}": one for key, one in section.annotation.model_fields.items()}
    return found


def kind_of(field: FieldInfo) -> Kind:
    """How a setting is given, told from its type; one that may be nothing is given as its other type is."""
    plain = _without_nothing(field.annotation)
    if get_origin(plain) is Literal:
        return "choice"
    if get_origin(plain) is list:
        return _kind_of_list(get_args(plain)[0])
    kinds: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number"}
    return kinds.get(plain, "text")


def _kind_of_list(entry: Any) -> Kind:
    if get_origin(entry) is Literal:
        return "choices"
    return "region" if entry is int else "names"


def _without_nothing(annotation: Any) -> Any:
    """A type without None beside it and without what is noted on it."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(one for one in get_args(annotation) if one is not NoneType)
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def explained(field: FieldInfo) -> str:
    """Range, unit and default in one line."""
    bounds = {name: getattr(rule, name) for rule in field.metadata for name in ("ge", "le") if hasattr(rule, name)}
    extra = field.json_schema_extra
    unit = str(extra["unit"]).split(",")[0] if isinstance(extra, dict) and "unit" in extra else ""
    span = f"{bounds['ge']:g} to {bounds['le']:g}" if len(bounds) == 2 else ""
    most = next((rule.max_length for rule in field.metadata if hasattr(rule, "max_length")), None)
    length = f"at most {most} characters" if most is not None and kind_of(field) == "text" else ""
    measure = " ".join(filter(None, [span, "" if unit == "number" else unit])) or length
    return "; ".join(filter(None, [measure, f"default {_default(field)}"]))


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value) if value not in (None, "", []) else "nothing"


def shown(key: str, value: Any) -> Any:
    """A value as its control holds it."""
    if kind_of(declared()[key]) == "region":
        return ", ".join(map(str, value or []))
    return "" if value is None else value


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as settings, from what controls hold; raises SettingsRefused for a region that is no four numbers."""
    fields = declared()
    return {key: _given(key, value, fields[key]) for key, value in values.items() if key in fields}


def _given(key: str, value: Any, field: FieldInfo) -> Any:
    kind = kind_of(field)
    if kind == "region":
        return _region(key, str(value or ""))
    if value == "" and field.default is None:
        return None
    return value


def _region(key: str, text: str) -> list[int] | None:
    if not text.strip():
        return None
    parts = [part for part in re.split(r"[\s,;]+", text.strip(" []")) if part]
    try:
        return [int(part) for part in parts]
    except ValueError:
        found = f"expected four whole numbers such as 0, 0, 1280, 720, or nothing, found {text.strip()!r}"
        raise SettingsRefused({key: f"{key}: {found}"}) from None


def form(values: Mapping[str, Any]) -> list[html.Section]:
    """One card for each section, with a control for each of its settings; ``values`` are those to begin with."""
    cards = []
    for section in dict.fromkeys(key.partition(".")[0] for key in declared()):
        controls = [_control(key, field, values[key]) for key, field in declared().items() if _is_in(key, section)]
        title = html.H2(section_words(section), id=f"settings-{section}-title")
        cards.append(
            html.Section(
                [html.Div([title, html.Code(section)], className="card-head"), html.Div(controls, className="fields")],
                id=f"settings-{section}",
                className="card",
                **aria(labelledby=f"settings-{section}-title"),
            )
        )
    return cards


def contents() -> html.Nav:
    """The way to each section."""
    sections = dict.fromkeys(key.partition(".")[0] for key in declared())
    links = [html.A(section_words(section), href=f"#settings-{section}") for section in sections]
    return html.Nav(links, className="settings-contents", **aria(label="Sections"))


def section_words(section: str) -> str:
    """The title of a section."""
    return SECTION_WORDS.get(section, section.replace("_", " ").capitalize())


def setting_words(key: str) -> str:
    """The name of a setting for a person: "Start after" for session.start_after_s."""
    return UNIT_SUFFIXES.sub("", key.partition(".")[2]).replace("_", " ").capitalize()


def with_code(sentence: str) -> list[Any]:
    """A sentence with what stands between backticks set as code."""
    return [html.Code(part) if place % 2 else part for place, part in enumerate(sentence.split("`")) if part]


def _is_in(key: str, section: str) -> bool:
    return key.partition(".")[0] == section


def _control(key: str, field: FieldInfo, value: Any) -> Any:
    kind = kind_of(field)
    at_once = [" · at once under ", html.A("Set-up", href="/setup")] if key in AT_ONCE else []
    facts = html.Span([explained(field), " · ", html.Code(key), *at_once], className="field-facts")
    why = {"type": "settings-overruled", "key": key}
    overruled = (
        [html.Strong(OVERRULED[key], id=why, className="field-overruled", hidden=True)] if key in OVERRULED else []
    )
    said = [*with_code(field.description or ""), " ", facts, *overruled]
    common: dict[str, Any] = {
        "id": {"type": "settings-switch" if kind == "switch" else "settings-value", "key": key},
        "label": setting_words(key),
        "description": said,
        "size": "sm",
    }
    if kind == "switch":
        return dmc.Switch(checked=value, labelPosition="left", **common)
    common |= {"value": shown(key, value), "inputWrapperOrder": ["label", "input", "description", "error"]}
    if kind == "choice":
        words = list(get_args(_without_nothing(field.annotation)))
        return dmc.Select(data=words, allowDeselect=False, **common)
    if kind == "choices":
        (entry,) = get_args(_without_nothing(field.annotation))
        return dmc.MultiSelect(data=list(get_args(entry)), **common)
    if kind == "names":
        return dmc.TagsInput(placeholder="A name, then Enter", **common)
    if kind in ("whole", "number"):
        return dmc.NumberInput(clampBehavior="none", allowDecimal=kind == "number", step=_step(field), **common)
    return dmc.TextInput(placeholder="nothing" if field.default is None else "", **common)


def _step(field: FieldInfo) -> float:
    if field.annotation is int:
        return 1
    most = next((rule.le for rule in field.metadata if hasattr(rule, "le")), None)
    return FINE_STEP if most is not None and most <= FINE_UP_TO else STEP
