"""The README's own customer service takes the place of the simulated one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import REPLACING, ROOT, blocks, sections_to_run

if TYPE_CHECKING:
    from tests.docs.shell import Shell
    from tests.journey.worker_processes import Workers


@pytest.fixture(name="without_customers")
def run_the_others(workers: Workers) -> None:
    """Nobody answers for customers."""
    workers.start("orders", "inventory")


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.usefixtures("without_customers")
def test_the_customer_service_of_the_readme_answers(shell: Shell) -> None:
    """With the README's customer service alone, an order of somebody unknown is accepted."""
    told = sections_to_run((ROOT / "README.md").read_text())[REPLACING]
    shell.run_section(blocks(told))
