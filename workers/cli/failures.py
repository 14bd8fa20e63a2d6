"""Failures as sentences: what went wrong, where, and what to do; never a stack trace.

What a person can mend ends with one sentence on standard error and exit code 1. Anything else
is a fault of this program and keeps its stack trace.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from workers.cli.addresses import bootstrap_fault, hidden_secrets, mongo_hosts
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

Result = TypeVar("Result")

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended
_START_ONE = "Is it running? Start one with: oms dev"


class FailedError(Exception):
    """A verb cannot do what was asked; the text is for people, in whole sentences."""


def run(work: Callable[[Settings], Coroutine[None, None, Result]]) -> Result:
    """Read the settings and do the work; a failure ends the program with a sentence."""
    settings = read_settings()
    silence_libraries()
    with failures_as_sentences(settings):
        return asyncio.run(work(settings))


def read_settings() -> Settings:
    """The settings of the environment; one that cannot be read ends the program with a sentence."""
    try:
        settings = Settings()
    except ValidationError as error:
        _end("; ".join(_setting_sentences(error)))
    fault = bootstrap_fault(settings.kafka_bootstrap)
    if fault is not None:
        _end(f"OMS_KAFKA_BOOTSTRAP is {settings.kafka_bootstrap!r}: {fault}")
    return settings


@contextmanager
def failures_as_sentences(settings: Settings) -> Iterator[None]:
    """End the program with a sentence for what a person can mend, with 130 on Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        text = sentence(error, settings)
        if text is None:
            raise
        _end(text)


def sentence(error: Exception, settings: Settings) -> str | None:
    """What to tell a person about an error; None if it is a fault of this program."""
    # Imported only here: a verb that succeeds does not pay for drivers that it does not use.
    from aiokafka.errors import KafkaConnectionError, KafkaError  # noqa: PLC0415 - see above
    from pymongo.errors import PyMongoError  # noqa: PLC0415 - see above

    from workers.security.tls import TlsFileError  # noqa: PLC0415 - see above
    from workers.stream.ports import (  # noqa: PLC0415 - see above
        CannotStartError,
        OutsideAwayError,
        OutsideRefusesError,
    )

    if isinstance(error, FailedError | CannotStartError | TlsFileError):
        return str(error)
    if isinstance(error, OutsideAwayError | OutsideRefusesError):
        return _outside(str(error), settings)
    if isinstance(error, KafkaConnectionError | TimeoutError):
        return kafka_away(settings)
    if isinstance(error, KafkaError):
        return f"Kafka at {settings.kafka_bootstrap} refuses: {_words(error)}"
    if isinstance(error, PyMongoError):
        uri = hidden_secrets(settings.mongo_uri)
        return f"MongoDB cannot be used with OMS_MONGO_URI={uri}: {_words(error)}"
    return None


def kafka_away(settings: Settings) -> str:
    """What to tell when no broker answers."""
    return f"Kafka does not answer at {settings.kafka_bootstrap}. {_START_ONE}"


def mongo_away(settings: Settings, reason: str) -> str:
    """What to tell when MongoDB does not answer; `reason` is the driver's."""
    hosts = mongo_hosts(settings.mongo_uri)
    return f"MongoDB does not answer at {hosts}: {reason}. {_START_ONE}"


def _outside(text: str, settings: Settings) -> str:
    if text.startswith("Kafka does not answer"):
        return kafka_away(settings)
    if text.startswith("MongoDB does not answer"):
        return mongo_away(settings, text.partition(": ")[2].split(" (configured")[0])
    return f"{text}."


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__


def _setting_sentences(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        if not fault["loc"]:  # about several, which it names
            yield fault["msg"]
            continue
        name = f"OMS_{fault['loc'][0]}".upper()
        given = hidden_secrets(str(fault["input"]))
        yield f"{name} is {given!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def wrong_usage(text: str) -> NoReturn:
    """End the program with a sentence and exit code 2: what was given cannot be understood."""
    typer.echo(text, err=True)
    raise typer.Exit(WRONG_USAGE)


def silence_libraries() -> None:
    """Drivers log what they raise as well; the sentence is enough."""
    for library in ("aiokafka", "pymongo"):
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)


def _end(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(FAILED)
