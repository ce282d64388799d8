"""The first start: a virtual environment from pinned files, made once, and a clear sentence when it cannot be made."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import classmood
from tests.conftest import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of its own, whose pinned file names no package, so that pip needs no network."""
    monkeypatch.setattr(classmood, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(classmood, "LIVE", tmp_path / "requirements.txt")
    monkeypatch.setattr(classmood, "DEVELOPMENT", tmp_path / "requirements-dev.txt")
    (tmp_path / "requirements.txt").write_text("# nothing yet\n")
    (tmp_path / "requirements-dev.txt").write_text("# nothing either\n")
    return tmp_path


def test_the_environment_is_made_once_and_again_only_when_the_pins_change(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    really_install = classmood.install
    monkeypatch.setattr(classmood, "install", lambda pins: (installed.append(pins.name), really_install(pins)))
    classmood.prepare(for_development=False)
    assert classmood.venv_python().exists()
    classmood.prepare(for_development=False)
    assert installed == ["requirements.txt"]
    classmood.prepare(for_development=True)
    assert installed == ["requirements.txt", "requirements-dev.txt"]
    (project / "requirements.txt").write_text("# a new pin\n")
    classmood.prepare(for_development=False)
    assert installed[2:] == ["requirements.txt"]


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "the disk is full"),
        ("Retrying after connection broken by 'NewConnectionError'", "connect to the internet"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "differs from its pinned hash"),
        ("ERROR: No matching distribution found for onnxruntime", "no build for this Python"),
        ("something nobody has seen before", "pip could not install"),
    ],
)
def test_what_pip_says_becomes_one_sentence(project: Path, output: str, sentence: str) -> None:
    (project / ".venv").mkdir()
    assert sentence in classmood.explain(output)
    assert (project / ".venv" / "setup.log").read_text() == output


def test_a_failed_installation_is_told_in_one_line_and_tried_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "requirements.txt").write_text(f"does-not-exist-{'x' * 20}==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(sys, "argv", ["classmood.py", "doctor"])
    assert classmood.main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "cannot be set up: a package" in printed.err
    assert not classmood.is_installed(classmood.LIVE)


def test_an_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert classmood.main() == 1
    assert "expected Python 3.11 to 3.14, found 3.9" in capsys.readouterr().err


def test_the_starter_needs_nothing_but_the_standard_library() -> None:
    code = "import sys, classmood; print(sorted({'yaml', 'typer', 'domain', 'config'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def pinned(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / name).read_text("utf-8"), re.MULTILINE))


def test_the_pinned_files_hold_what_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    def names(wanted: list[str]) -> set[str]:
        return {re.split(r"[\[=;]", text)[0] for text in wanted}

    assert names(project["project"]["dependencies"]) <= pinned("requirements.txt")
    assert names(project["dependency-groups"]["dev"]) <= pinned("requirements-dev.txt")
    assert not pinned("requirements.txt") & {"tensorflow", "keras", "torch"}


def test_every_pin_has_a_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text("utf-8")
        blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in block for block in blocks)
