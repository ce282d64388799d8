"""What stands on a teacher's screen beside a class: our own page, video sites, photos, files. None of it is a class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect

from capture.gallery import GalleryFinder
from capture.screen import ScreenSource
from config import CaptureSettings, Settings
from dashboard import access
from dashboard.app import create_app
from db.engine import open_store
from db.writer import Writer
from tests.dashboard_store import Clock, away, report, serving, write_class

NOW = 1_800_000_000.0
NAMES = ["Zoë Müller", "Tomás Ferreira", "Amara Okafor", "Linh Tran", "Kwame Mensah", "Aylin Yıldız", "Jun Watanabe"]
PICTURE = "background:linear-gradient({angle}deg,hsl({hue} 60% 40%),hsl({other} 70% 70%))"


@pytest.fixture(scope="module")
def desktop_browser(browser_type: BrowserType, browser_type_launch_args: dict, display: str) -> Iterator[Browser]:
    """A browser in a real window that fills the private screen."""
    size = ["--window-position=0,0", "--window-size=1920,1080"]
    settings = browser_type_launch_args | {"args": [*browser_type_launch_args["args"], *size], "headless": False}
    browser = browser_type.launch(**settings, env={**os.environ, "DISPLAY": display})
    yield browser
    browser.close()


@pytest.fixture
def window(desktop_browser: Browser) -> Iterator[Page]:
    page = desktop_browser.new_page(no_viewport=True)
    yield page
    page.close()


@pytest.fixture(params=[9, 27, 49])
def own_page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of our live page with a class of so many in it."""
    url, clock = f"sqlite:///{tmp_path / 'class.sqlite'}", Clock(NOW)
    with Writer(open_store(url, write=True), clock) as writer:
        write_class(writer, NOW - 60, NOW, request.param, flags=(away(None, NOW - 50), away(2, NOW - 40), away(3, NOW)))
        report(writer)
        writer.flush()
        with serving(create_app(open_store(url, write=False), Settings(), "token", clock)) as port:
            yield access.address("127.0.0.1", port, "token")


def seen_on(display: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str | None]:
    """How many tiles a fresh look at the real screen finds, and the reason for none."""
    monkeypatch.setenv("DISPLAY", display)
    with ScreenSource(CaptureSettings(), lambda: NOW) as screen:
        gallery = GalleryFinder().update(screen.grab().image)
    return len(gallery.tiles), gallery.reason


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_our_own_live_page_is_no_class(
    own_page: str, scheme, window: Page, display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.emulate_media(color_scheme=scheme)
    window.goto(own_page)
    expect(window.get_by_text("Student 9").first).to_be_visible(timeout=30_000)
    tiles, reason = seen_on(display, monkeypatch)
    assert tiles == 0, "our own page was taken for a class"
    assert reason


def picture(number: int, style: str) -> str:
    gradient = PICTURE.format(angle=number * 37, hue=number * 53 % 360, other=number * 91 % 360)
    return f"<div style='{gradient};{style}'></div>"


def page_of(kind: str, dark: bool) -> str:
    """A page of 16 pictures in the manner of a video site, a photo wall or a file explorer."""
    ground, ink = ("#181818", "#eee") if dark else ("#fff", "#222")
    cells = []
    for number in range(16):
        name = f"{NAMES[number % len(NAMES)]} {number}"
        if kind == "videos":
            text = f"<b>{name}: the lesson of today, part {number}</b><br>1.{number} M views"
            cells.append(f"<div>{picture(number, 'aspect-ratio:16/9;border-radius:12px')}<p>{text}</p></div>")
        elif kind == "photos":
            cells.append(picture(number, f"aspect-ratio:{'3/2' if number % 2 else '4/3'}"))
        else:
            inner = picture(number, "width:96px;height:72px;margin:auto")
            cells.append(f"<div style='text-align:center'>{inner}<p>{name}.jpg</p></div>")
    columns, gap = (
        ("repeat(8,1fr)", "24px") if kind == "files" else ("repeat(4,1fr)", "16px" if kind == "videos" else "6px")
    )
    style = f"display:grid;grid-template-columns:{columns};gap:{gap};padding:24px;font:14px sans-serif;color:{ink}"
    return f"<body style='margin:0;background:{ground}'><div style='{style}'>{''.join(cells)}</div>"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("kind", ["videos", "photos", "files"])
def test_pictures_in_rows_are_no_class(
    kind: str, dark: bool, window: Page, display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.set_content(page_of(kind, dark))
    window.screenshot()  # waits until the page is painted
    tiles, reason = seen_on(display, monkeypatch)
    assert tiles == 0, f"a page of {kind} was taken for a class"
    assert reason
