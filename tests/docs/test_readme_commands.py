"""What the README tells to run is run, section by section, by a reader who knows nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
import typer.core
import typer.main

from tests.docs.pages import PAGES, REPLACING, ROOT, blocks, sections_to_run
from workers.__main__ import VERBS, application

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.shell import Shell
    from tests.journey.worker_processes import Workers

README: Final = (ROOT / "README.md").read_text()
SECTIONS: Final = sections_to_run(README)


@pytest.fixture(name="service", scope="module")
def run_service(workers: Workers) -> Workers:
    """All three workers."""
    workers.start("orders", "customers", "inventory")
    return workers


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("title", [title for title in SECTIONS if title != REPLACING])
def test_what_a_section_tells_to_run_runs(shell: Shell, title: str) -> None:
    """Every command and program of a section of the README does what it is there for."""
    shell.run_section(blocks(SECTIONS[title]))


def test_only_make_docker_and_the_activation_are_not_run() -> None:
    """What is marked as checked only is what the README's last sentence names."""
    unchecked = [
        command for block in blocks(README) if not block.is_run for command in block.commands
    ]
    assert unchecked == [
        "make demo",
        "make test",
        "make dev",
        ". .venv/bin/activate",
        "docker compose up --build",
    ]


@pytest.mark.parametrize("target", ["demo", "test", "dev"])
def test_the_makefile_has_what_the_readme_makes(target: str) -> None:
    """Every `make` of the README has its target, and all of them install into `.venv`."""
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}: \.venv/", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_verb_that_is_named_exists(page: Path) -> None:
    """A page names no verb of `oms`, and no command of a verb, that is not there."""
    named = re.findall(r"\boms ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?", page.read_text())
    assert {verb for verb, _ in named} <= VERBS.keys()
    for verb, command in named:
        found = typer.main.get_group(application([verb])).commands[verb]
        if command and isinstance(found, typer.core.TyperGroup):
            assert command in found.commands, f"oms {verb} {command}"
