"""`oms health`: whether the workers of this machine or container are well, for probes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from workers.cli.failures import FAILED, read_settings
from workers.cli.output import Json, print_json
from workers.cli.worker import WorkerName
from workers.state_file import running_workers, state_directory
from workers.stream.watching.watchdog import REASONS, seconds_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.state_file import WorkerState

_FRESH_SECONDS: Final = 15.0

Name = Annotated[
    WorkerName | None,
    typer.Argument(metavar="[NAME]", help="Only this worker; all that run here without it."),
]
Ready = Annotated[
    bool,
    typer.Option("--ready", help="Ask, too, whether it has joined and waits for nobody."),
]


@dataclass(frozen=True, slots=True)
class Health:
    """One worker process: `live` is well, or waits for what is away; `ready` works."""

    worker: str
    pid: int
    live: bool
    ready: bool
    sentence: str


def health(name: Name = None, ready: Ready = False, json: Json = False) -> None:
    """Tell whether workers are well: exit code 0 if all that run here are, 1 if not or if none.

    A worker that waits for Kafka or MongoDB is well, for a restart would not help; it is not
    ready.
    """
    settings = read_settings()
    now = seconds_now()
    found = [
        (state, judge(state, now))
        for state in running_workers(state_directory(settings))
        if (name is None or state.worker == name.value) and state.clock <= now
    ]
    judged = [one for _, one in found]
    if json:
        print_json([{**asdict(one), "state": state.model_dump()} for state, one in found])
    else:
        _tell(judged, "worker" if name is None else f"{name.value} worker")
    if not judged or not all(one.ready if ready else one.live for one in judged):
        raise typer.Exit(FAILED)


def _tell(found: Sequence[Health], wanted: str) -> None:
    for one in found:
        typer.echo(one.sentence)
    if not found:
        typer.echo(f"No {wanted} runs here, or it has another OMS_STATE_DIRECTORY", err=True)


def judge(state: WorkerState, now: float) -> Health:
    """How well a worker is by what it wrote last; `now` is in seconds of the same clock."""
    fault = _fault(state, now)
    works = state.phase == "working" and not state.waiting
    said = f"is stuck: {fault}" if fault else _doing(state)
    return Health(
        state.worker,
        state.pid,
        live=fault is None,
        ready=fault is None and works,
        sentence=f"{state.worker} ({state.pid}) {said}",
    )


def _fault(state: WorkerState, now: float) -> str | None:
    silent = now - state.clock
    if silent > _FRESH_SECONDS:
        return f"it has said nothing for {silent:.0f} s"
    for name, seconds in state.signs.items():
        if seconds > state.limits[name]:
            return f"{REASONS.get(name, name)}, for {seconds:.0f} s"
    return None


def _doing(state: WorkerState) -> str:
    if state.waiting:
        longest = max(state.waiting, key=lambda wait: wait.seconds)
        return f"waits, for {longest.seconds:.0f} s so far: {longest.reason}"
    if state.phase == "working":
        return f"works: {_lanes(state.lanes)}, {_progress(state.progress_at)}"
    return {"starting": "starts", "joining": "joins its group"}.get(state.phase, "finishes")


def _progress(at: str | None) -> str:
    return "nothing to acknowledge so far" if at is None else f"last acknowledged at {at}"


def _lanes(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no lanes, a spare"
    return f"lane {numbers[0]}" if len(numbers) == 1 else f"lanes {_ranges(numbers)}"


def _ranges(numbers: Sequence[int]) -> str:
    """`0-3, 7` for 0, 1, 2, 3 and 7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
