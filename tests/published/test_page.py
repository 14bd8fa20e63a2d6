"""The page of the AsyncAPI document: current, complete in itself, and drawn without a network."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Final

import pytest

from docs.publishing.browser import Tab, chromium, tab_of
from docs.publishing.files import current_document
from docs.publishing.picture import DRAWN
from tests.published.files import DOCS, DOCUMENT, PAGE
from workers.cli.asyncapi_viewer import fetch_viewer
from workers.contract.page import POLICY, Viewer, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT: Final = PAGE.read_text(encoding="utf-8")
SHOWN: Final = "document.getElementById('page').innerText"
TRACKED: Final = "http://tracker.example/picture.png"


@pytest.fixture(name="tab")
def open_tab() -> Iterator[Tab]:
    """A tab of a browser; no name leads anywhere."""
    browser = chromium()
    if browser is None:
        pytest.skip("Chromium is not installed")
    with tab_of(browser, 1600, 1000) as found:
        yield found


def test_the_page_holds_the_current_document() -> None:
    """What it draws is what the code says now; if not: make contract."""
    element = r'<script id="document" type="application/json">\n(.*?)</script>'
    found = re.search(element, TEXT, re.DOTALL)
    assert found
    assert json.loads(found[1]) == DOCUMENT == current_document()


def test_the_page_is_made_of_the_viewer_that_was_checked() -> None:
    """Where npm is at hand: made again, it is the same to the byte."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    assert page(current_document(), fetch_viewer()) == TEXT


def test_nothing_in_the_document_ends_an_element() -> None:
    """Neither a text of the document nor one of the viewer can break out of its element."""
    document = {"info": {"title": "</script><b>", "version": "<1>"}}
    made = page(document, Viewer("'</script>'", "", ""))
    assert made.count("</script") == 4
    assert "<b>" not in made
    assert "<title>&lt;/script&gt;&lt;b&gt; &lt;1&gt;</title>" in made


def test_the_viewer_keeps_its_licences() -> None:
    """Its own, the Apache License 2.0, and the notices of the libraries in it."""
    element = r'<script id="licences" type="text/plain">\n(.*?)</script>'
    found = re.search(element, TEXT, re.DOTALL)
    assert found
    assert "Apache License" in found[1]
    assert "@license React" in found[1]


def test_the_page_forbids_itself_the_network() -> None:
    """Its policy allows what is inside it, and nothing from any address."""
    assert f'content="{POLICY}"' in TEXT
    assert POLICY.startswith("default-src 'none'; ")
    assert "http" not in POLICY


@pytest.mark.slow
def test_the_page_shows_everything_and_asks_nobody(tab: Tab) -> None:
    """In a browser: every channel, message, operation and code is seen, and nothing is fetched."""
    tab.open(PAGE.as_uri())
    tab.wait_until(DRAWN)
    shown = tab.evaluate(SHOWN)
    addresses = [c["address"] for c in DOCUMENT["channels"].values() if c["address"] is not None]
    for name in (*addresses, *DOCUMENT["components"]["messages"], *DOCUMENT["operations"]):
        assert name in shown or name == "dead-letter", name
    assert "dead letter" in shown
    assert "Error" not in shown[:300]
    assert tab.requests() == [PAGE.as_uri()]


@pytest.mark.slow
def test_a_page_that_asks_somebody_is_found_out(tab: Tab, tmp_path: Path) -> None:
    """The same look at a page with a picture from elsewhere sees it; our policy would stop it."""
    leaky = tmp_path / "leaky.html"
    leaky.write_text(f'<img src="{TRACKED}">', encoding="utf-8")
    tab.open(leaky.as_uri())
    tab.wait_until("document.images.length === 1 && document.images[0].complete")
    assert TRACKED in tab.requests()


def test_the_picture_is_there_and_small() -> None:
    """The page's picture is quick to load."""
    picture = (DOCS / "pictures" / "asyncapi.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 300_000
