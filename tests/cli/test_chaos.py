"""`oms chaos` before anything is started: which faults there are, and which are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workers.dev.chaos.faults import FAULTS, GROUPS, named, possible

if TYPE_CHECKING:
    from tests.cli.command_line import CommandLine


def test_all_faults_are_listed(oms_alone: CommandLine) -> None:
    """`--list` names every fault and says what it is, and starts nothing."""
    shown = oms_alone("chaos", "--list").stdout
    for name, fault in FAULTS.items():
        assert name in shown
        assert fault.what in shown


def test_a_fault_that_is_not_there_is_wrong_usage(oms_alone: CommandLine) -> None:
    """A misspelled name, or one that needs more brokers, is said before anything starts."""
    for name in ("no-such-fault", "kafka-coordinator"):
        done = oms_alone("chaos", "--faults", name)
        assert done.exit_code == 2
        assert f"there is no fault '{name}'" in " ".join(done.stderr.replace("│", " ").split())


LONG = {"mongo-away"}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], set(FAULTS) - LONG),
        (["mongo"], {name for name in FAULTS if name.startswith("mongo")} - LONG),
        (["clients", "clock"], GROUPS["clients"] | {"clock"}),
        (["workers", "servers", "clients"], set(FAULTS) - LONG),
        (["mongo-away", "clock"], {"mongo-away", "clock"}),
    ],
)
def test_a_word_stands_for_a_name_a_beginning_or_a_group(words: list[str], found: set[str]) -> None:
    """No word at all stands for everything, but for what takes very long: that is named in full."""
    assert set(named(words, possible(3, 3))) == found
