"""Runs what a page tells its readers to run: each block as a program of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.docs.pages import Block
    from workers.settings import Settings

_DEADLINE_SECONDS = 60.0
# Tests that run in the background of a shell inherit that Ctrl-C is ignored.
_HEED_CTRL_C = (
    "import os, signal, sys;"
    "signal.signal(signal.SIGINT, signal.SIG_DFL);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
_USUAL_ADDRESS = "localhost:9092"
# What a page calls, and the program that must be there for it. With javac, java runs a source file.
_TOOLS = {"kcat": "kcat", "npm": "npm", "node": "node", "java": "javac"}


class _Endless(NamedTuple):
    """A program that goes on until it is ended, and what it must print before that."""

    process: subprocess.Popen[bytes]
    log: Path
    until: str


class Shell:
    """A reader's terminal, with `oms` and `python` at hand and the settings in its environment."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Lay the programs out in `folder`."""
        self._settings = settings
        self._folder = folder
        programs = folder / "programs"
        programs.mkdir()
        for name, module in (("oms", "-m workers "), ("python", "")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
            program.chmod(0o755)
        self._environment = {
            **os.environ,
            **{f"OMS_{name.upper()}": str(value) for name, value in settings.model_dump().items()},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }

    def run_section(self, blocks: Sequence[Block]) -> None:
        """Run the blocks in order; those without an end run beside the others, then are ended.

        A block of text is what the block before it must have printed.
        """
        _skip_without_tools(blocks)
        with self._ending_all() as running:
            printed = ""
            for block in blocks:
                if block.language == "text":
                    _compare(block.text, printed)
                elif block.file is not None:
                    (self._folder / block.file).write_text(self._with_address(block.text))
                elif block.until is not None:
                    running += [
                        _Endless(*self._start(command), block.until)
                        for command in self._endless_commands(block)
                    ]
                elif block.is_run:
                    printed = self._run(block)
            for endless in running:
                _wait_for(endless)

    def _with_address(self, text: str) -> str:
        return text.replace(_USUAL_ADDRESS, self._settings.kafka_bootstrap)

    def _command(self, language: str, text: str) -> list[str]:
        here = self._with_address(text)
        if language == "python":
            return [sys.executable, "-c", here]
        return ["bash", "-euo", "pipefail", "-c", here]

    def _endless_commands(self, block: Block) -> list[list[str]]:
        if block.language == "python":
            return [self._command(block.language, block.text)]
        return [self._command(block.language, f"exec {line}") for line in block.commands]

    def _run(self, block: Block) -> str:
        done = subprocess.run(
            self._command(block.language, block.text),
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_DEADLINE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{block.text}\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _start(self, command: Sequence[str]) -> tuple[subprocess.Popen[bytes], Path]:
        log = self._folder / f"{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", _HEED_CTRL_C, *command],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return process, log

    @contextmanager
    def _ending_all(self) -> Iterator[list[_Endless]]:
        running: list[_Endless] = []
        try:
            yield running
        finally:
            for endless in running:
                # As Ctrl-C does: a consumer that is closed leaves its group for the next one.
                endless.process.send_signal(signal.SIGINT)
            for endless in running:
                endless.process.wait(_DEADLINE_SECONDS)


def _skip_without_tools(blocks: Sequence[Block]) -> None:
    for called, program in _TOOLS.items():
        called_by = any(re.search(rf"^\s*{called} ", block.text, re.MULTILINE) for block in blocks)
        if called_by and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def _wait_for(endless: _Endless) -> None:
    end = time.monotonic() + _DEADLINE_SECONDS
    while endless.until not in (printed := endless.log.read_text()):
        assert time.monotonic() < end, f"{endless.until!r} was not printed, but:\n{printed}"
        time.sleep(0.05)


def _compare(told: str, printed: str) -> None:
    """All lines of `told` were printed; `…` stands for anything.

    In whatever order: an event and a result of the same moment come from two topics.
    """
    lines = [line.rstrip() for line in printed.splitlines()]
    for line in told.splitlines():
        pattern = ".*".join(map(re.escape, line.split("…")))
        found = any(re.fullmatch(pattern, one) for one in lines)
        assert found, f"{line!r} is told to be printed, but this was:\n{printed}"
