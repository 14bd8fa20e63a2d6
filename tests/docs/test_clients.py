"""Each client of another language creates an order, and gets its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.docs.pages import ROOT, blocks, sections_to_run

if TYPE_CHECKING:
    from tests.docs.shell import Shell
    from tests.journey.worker_processes import Workers

SECTIONS: Final = sections_to_run((ROOT / "docs" / "clients.md").read_text())


@pytest.fixture(name="service", scope="module")
def run_service(workers: Workers) -> Workers:
    """All three workers."""
    workers.start("orders", "customers", "inventory")
    return workers


def test_every_language_is_run() -> None:
    """No program of the page is left out."""
    assert SECTIONS.keys() == {"JavaScript", "Java"}


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("title", SECTIONS)
def test_the_client_gets_its_answer(shell: Shell, title: str) -> None:
    """Saved and run as the page tells, with the language's own tools, it prints what is told."""
    shell.run_section(blocks(SECTIONS[title]))
