"""Lessons, looks and windows by chance, for tests of properties and for benchmarks: the same seed gives the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from capture.simulator.client.paint import writable
from capture.simulator.lesson import Lesson, PageTurn, Phase, Spell, Student, Turn
from capture.simulator.look import Look, Scene

WINDOWS = ((1024, 640), (1152, 720), (1280, 720), (1280, 800), (1366, 768), (1440, 900), (1600, 900), (1920, 1027),
           (1920, 1080), (1920, 1200), (2560, 1440), (3840, 2160))  # fmt: skip
"""Sizes of windows and screens in pixels."""
SCALES = (1.0, 1.25, 1.5, 1.75, 2.0)
NARROWEST_AT_SCALE = 900
"""A window is at least so wide, in pixels at scale 1: nobody works at 200 % on a screen of 1024 pixels."""
MOST_GAP, MOST_RADIUS = 14, 16

GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Efua", "Farah", "Goro", "Hana", "Inês", "Jun", "Kofi", "Lucía",
         "Mateusz", "Nils", "Olga", "Priya", "Quentin", "Rosa", "Søren", "Tomás", "Uma", "Věra", "Yusuf",
         "Zoë")  # fmt: skip
FAMILY = ("Adeyemi", "van der Berg", "Castillo", "Dubois", "Eriksson", "Ferreira", "García Márquez", "Haddad", "Ito",
          "Jansen", "Kowalski", "Lindqvist", "Müller", "Novák", "Okafor", "Øst", "Papadakis", "Quispe Mamani", "Raman",
          "Smith-Jones", "Tran", "Ünal", "Vandenbroucke-Rosenberger", "Wójcik", "Yıldız")  # fmt: skip
OTHER_SCRIPTS = ("김민준", "이서연", "박지훈", "अनन्या शर्मा", "राहुल वर्मा", "Дмитрий Волков", "Ελένη Νικολάου",
                 "שירה כהן", "محمد علي", "สมชาย ใจดี", "王小明", "さくら")  # fmt: skip
DECORATIONS = (" (Co-host)", " (Guest)", " she/her", " (he/him)", " 9b", " - Year 9")

SPELL_S = (75.0, 240.0)
"""Shortest and longest spell that a teacher may want to know of."""
GLANCE_S, FREEZE_S, MARK_S, TOGGLE_S = (3.0, 12.0), (8.0, 45.0), (4.0, 25.0), (20.0, 240.0)
"""How long students glance aside, pictures stand still, marks stay and cameras are off, or on, in between."""
YAWS = (28.0, 44.0)
"""How far a head is turned that looks away, in degrees to either side; farther turned, faces are no longer found."""
PAUSE_S = (20.0, 120.0)
"""Between two spells of one student."""
WEIGHTS = {
    "away": 2,
    "looking_away": 3,
    "eyes_closed": 2,
    "low_mood": 3,
    "glance": 4,
    "camera": 2,
    "frozen": 1,
    "mark": 3,
}
"""How often each kind of spell is drawn."""
MOODS = ({"neutral": 0.9, "happy": 0.1}, {"neutral": 0.6, "happy": 0.3, "surprise": 0.1}, {"neutral": 0.7, "sad": 0.3},
         {"happy": 0.7, "neutral": 0.3})  # fmt: skip
PHASE_S = (120.0, 400.0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a random lesson is made of: people, seconds, and shares of 1.

    ``eventful`` is the share of students with spells (away, looking away, eyes closed, low mood, and what must not
    count: glances, cameras going off, frozen pictures, hands). ``troubles`` adds late comers, leavers, renames and two
    students of one name. ``reshuffle_every_s``, ``page_every_s`` and ``speaker_every_s`` are off at 0.
    """

    students: int = 25
    duration_s: float = 600.0
    per_page: int = 25
    cameras_off: float = 0.2
    photos: float = 0.1
    other_scripts: float = 0.15
    eventful: float = 0.6
    troubles: bool = True
    reshuffle_every_s: float = 20.0
    page_every_s: float = 45.0
    speaker_every_s: float = 4.0


