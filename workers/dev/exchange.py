"""Sends commands and waits for their results, wherever those are read."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from workers.dev.client import command_sender

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from workers.dev.client import CommandToSend
    from workers.settings import Settings


class Channel(Protocol):
    """Where the results of this client's commands arrive."""

    def address(self, commands: Sequence[CommandToSend]) -> Sequence[CommandToSend]:
        """The commands as they have to be sent for their results to arrive here."""

    async def arrived(self) -> list[tuple[int, bytes]]:
        """The results that came since the last call, each with its command's position.

        Returns after a short while when there are none.
        """


def ignore(_count: int) -> None:
    """Nobody wants to know how many."""


async def exchange(  # noqa: PLR0913, PLR0917 - what is sent, how it is answered, who is told
    settings: Settings,
    commands: Sequence[CommandToSend],
    channel: AbstractAsyncContextManager[Channel],
    longest_silence: float,
    on_sent: Callable[[int], None] = ignore,
    on_result: Callable[[int], None] = ignore,
) -> list[bytes | None]:
    """Send all commands; the result of each as JSON, in the same order, None where none came.

    It gives up when no result has come for `longest_silence` seconds after the last one or the
    last send. The two callbacks are told how many more are acknowledged and answered.

    Raises:
        OutsideAwayError, KafkaError: Kafka does not answer, or says no; also what `channel`
            raises when it is entered.
    """
    results: list[bytes | None] = [None] * len(commands)
    async with channel as answers, command_sender(settings) as sender:
        sending = asyncio.create_task(sender.send(answers.address(commands), on_sent))
        try:
            await _collect(answers, results, sending, longest_silence, on_result)
            await sending
        finally:
            sending.cancel()
    return results


async def _collect(
    channel: Channel,
    results: list[bytes | None],
    sending: asyncio.Task[None],
    longest_silence: float,
    on_result: Callable[[int], None],
) -> None:
    missing = len(results)
    heard = time.monotonic()
    while missing and time.monotonic() - heard < longest_silence:
        arrived = await channel.arrived()
        new = {number: value for number, value in arrived if results[number] is None}
        for number, value in new.items():
            results[number] = value
        missing -= len(new)
        on_result(len(new))
        if sending.done():
            sending.result()
        if new or not sending.done():
            heard = time.monotonic()
