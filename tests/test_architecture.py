"""The rules of the house: who may import whom, and how full a folder may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

VALUES = {"domain", "config"}
MAY_IMPORT = {
    "domain": set(),
    "config": {"domain"},
    "capture": VALUES,
    "inference": VALUES,
    "db": VALUES,
    "dashboard": VALUES | {"db"},
    "tryout": VALUES | {"inference"},
    "training": VALUES | {"inference.crops"},
    "cli": VALUES | {"capture", "inference", "db", "dashboard", "tryout"},
    "classmood": set(),
    "benchmarks": VALUES | {"capture", "inference", "db", "dashboard", "tryout", "cli"},
}
FILES_A_FOLDER = 10
CODE_FOLDERS = [
    "capture",
    "capture/simulator",
    "capture/simulator/camera",
    "capture/simulator/client",
    "capture/window",
    "inference",
    "inference/engagement",
    "inference/identity",
    "db",
    "db/commandline",
    "db/engine",
    "db/privacy",
    "db/publish",
    "db/queries",
    "db/writer",
    "dashboard",
    "dashboard/access",
    "dashboard/live",
    "dashboard/compare",
    "dashboard/exports",
    "dashboard/pages",
    "dashboard/report",
    "dashboard/desk",
    "dashboard/pages",
    "tryout",
    "training",
    "training/face",
    "training/face/landmarks",
    "training/face/scenes",
    "benchmarks",
    "benchmarks/after",
    "benchmarks/drawn",
    "benchmarks/lessons",
    "benchmarks/pages",
]


def modules_of(room: str) -> list[Path]:
    folder = ROOT / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{room}.py"]


def imported_by(path: Path) -> set[str]:
    """Dotted names of everything a file imports, at any depth of its functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_import_only_what_they_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    for path in modules_of(room):
        for name in imported_by(path):
            if name.split(".")[0] in MAY_IMPORT and name != "inference":
                inside = any(name == may or name.startswith(f"{may}.") for may in allowed)
                assert inside, f"{path.relative_to(ROOT)} imports {name}"


def test_nothing_imports_training() -> None:
    for room in MAY_IMPORT.keys() - {"training"}:
        for path in modules_of(room):
            assert not any(name.split(".")[0] == "training" for name in imported_by(path)), path


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import dashboard.app, db.queries", ["cv2", "onnxruntime", "tensorflow", "mss", "rapidocr"]),
        ("import capture.screen, capture.gallery, inference.pipeline, db.writer", ["tensorflow", "keras", "dash"]),
        ("import tryout.server, tryout.process", ["cv2", "onnxruntime", "tensorflow", "dash", "pandas", "sqlalchemy"]),
        ("import cli", ["cv2", "onnxruntime", "tensorflow", "dash", "pandas"]),
    ],
)
def test_processes_load_only_what_they_need(statement: str, unwanted: list[str]) -> None:
    code = f"{statement}\nimport sys\nprint([name for name in {unwanted} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("folder", CODE_FOLDERS)
def test_folders_are_packages_of_a_size_one_can_survey(folder: str) -> None:
    modules = [path for path in (ROOT / folder).glob("*.py") if path.name != "__init__.py"]
    assert (ROOT / folder / "__init__.py").is_file()
    assert len(modules) <= FILES_A_FOLDER
