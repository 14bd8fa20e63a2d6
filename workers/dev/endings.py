"""How a long-running verb ends: on Ctrl-C or SIGTERM in order, on a failure with a sentence."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workers.dev.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Raise KeyboardInterrupt in the block on SIGINT, SIGTERM and a closed terminal.

    When it leaves the block, exit with 130; on StackError print its text and exit with 1.
    """
    before = {number: signal.signal(number, _interrupt) for number in _ending_signals()}
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ending_signals() -> list[signal.Signals]:
    kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup
    return [signal.SIGINT, signal.SIGTERM, *([] if kept else [signal.SIGHUP])]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
