"""The papers say what the configuration says, and the European Union gets no emotions."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest
from typer.testing import CliRunner

import cli
import config
from config import PrivacySettings, Settings
from db.privacy.papers import PAPERS, TEMPLATES, facts_of, write_papers
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
    assert "keeps the estimates for 7 days, names for ever and sums for 99 days." in notice
    assert "yes / no" in consent
    assert "go to the school's database, and of those of you who agreed also the name" in notice
    assert "365 days" in dpia
    assert "passwords as Argon2id" in dpia
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


def test_the_papers_of_a_class_without_emotions_speak_of_none(tmp_path):
    paths = write_papers(tmp_path, settings(privacy={"region": "eu"}), STATS, 0.0)
    _, notice, consent = (path.read_text("utf-8") for path in paths)
    for paper in (notice, consent):
        assert "camera is on; it looks at no face" in paper
        assert not any(word in paper for word in ("expression", "estimate", "feeling"))
    assert "Nothing of it leaves my computer." in notice
    facts = facts_of(settings(privacy={"region": "eu"}), STATS, 0.0)
    assert (facts["looked_at"], facts["tryout"]) == ("Nobody's face", "Reads no face")


def test_the_papers_say_who_is_looked_at_and_what_a_no_means():
    off, required = (settings(privacy={"consent": consent}) for consent in ("off", "required"))
    assert "Every face in the gallery" in facts_of(off, STATS, 0.0)["looked_at"]
    assert "those alone who have a yes" in facts_of(required, STATS, 0.0)["looked_at"]
    assert "no face is looked at" in facts_of(required, STATS, 0.0)["may_refuse"]
    assert "no face" not in facts_of(off, STATS, 0.0)["may_refuse"]


def test_every_paper_asks_only_for_facts_and_every_fact_is_asked_for():
    asked = {name for paper in PAPERS for _, name, _, _ in Formatter().parse((TEMPLATES / paper).read_text("utf-8"))}
    assert asked - {None} == facts_of(settings(), STATS, 0.0).keys()


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
