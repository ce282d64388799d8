"""What a Moment becomes in the tables."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from db.tables import THOUSAND, ClassMoment, Reading
from domain import EMOTIONS, Moment, Observation

EMPTY_LAYOUT = json.dumps({"aspect": 0.0, "tiles": []})
READING_COLUMNS = tuple(Reading.__table__.c.keys())
CLASS_COLUMNS = tuple(ClassMoment.__table__.c.keys())
_UNREAD = (None,) * len(EMOTIONS)


def milliseconds(at: float) -> int:
    """UNIX seconds as the whole milliseconds of the keys."""
    return round(at * THOUSAND)


def thousandths(shares: Sequence[float]) -> tuple[int, ...]:
    """Shares that sum to one as whole thousandths that sum to exactly 1000, each within one of the exact value.

    The largest remainders are rounded up (Hamilton's method).
    """
    total = sum(shares)
    exact = [share / total * THOUSAND for share in shares]
    whole = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: whole[place] - exact[place])
    for place in by_remainder[: THOUSAND - sum(whole)]:
        whole[place] += 1
    return tuple(whole)


def reading_row(session_id: int, observation: Observation, at_ms: int, owner: int) -> tuple[Any, ...]:
    """One student at one frame, in the order of READING_COLUMNS; ``owner`` is whom a person says it is."""
    quality, attention = observation.quality, observation.attention
    return (
        session_id,
        owner,
        at_ms,
        observation.camera,
        *(thousandths(observation.emotions.values) if observation.emotions else _UNREAD),
        quality.abstained if quality else None,
        quality.face_height if quality else None,
        None if quality is None or quality.sharpness is None else round(quality.sharpness * THOUSAND),
        None if attention is None or attention.yaw is None else round(attention.yaw),
        None if attention is None or attention.pitch is None else round(attention.pitch),
        None if attention is None or attention.eyes_open is None else round(attention.eyes_open * THOUSAND),
        round(attention.confidence * THOUSAND) if attention else None,
        None if owner == observation.student else observation.student,
    )


def class_row(session_id: int, moment: Moment) -> tuple[Any, ...]:
    """The class at one frame, in the order of CLASS_COLUMNS: means over the students with a mood, staff left out."""
    students = [state for state in moment.states if not state.staff]
    moods = [state.mood.values for state in students if state.mood is not None]
    valences = [state.valence for state in students if state.valence is not None]
    attending = [state.attending for state in students if state.attending is not None]
    return (
        session_id,
        milliseconds(moment.taken_at),
        moment.coverage.seen,
        moment.coverage.present,
        *(thousandths([sum(column) / len(moods) for column in zip(*moods, strict=True)]) if moods else _UNREAD),
        round(sum(valences) / len(valences) * THOUSAND) if valences else None,
        sum(attending),
        len(attending),
    )


def layout_json(moment: Moment, owners: Mapping[int, int]) -> str:
    """The gallery as JSON: width / height of the rectangle around all tiles, each tile's place in it and its mood, and
    whether no face is looked for there because there is no consent.

    ``owners`` says whom a person takes each of the program's students for.
    """
    if not moment.tiles:
        return EMPTY_LAYOUT
    left, top = (min(tile.box.left for tile in moment.tiles), min(tile.box.top for tile in moment.tiles))
    width = max(tile.box.right for tile in moment.tiles) - left
    height = max(tile.box.bottom for tile in moment.tiles) - top
    states = {state.slot: state for state in moment.states if state.slot is not None}
    masked = {seen.student for seen in moment.observations if seen.quality and seen.quality.abstained == "no_consent"}
    tiles = []
    for tile in moment.tiles:
        state, box = states.get(tile.slot), tile.box.moved(-left, -top)
        mood = state.mood if state else None
        sides = (box.left / width, box.top / height, box.right / width, box.bottom / height)
        tiles.append(
            {
                "slot": tile.slot,
                "box": [round(side, 5) for side in sides],
                "camera": state.camera if state and state.camera else tile.camera,
                "student": owners[state.student] if state else None,
                "emotion": EMOTIONS[mood.values.index(max(mood.values))] if mood else None,
                "probability": round(max(mood.values), 3) if mood else None,
                "masked": state is not None and state.student in masked,
            }
        )
    return json.dumps({"aspect": round(width / height, 5), "tiles": tiles})
