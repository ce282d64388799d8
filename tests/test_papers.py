"""The papers say what the configuration says, and the European Union gets no emotions."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
import config
from config import PrivacySettings, Settings
from db.privacy.papers import PAPERS, facts_of, write_papers
from db.privacy.stats import Stats
from domain import StoreError

STATS = Stats({"sessions": 3, "students": 90, "readings": 7000}, 1, 0.0, 1.0, ("readings of 2 sessions (60 rows)",))


def settings(**sections: dict) -> Settings:
    return Settings.model_validate(sections)


def test_the_papers_say_what_is_configured(tmp_path):
    wide = settings(
        privacy={"keep_readings_days": 7, "keep_names_days": 0, "keep_rollups_days": 99},
        publish={"url": "postgresql://school/x", "names": True},
        dashboard={"public_url": "https://classmood.example"},
    )
    paths = write_papers(tmp_path / "papers", wide, STATS, 1_800_000_000.0)
    dpia, notice, consent = (path.read_text("utf-8") for path in paths)
    assert "| 7 days |" in dpia
    assert "| for ever |" in dpia
    assert "| 99 days |" in dpia
    assert "configuration of 2027-01-15" in dpia
    assert "3 sessions, 90 students' rows, 7000 readings; due to be deleted: readings of 2 sessions (60 rows)" in dpia
    assert "https://classmood.example" in dpia
    assert "of those who consented also name" in dpia
    assert "expressions for 7 days" in notice
    assert "yes / no" in consent
    assert not any("{" in text for text in (dpia, notice, consent)), "every place is filled"
    with pytest.raises(StoreError, match="without older papers"):
        write_papers(tmp_path / "papers", wide, STATS, 0.0)


def test_what_does_not_happen_is_not_said():
    facts = facts_of(settings(), STATS, 0.0)
    assert facts["leaves"] == "Nothing"
    assert facts["who"] == "The teacher, on the own computer"
    assert "seven expressions" in facts["mode_sentence"]
    presence = facts_of(settings(privacy={"region": "eu"}), STATS, 0.0)
    assert "No model of faces or emotions runs" in presence["mode_sentence"]


def test_in_the_union_only_presence_is_recorded_whatever_the_mode_says(tmp_path, capsys):
    assert PrivacySettings(region="eu").mode == "presence_only"
    assert PrivacySettings(region="eu", mode="emotions").mode == "presence_only"
    assert PrivacySettings().mode == "emotions"
    path = tmp_path / "settings.yaml"
    path.write_text("privacy:\n  region: eu\n  mode: emotions\n", "utf-8")
    chosen = config.load(path)
    assert chosen.privacy.mode == "presence_only"
    assert cli.model_version(chosen) is None
    with cli.open_writer(f"sqlite:///{tmp_path / 'class.sqlite'}", chosen):
        pass
    assert "prohibited in the EU (AI Act)" in capsys.readouterr().out


def test_the_command_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "settings.yaml"
    path.write_text(f"database:\n  url: sqlite:///{(tmp_path / 'class.sqlite').as_posix()}\n", "utf-8")
    monkeypatch.setenv(config.CONFIG_VARIABLE, str(path))
    done = CliRunner().invoke(cli.app, ["privacy", "report", "--to", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == sorted(PAPERS)