def random_lesson(seed: int, recipe: Recipe | None = None, look: Look | None = None) -> Lesson:
    """A lesson of the recipe whose every event follows from the seed; what students do is in their spells."""
    recipe = recipe or Recipe()
    random = np.random.default_rng([seed, 17])
    names = random_names(random, recipe)
    students = tuple(_student(random, name, recipe) for name in names)
    pages = -(-len(names) // recipe.per_page)
    page_turns = _times(random, recipe.page_every_s, recipe.duration_s) if pages > 1 else ()
    return Lesson(
        title=f"Random lesson {seed}",
        seed=seed,
        duration_s=recipe.duration_s,
        per_page=recipe.per_page,
        look=look or Look(),
        phases=_phases(random, recipe.duration_s),
        students=students,
        speakers=tuple(
            Turn(at=at, student=int(random.integers(1, len(names) + 1)))
            for at in _times(random, recipe.speaker_every_s, recipe.duration_s)
        ),
        pages=tuple(PageTurn(at=at, page=int(random.integers(1, pages + 1))) for at in page_turns),
        reshuffles=_times(random, recipe.reshuffle_every_s, recipe.duration_s),
    )


def random_look(random: np.random.Generator, window: tuple[int, int]) -> Look:
    """A client of any year, theme and scale that fits a window of width x height pixels."""

    def one_of(*values: Any) -> Any:
        return values[int(random.integers(len(values)))]

    scales = [scale for scale in SCALES if scale == 1 or window[0] / scale >= NARROWEST_AT_SCALE]
    return Look(
        theme=one_of("dark", "dark", "black", "slate", "light"),
        scale=one_of(*scales),
        gap=one_of(6, 6, 6, int(random.integers(0, MOST_GAP + 1))),
        radius=one_of(0, 0, 4, 8, int(random.integers(0, MOST_RADIUS + 1))),
        labels=one_of("strip", "strip", "pill", "hidden"),
        border=one_of("2020", "2021", "2023", "newer"),
        toolbar=one_of("docked", "docked", "over"),
        arrows=one_of("beside", "over"),
        panel=one_of("white", "dark"),
    )


def random_window(random: np.random.Generator) -> tuple[int, int]:
    """Width and height of a window in pixels."""
    return WINDOWS[int(random.integers(len(WINDOWS)))]


def random_scene(random: np.random.Generator, at: float = 0.0) -> Scene:
    """What a client may show: any view, panel and thing over the tiles, from a second on."""

    def one_of(*values: Any) -> Any:
        return values[int(random.integers(len(values)))]

    left, top = random.uniform(0.05, 0.6, 2).round(2).tolist()
    width, height = random.uniform(0.2, 0.4, 2).round(2).tolist()
    return Scene(
        at=at,
        view=one_of(
            *2 * ("gallery", "gallery", "side_by_side", "floating"), "speaker", "immersive", "minimised", "none"
        ),
        strip=one_of("column", "row", "grid"),
        shared=one_of("slides", "code", "web"),
        panel=one_of("none", "none", "chat", "participants"),
        toolbar=one_of(True, False),
        recording=one_of(True, False),
        covered=(left, top, left + width, top + height) if random.random() < 0.15 else (),
    )


def random_names(random: np.random.Generator, recipe: Recipe) -> list[str]:
    """The names of all students, the teacher's first; all different but for two where the recipe has troubles."""
    scripts = [name for name in OTHER_SCRIPTS if writable(name)]
    names: list[str] = []
    while len(names) < recipe.students:
        if scripts and random.random() < recipe.other_scripts:
            name = scripts.pop(int(random.integers(len(scripts))))
        else:
            name = f"{GIVEN[int(random.integers(len(GIVEN)))]} {FAMILY[int(random.integers(len(FAMILY)))]}"
            name = f"{name.split()[0]}'s iPhone" if random.random() < 0.06 else name
        if not names:
            name += " (Host)"
        elif random.random() < 0.12:
            name += DECORATIONS[int(random.integers(len(DECORATIONS)))]
        if name not in names:
            names.append(name)
    if recipe.troubles and len(names) > 3:
        names[-1] = names[2]
    return names


def _student(random: np.random.Generator, name: str, recipe: Recipe) -> Student:
    camera = str(random.choice(["off", "photo", "on"], p=_shares(recipe)))
    chosen: dict[str, Any] = {
        "photo": str(random.choice(["initials", "square", "disc", "full"])),
        "shape": str(random.choice(["wide", "4:3", "portrait"], p=(0.8, 0.1, 0.1))),
        "bars": str(random.choice(["tile", "black"])),
        "bitrate": str(random.choice(["good", "low"], p=(0.8, 0.2))),
        "muted": bool(random.random() < 0.85),
    }
    spells: list[Spell] = []
    if random.random() < recipe.eventful:
        spells = _spells(random, camera, recipe.duration_s)
    if recipe.troubles and "(Host)" not in name:
        late, leaves, renamed = random.random(3) < (0.15, 0.1, 0.05)
        if late:
            chosen["joins_at"] = round(float(random.uniform(0.02, 0.4)) * recipe.duration_s, 1)
        if leaves:
            chosen["leaves_at"] = round(float(random.uniform(0.6, 0.95)) * recipe.duration_s, 1)
        if renamed:
            at = round(float(random.uniform(0.2, 0.8)) * recipe.duration_s, 1)
            spells.append(Spell(at=at, name=f"{name.split(' (')[0]} 9b"))
    return Student.model_validate({"name": name, "camera": camera, "spells": spells, **chosen})


def _shares(recipe: Recipe) -> tuple[float, float, float]:
    return recipe.cameras_off, recipe.photos, 1 - recipe.cameras_off - recipe.photos


def _spells(random: np.random.Generator, camera: str, duration_s: float) -> list[Spell]:
    """Spells of one student, one after another with pauses between them."""
    kinds = list(WEIGHTS) if camera == "on" else ["camera", "mark"]
    weights = np.array([WEIGHTS[kind] for kind in kinds], float)
    spells: list[Spell] = []
    at = float(random.uniform(*PAUSE_S))
    while True:
        kind = kinds[int(random.choice(len(kinds), p=weights / weights.sum()))]
        lasts = float(random.uniform(*_LASTS.get(kind, SPELL_S)))
        if at + lasts >= duration_s:
            return spells
        does = _does(random, kind, camera)
        spells.append(Spell.model_validate({"at": round(at, 1), "lasts": round(lasts, 1), **does}))
        at += lasts + float(random.uniform(*PAUSE_S))


_LASTS = {"glance": GLANCE_S, "frozen": FREEZE_S, "mark": MARK_S, "camera": TOGGLE_S}


def _does(random: np.random.Generator, kind: str, camera: str) -> dict[str, Any]:
    """What somebody does in a spell of a kind."""
    if kind in ("looking_away", "glance"):
        return {"yaw": round(float(random.uniform(*YAWS)) * (1 if random.random() < 0.5 else -1), 1)}
    if kind == "mark":
        return {"mark": str(random.choice(["hand", "hand", "thumbs_up", "clap", "heart", "joy", "party", "yes"]))}
    return {
        "away": {"away": True},
        "eyes_closed": {"eyes": "closed"},
        "low_mood": {"emotion": "sad", "intensity": 1.0},
        "camera": {"camera": "off" if camera == "on" else "on"},
        "frozen": {"frozen": True},
    }[kind]


def _phases(random: np.random.Generator, duration_s: float) -> tuple[Phase, ...]:
    phases, at = [], 0.0
    while at < duration_s:
        phases.append(Phase.model_validate({"at": round(at, 1), "emotions": MOODS[int(random.integers(len(MOODS)))]}))
        at += float(random.uniform(*PHASE_S))
    return tuple(phases)


def _times(random: np.random.Generator, every_s: float, duration_s: float) -> tuple[float, ...]:
    """Seconds about ``every_s`` apart (half to one and a half times that), none where that is 0."""
    times, at = [], 0.0
    while every_s > 0:
        at += every_s * float(random.uniform(0.5, 1.5))
        if at >= duration_s:
            break
        times.append(round(at, 2))
    return tuple(times)
