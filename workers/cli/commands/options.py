"""The options that the commands of `oms send` have in common."""

from __future__ import annotations

from typing import Annotated

import typer

Order = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]
CommandId = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COMMAND_ID",
        help="The command's id: the same id again is the same command.",
        show_default="a new one",
    ),
]
Source = Annotated[
    str, typer.Option(metavar="URI", help="Who sends; ids are told apart for each source.")
]
ExpectedVersion = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Refuse unless the order has this version."),
]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")]
Waiting = Annotated[
    bool,
    typer.Option(
        "--wait", help="Wait for the result. Exit code 3 if it is rejected, 4 if none comes."
    ),
]
Timeout = Annotated[
    float, typer.Option(metavar="S", min=0.1, help="Longest wait without a result, in seconds.")
]
ReplyTopic = Annotated[
    str,
    typer.Option(
        metavar="TOPIC",
        help="Where the result is waited for; made if it is missing. "
        "(The results of a file are read from orders.results.)",
    ),
]

REPLY_TOPIC = "oms.cli.replies"
TIMEOUT_SECONDS = 30.0
