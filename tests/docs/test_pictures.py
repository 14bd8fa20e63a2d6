"""The pictures show what the code does, and need nothing from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import pytest

from docs.drawing.demo import first_story, terminal_picture
from docs.drawing.flow import flow_picture
from docs.drawing.status import status_picture, steps
from schemas.status import COMMANDS_MAY_ASK, REPLIES_MAY_LEAD_TO
from tests.docs.pages import ROOT
from tests.monitoring.expressions import panels
from workers.cli.overview.reading import SHOWN
from workers.dev.demo import STORIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER: Final = ROOT / "docs" / "pictures"
PICTURES: Final = sorted(FOLDER.glob("*.svg"))
MOST_BYTES: Final = 64_000


@pytest.mark.parametrize(
    ("name", "draw"), [("status.svg", status_picture), ("flow.svg", flow_picture)]
)
def test_the_drawn_pictures_are_up_to_date(name: str, draw: Callable[[], str]) -> None:
    """What is checked in is what the code draws now; if not: make pictures."""
    assert (FOLDER / name).read_text() == draw()


def test_every_step_of_the_table_is_drawn() -> None:
    """The state diagram has an arrow for each step that a command or a reply may lead to."""
    asked = sum(len(ends) for ends in COMMANDS_MAY_ASK.values())
    led = sum(len(ends) for ends in REPLIES_MAY_LEAD_TO.values())
    assert len(steps()) == asked + led
    # One more arrow is the create's, and two are the legend's.
    assert status_picture().count("marker-end") == asked + led + 3


def test_the_picture_of_the_demo_shows_its_first_order() -> None:
    """The terminal shows every message that the demo's first order must lead to."""
    shown = "".join(ET.fromstring((FOLDER / "demo.svg").read_text()).itertext())  # noqa: S314 - our own file
    shown = shown.replace("\N{NO-BREAK SPACE}", " ")
    story = STORIES[0]
    assert story.title in shown
    for step in story.steps:
        for message in (step.sends, *step.then):
            assert str(message) in shown


def test_the_picture_of_the_dashboard_shows_all_of_its_panels() -> None:
    """Each has its name and data, taken from a real Prometheus while orders came in."""
    shown = list(ET.fromstring((FOLDER / "dashboard.svg").read_text()).itertext())  # noqa: S314 - our own file
    assert {panel["title"] for panel in panels()} <= set(shown)
    assert "nothing to show" not in shown


def test_the_picture_of_top_shows_a_busy_service() -> None:
    """The terminal shows every topic and kind of figure, taken while orders came in."""
    shown = "".join(ET.fromstring((FOLDER / "top.svg").read_text()).itertext())  # noqa: S314 - our own file
    shown = shown.replace("\N{NO-BREAK SPACE}", " ")
    for words in (*SHOWN, "records/s", "lane", "status", "waits for", "processing", "█"):
        assert words in shown


def test_a_terminal_picture_needs_no_font_of_others() -> None:
    """Only the first order is shown, in its colours, with the fonts of the reader's system."""
    drawn = terminal_picture(first_story("\n\x1b[1mone\x1b[0m order\n  1 s\n\nanother\n"), "oms")
    assert "font-weight: bold" in drawn
    assert "another" not in drawn
    assert "@font-face" not in drawn
    assert "monospace" in drawn


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_small_and_needs_no_network(picture: Path) -> None:
    """A picture names no address but those of SVG itself, and is quick to load."""
    drawn = picture.read_text()
    addresses = set(re.findall(r"https?://[^\s\"')]+", drawn))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert len(drawn) < MOST_BYTES
