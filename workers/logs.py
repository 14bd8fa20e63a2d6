"""Logs: one JSON line for each thing worth knowing, on standard error; no personal data.

The words of an error may quote what it was about: a driver's quote documents, a library's quote
values. So only errors of this project, of Kafka and of the system keep their words; of all others
the kind and the place are logged.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict

_SPEAK_OF_NOBODY = ("workers.", "aiokafka.")
_A_FEW_LETTERS = 3
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(level: str, worker: str) -> None:
    """Log JSON lines of at least `level`, each naming `worker`; the libraries' warnings as well."""

    def _name_worker(_logger: object, _method: str, line: EventDict) -> EventDict:
        return {"worker": worker, **line}

    shared: list[Any] = [
        _name_worker,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            *shared,
            _format_error,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _format_error,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), handlers=[handler], force=True)


def words_of(error: BaseException) -> str:
    """What may be logged of an error: its kind, and its words if they speak of nobody."""
    kind = type(error)
    ours = kind.__module__.startswith(_SPEAK_OF_NOBODY) or isinstance(error, OSError)
    return f"{kind.__name__}: {error}" if ours and str(error) else kind.__name__


def _format_error(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Put an error's trace into the line, and take its words out of what a library says."""
    error = _error_of(line.pop("exc_info", None))
    if error is None:
        return line
    line["exception"] = "\n".join(_trace(found) for found in _chain(error))
    for found in _chain(error):
        line["event"] = _without_words(str(line["event"]), found)
    return line


def _error_of(exc_info: object) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
        case _:
            return None


def _chain(error: BaseException) -> list[BaseException]:
    """What caused the error first, and itself last."""
    found: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in found:
        found.append(step)
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return found[::-1]


def _trace(error: BaseException) -> str:
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{places}{words_of(error)}"


def _without_words(text: str, error: BaseException) -> str:
    """Libraries put an error into their own words as well."""
    for words in (repr(error), str(error)):
        if len(words) > _A_FEW_LETTERS:
            text = text.replace(words, words_of(error))
    return text
