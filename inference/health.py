"""Whether the networks can be used: each opens, and is the file that its card describes."""

from __future__ import annotations

import json
from pathlib import Path

from config import Settings
from domain import Finding
from inference.emotion import EmotionModel
from inference.faces import FACE_MODEL, FaceFinder
from inference.landmarks import LANDMARK_MODEL, LandmarkFinder
from inference.pipeline import EMOTION_MODEL

SHORT_HASH = 12
"""Digits of a SHA-256 that tell versions apart for a person."""


def models(settings: Settings, folder: Path) -> Finding:
    """Open every network in a folder as a class would; raises ModelError for one that cannot be used."""
    known = []
    networks = ((EMOTION_MODEL, EmotionModel), (FACE_MODEL, FaceFinder), (LANDMARK_MODEL, LandmarkFinder))
    for name, opened in networks:
        opened(folder / name, settings.inference.threads)
        card = json.loads((folder / name).with_suffix(".json").read_text("utf-8"))
        known.append(f"{name} matches its card (sha256 {card['sha256'][:SHORT_HASH]})")
    return Finding("ok", "; ".join(known))
