"""The documents tell the same story as the program."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import typer.main

import cli
from db.tables import data_model
from domain import ABSTENTIONS, CAMERA_STATES
from tests.conftest import ROOT

COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
PARTS = {
    f"{group} {name}": part
    for group, command in COMMANDS.items()
    for name, part in getattr(command, "commands", {}).items()
}
"""Commands of two words."""
README = (ROOT / "README.md").read_text("utf-8")
CONTRACTS = (ROOT / "docs" / "commands.md").read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"^\| `{name}[ `]", README, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in (*COMMANDS, *PARTS) if not hasattr(COMMANDS.get(name), "commands")])
def test_every_command_and_option_is_documented(name: str) -> None:
    row = re.search(rf"^\| `{name}[ `].*$", CONTRACTS, re.MULTILINE)
    assert row
    for option in (COMMANDS | PARTS)[name].params:
        if option.param_type_name == "option" and not option.hidden and option.name != "help":
            assert option.opts[0] in row.group(), f"{name} {option.opts[0]}"


def test_no_document_names_a_command_that_does_not_exist() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for name in re.findall(r"python3 classmood\.py ([a-z]+)", path.read_text("utf-8")):
            assert name in COMMANDS, f"{path.name}: {name}"


def test_the_data_model_is_what_the_tables_say() -> None:
    page = (ROOT / "docs" / "data-model.md").read_text("utf-8")
    assert page == data_model(), "type: python -m db.tables > docs/data-model.md"


def test_every_command_has_a_sentence_of_help() -> None:
    assert all(len(command.help or "") > 20 for command in (COMMANDS | PARTS).values())


def test_settings_named_in_documents_exist() -> None:
    from tests.test_config import declared

    sections = "|".join(sorted({key.split(".")[0] for key in declared()}))
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for key in re.findall(rf"`((?:{sections})\.[a-z_]+)", path.read_text("utf-8")):
            assert key in declared(), f"{path.name}: {key}"


def test_the_contract_of_inspect_names_every_state_and_reason() -> None:
    assert all(state in CONTRACTS for state in CAMERA_STATES)
    assert all(f"`{reason}`" in CONTRACTS for reason in ABSTENTIONS)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def test_links_between_documents_lead_somewhere() -> None:
    for path in [path for path in tracked() if path.suffix == ".md"]:
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_the_repository_stays_small() -> None:
    assert sum(path.stat().st_size for path in tracked()) < 15e6
