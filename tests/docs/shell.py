"""Runs what a page tells its readers to run: each block as a program of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.docs.pages import Block
    from workers.settings import Settings

_DEADLINE_SECONDS = 60.0
_USUAL_ADDRESS = "localhost:9092"


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
        """Run the blocks in order; those without an end run beside the others, then are ended."""
        told = [block for block in blocks if block.is_run]
        if any("kcat" in block.text for block in told) and shutil.which("kcat") is None:
            pytest.skip("kcat is not installed")
        with ExitStack() as endless:
            waiting = []
            for block in told:
                if block.until is None:
                    self._run(block)
                else:
                    for command in self._endless_commands(block):
                        log = endless.enter_context(self._running(command))
                        waiting.append((log, block.until))
            for log, words in waiting:
                _wait_for(log, words)

    def _command(self, language: str, text: str) -> list[str]:
        here = text.replace(_USUAL_ADDRESS, self._settings.kafka_bootstrap)
        if language == "python":
            return [sys.executable, "-c", here]
        return ["bash", "-euo", "pipefail", "-c", here]

    def _endless_commands(self, block: Block) -> list[list[str]]:
        if block.language == "python":
            return [self._command(block.language, block.text)]
        return [self._command(block.language, f"exec {line}") for line in block.commands]

    def _run(self, block: Block) -> None:
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

    @contextmanager
    def _running(self, command: Sequence[str]) -> Iterator[Path]:
        log = self._folder / f"{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield log
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_DEADLINE_SECONDS)


def _wait_for(log: Path, words: str) -> None:
    end = time.monotonic() + _DEADLINE_SECONDS
    while words not in (printed := log.read_text()):
        assert time.monotonic() < end, f"{words!r} was not printed, but:\n{printed}"
        time.sleep(0.05)
