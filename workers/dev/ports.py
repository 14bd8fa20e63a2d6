"""Ports on this machine that nobody listens on."""

from __future__ import annotations

import random
import socket

from workers.dev.errors import StackError

# Below the range that systems take the local ports of outgoing connections from: a part that is
# started again must find its port free.
_RANGE = range(20_000, 32_000)
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on the port on 127.0.0.1 now."""
    if answers(port):  # some systems would let it listen beside a server on all addresses
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Whether somebody accepts connections on the port on 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Choose `count` different free ports; StackError when they cannot be found."""
    chosen: list[int] = []
    for port in random.sample(_RANGE, _ATTEMPTS):
        if len(chosen) == count:
            break
        if is_free(port):
            chosen.append(port)
    if len(chosen) < count:
        message = f"No {count} free ports between {_RANGE.start} and {_RANGE.stop} on 127.0.0.1."
        raise StackError(message)
    return chosen


def claim(given: int | None, count: int, option: str) -> list[int]:
    """Ports for `count` servers, the given one first; StackError names `option` if it is taken."""
    if given is None:
        return free_ports(count)
    if not is_free(given):
        message = (
            f"Port {given} is taken by another program. "
            f"Choose another with {option} N, or {option} 0 for any free one."
        )
        raise StackError(message)
    return [given, *(port for port in free_ports(count) if port != given)][:count]
