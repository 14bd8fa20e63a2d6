"""The report of some runs, in Markdown: what was done to the service, and what came of it."""

from __future__ import annotations

import os
import platform
from collections import Counter
from typing import TYPE_CHECKING, Final

from workers.dev.chaos.faults import FAULTS
from workers.dev.verifying.report import COUNTED, INVARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.dev.chaos.board import Outcome

ENOUGH: Final = 20
"""Injections of a fault from which on it counts as tried."""
_MEGABYTE: Final = 1_000_000


def report(outcomes: Sequence[Outcome], command_line: str, when: str) -> str:
    """The whole report; `when` is the time of the first run."""
    parts = (
        _head(outcomes, command_line, when),
        _runs(outcomes),
        _faults(outcomes),
        _promises(outcomes),
        _endings(outcomes),
        _memory(outcomes),
        _found(outcomes),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def verdict(outcomes: Sequence[Outcome]) -> str:
    """One sentence."""
    found = sum(len(outcome.faults_found) for outcome in outcomes)
    acknowledged = sum(outcome.board.acknowledged for outcome in outcomes)
    made = sum(outcome.board.made.total() for outcome in outcomes)
    seconds = sum(outcome.load_seconds for outcome in outcomes)
    what = f"{acknowledged:,} acknowledged commands, {made:,} faults, {seconds:,.0f} seconds"
    if found:
        return f"{what}: {found:,} {'thing does' if found == 1 else 'things do'} not hold."
    return f"{what}: nothing lost, nothing doubled, nothing stuck."


def _head(outcomes: Sequence[Outcome], command_line: str, when: str) -> Iterator[str]:
    yield "# Report of the chaos rig"
    yield ""
    yield f"**{verdict(outcomes)}**"
    yield ""
    yield f"Written by the rig itself on {when}, on {os.cpu_count()} cores"
    yield f"({platform.system()} {platform.machine()}, Python {platform.python_version()}), by:"
    yield ""
    yield "```sh"
    yield command_line
    yield "```"
    yield ""
    crew = Counter(outcomes[0].board.options.crew)
    workers = ", ".join(f"{count} {kind}" for kind, count in crew.items())
    yield f"Each run starts Kafka, MongoDB and the workers ({workers}) anew, with"
    yield "proxies between them. Afterwards all faults are healed, everything is drained and"
    yield "verified, all groups are set back to the beginning, and everything is drained,"
    yield "verified and compared once more."
    yield ""
    yield from _releases(outcomes)


def _releases(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if outcomes[0].board.options.other_release is not None:
        ours, others = (sum(starts) for starts in zip(*_starts(outcomes), strict=True))
        yield f"Workers of two releases worked side by side: {ours:,} starts of this one and"
        yield f"{others:,} of the other. A worker that was started again was of the one that it had"
        yield "not been of before: upgraded, or rolled back."
        yield ""


def _starts(outcomes: Sequence[Outcome]) -> Iterator[Sequence[int]]:
    return (outcome.board.starts for outcome in outcomes)


def _runs(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "## Runs"
    yield ""
    yield from _table(
        ["seed", "brokers", "members", "seconds", "commands", "faults", "drained in", "outcome"],
        (
            [
                str(outcome.board.options.seed),
                str(outcome.board.options.brokers),
                str(outcome.board.options.members),
                f"{outcome.load_seconds:,.0f}",
                f"{outcome.board.acknowledged:,}",
                f"{outcome.board.made.total():,}",
                f"{outcome.drain_seconds:,.0f} s",
                "holds" if outcome.holds else f"{len(outcome.faults_found)} found",
            ]
            for outcome in outcomes
        ),
    )
    lost = sum(outcome.board.not_acknowledged for outcome in outcomes)
    letters = sum(outcome.board.dead_letters for outcome in outcomes)
    bound = max(outcome.board.options.drain_seconds for outcome in outcomes)
    yield f"Draining may take {bound:.0f} s. {letters:,} commands were poison and are dead letters."
    yield f"{lost:,} commands were not acknowledged by Kafka, and are not counted."
    yield ""


def _faults(outcomes: Sequence[Outcome]) -> Iterator[str]:
    made = sum((outcome.board.made for outcome in outcomes), Counter[str]())
    not_made = sum((outcome.board.not_made for outcome in outcomes), Counter[str]())
    asked = {name for outcome in outcomes for name in outcome.board.options.faults}
    yield "## Faults"
    yield ""
    yield from _table(
        ["fault", "injections", "not to be made", "what"],
        (
            [f"`{name}`", f"{made[name]:,}", f"{not_made[name]:,}", fault.what]
            for name, fault in FAULTS.items()
            if name in asked
        ),
    )
    yield f"{made.total():,} injections in all. {_too_few(made, asked)}"
    yield "A fault that could not be made, say for there was nothing to write at that moment, is"
    yield "not counted."
    yield ""


def _too_few(made: Counter[str], asked: set[str]) -> str:
    few = [f"`{name}` ({made[name]})" for name in FAULTS if name in asked and made[name] < ENOUGH]
    never = [f"`{name}`" for name in FAULTS if name not in asked]
    text = f"Fewer than {ENOUGH}: {', '.join(few)}." if few else f"At least {ENOUGH} of each."
    return f"{text} Not asked for: {', '.join(never)}." if never else text


def _promises(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "## Invariants"
    yield ""
    checked: Counter[int] = Counter()
    violated: Counter[int] = Counter()
    for outcome in outcomes:
        for verification in outcome.verifications:
            checked.update({n: count.checked for n, count in verification.counts.items()})
            violated.update({n: count.violated for n, count in verification.counts.items()})
    yield from _table(
        ["", "invariant", "checked", "violated"],
        (
            [str(n), INVARIANTS[n], f"{checked[n]:,} {COUNTED[n]}", f"{violated[n]:,}"]
            for n in INVARIANTS
        ),
    )
    yield "Checked twice: after draining, and after everything was read again."
    for reason, count in sorted(_unchecked(outcomes).items()):
        yield f"Not checked: {count:,} of {reason}."
    changed = sum(len(outcome.changed) for outcome in outcomes)
    yield f"Reading everything again changed {changed:,} documents."
    yield ""


def _unchecked(outcomes: Sequence[Outcome]) -> Counter[str]:
    found: Counter[str] = Counter()
    for outcome in outcomes:
        for verification in outcome.verifications:
            for number, count in verification.counts.items():
                reasons = count.unchecked.items()
                found.update({f"invariant {number}, {reason}": n for reason, n in reasons})
    return found


def _endings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "## How workers ended"
    yield ""
    endings = sum((outcome.board.endings for outcome in outcomes), Counter[str]())
    rows = ([how, f"{count:,}"] for how, count in sorted(endings.items()))
    yield from _table(["how", "times"], rows)


def _memory(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "## Memory"
    yield ""
    yield "Of each worker's processes the one that lived longest: after its first minute, at the"
    yield "most since then, and in the end."
    yield ""
    yield from _table(
        ["seed", "worker", "seconds", "warm", "most", "in the end"],
        (
            [
                str(outcome.board.options.seed),
                held.name,
                f"{held.seconds:,.0f}",
                *(f"{size / _MEGABYTE:,.0f} MB" for size in (held.warm, held.most, held.last)),
            ]
            for outcome in outcomes
            for held in outcome.board.memory.longest_lived()
        ),
    )


def _found(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.faults_found:
            yield f"## What does not hold with seed {outcome.board.options.seed}"
            yield ""
            yield from (f"- {found}" for found in outcome.faults_found)
            yield ""


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    yield from (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
    yield ""
