"""The command line: one line for each verb, and only the verb that was asked for is imported."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

# A function becomes a command; a typer.Typer becomes a command with commands of its own.
VERBS = {
    "dev": "workers.cli.dev:dev",
    "worker": "workers.cli.worker:worker",
    "topics": "workers.cli.topics:topics",
    "seed": "workers.cli.seed:seed",
    "send": "workers.cli.send:send",
    "watch": "workers.cli.watch:watch",
    "top": "workers.cli.top:top",
    "order": "workers.cli.order:order",
    "dlq": "workers.cli.dlq:dlq",
    "snapshots": "workers.cli.snapshots:snapshots",
    "asyncapi": "workers.cli.asyncapi:asyncapi",
    "config": "workers.cli.config:config",
    "doctor": "workers.cli.doctor:doctor",
    "verify": "workers.cli.verify:verify",
    "chaos": "workers.cli.chaos:chaos",
    "health": "workers.cli.health:health",
    "demo": "workers.cli.demo:demo",
    "bench": "workers.cli.bench:bench",
}


def application(verbs: Iterable[str]) -> typer.Typer:
    """The command line with these verbs."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(oms)
    for verb in verbs:
        what = _load(VERBS[verb])
        if isinstance(what, typer.Typer):
            app.add_typer(what, name=verb)
        else:
            app.command(verb)(what)
    return app


def oms() -> None:
    """Order Management Service: orders over Kafka."""


def main() -> None:
    """Run the verb on the command line."""
    asked = sys.argv[1:2]
    application(asked if asked and asked[0] in VERBS else VERBS)(prog_name="oms")


def _load(place: str) -> Any:  # noqa: ANN401 - a function or a typer.Typer
    module, name = place.split(":")
    return getattr(import_module(module), name)


if __name__ == "__main__":
    main()
