"""`oms dev`: Kafka, MongoDB and the whole service on this machine, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.dev.running import RunningService

_KAFKA_PORT = 9092
_MONGO_PORT = 27017
_HIGHEST_PORT = 65_535


def dev(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep the data here; with --ephemeral, make the temporary directory here.",
            show_default="the user's data directory",
        ),
    ] = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Throw the data away at the end.")
    ] = False,
    kafka_port: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Kafka's port; 0 or auto for any free one.",
            show_default=f"{_KAFKA_PORT}, or a free one if that is taken",
        ),
    ] = None,
    mongo_port: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="MongoDB's port; 0 or auto for any free one.",
            show_default=f"{_MONGO_PORT}, or a free one if that is taken",
        ),
    ] = None,
    no_workers: Annotated[
        bool, typer.Option("--no-workers", help="Start no workers, only what they need.")
    ] = False,
) -> None:
    """Run Kafka, MongoDB, topics, samples and the three workers here; Ctrl-C ends it."""
    try:
        from workers.dev.endings import ending_in_order  # noqa: PLC0415 - needs the local extra
        from workers.dev.running import run_service  # noqa: PLC0415 - needs the local extra
        from workers.dev.stack import StackOptions  # noqa: PLC0415 - needs the local extra
        from workers.dev.supervisor import ALL_WORKERS  # noqa: PLC0415 - needs the local extra
    except ModuleNotFoundError as error:
        _tell(f"{error.name} is missing: pip install 'order-management-service[local]'")
        raise typer.Exit(1) from error
    options = StackOptions(
        data=data,
        ephemeral=ephemeral,
        kafka_port=_port(kafka_port, _KAFKA_PORT, "--kafka-port"),
        mongo_port=_port(mongo_port, _MONGO_PORT, "--mongo-port"),
    )
    workers = () if no_workers else ALL_WORKERS
    with ending_in_order(), run_service(options, workers, _tell) as service:
        _run_until_ctrl_c(service)


def _run_until_ctrl_c(service: RunningService) -> None:
    try:
        typer.echo(_addresses(service))
        typer.echo("ready")
        service.wait()
    except KeyboardInterrupt:
        _tell("Ending the workers, Kafka and MongoDB (Ctrl-C again: at once)")


def _addresses(service: RunningService) -> str:
    lines = [f"export {name}='{value}'" for name, value in service.stack.environment.items()]
    directory = service.stack.directory
    return "\n".join([f"Data: {directory.path}", f"Logs: {directory.logs}", *lines])


def _port(given: str | None, usual: int, option: str) -> int | None:
    """The port to use; None for any free one."""
    from workers.dev.ports import is_free  # noqa: PLC0415 - keeps other verbs quick to start

    if given is None and not is_free(usual):
        _tell(f"Port {usual} is taken: using a free one. Choose one yourself with {option} N.")
        return None
    if given in {"0", "auto"}:
        return None
    text = given or str(usual)
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        message = f"{text!r} is no port: give 1 to {_HIGHEST_PORT}, 0 or auto."
        raise typer.BadParameter(message, param_hint=option)
    return int(text)


def _tell(line: str) -> None:
    typer.echo(line, err=True)
