"""Runs a command that the kernel kills when its parent dies, even by `kill -9`.

A script, not a module: `python -I -S die_with_parent.py PARENT_PID COMMAND...`. It asks Linux for
SIGKILL at the parent's death and then becomes the command, under the same process id. Other
systems have no such request; there the next start clears away what was left.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def die_with(parent: int) -> None:
    """Have this process killed when `parent` ends; exit now if it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    """Become the command; exit 127 with its name when it cannot be run."""
    die_with(int(sys.argv[1]))
    command = sys.argv[2:]
    try:
        os.execvp(command[0], command)  # noqa: S606 - a shell is what must not come between
    except OSError as error:
        sys.stderr.write(f"Cannot run {command[0]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main()
