"""Prompts answered afterwards: it is not so, or it is so and the teacher knows why; with a reason if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html
from sqlalchemy import Engine

from dashboard import components
from db import remarks
from db.queries import FlagView
from db.remarks import Dismissal, FlagRate
from domain import StoreError

ANSWERS: dict[Dismissal, str] = {"known": "I know why", "wrong": "Not so"}
"""The words of the live page; to be asked later is of no use once the class is over."""

LONGEST_REASON = 200
"""A line or two, as on the live page."""

PUT_RIGHT = "Answered. An answer can be changed at any time."


def form(flag: FlagView, whose: str, page: str) -> html.Div:
    """Reason and buttons of one prompt on a page, "report" or "student"; the answer that stands is pressed."""
    buttons = [
        html.Button(
            word,
            type="button",
            id={"type": f"{page}-answer", "flag": flag.id, "answer": answer},
            className="answer",
            **components.aria(pressed="true" if flag.dismissal == answer else "false", label=f"{word}: {whose}"),
        )
        for answer, word in ANSWERS.items()
    ]
    reason = dmc.TextInput(
        id={"type": f"{page}-answer-why", "flag": flag.id},
        value=flag.note or "",
        placeholder="Reason, if there is one",
        size="xs",
        className="grows",
        attributes={"input": {"maxLength": LONGEST_REASON}},
        **components.aria(label=f"Reason: {whose}"),
    )
    return html.Div([reason, *buttons], className="answering")


def answer(store: Engine, flags: Sequence[FlagView], pressed: dict[str, Any], reason: str | None, now: float) -> None:
    """Keep an answer to one of a session's prompts; ``pressed`` is the id of the button.

    Raises StoreError when the prompt is none of these.
    """
    if pressed["flag"] not in {flag.id for flag in flags}:
        raise StoreError("expected a prompt of this session, found none with this number: reload the page")
    note = components.plain_line(reason, LONGEST_REASON)
    remarks.dismiss(store, pressed["flag"], pressed["answer"], note or None, now)


def rate_told(rates: Sequence[FlagRate]) -> str:
    """How many prompts of all real classes were called wrong; empty where none was given or none answered."""
    given, answered = sum(rate.given for rate in rates), sum(rate.dismissed for rate in rates)
    wrong = sum(rate.wrong for rate in rates)
    if not answered:
        return ""
    told = f"All classes so far: {given} prompts given, {answered} answered, {wrong} of them “Not so”."
    return f"{told} At least {wrong / given:.0%} were wrong." if wrong else told
