"""Whether a host and port can be reached from this machine."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

PATIENCE_SECONDS: Final = 3.0


async def unreachable(host: str, port: int) -> str | None:
    """Why nobody can be reached there, in a few words; None if somebody can."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"no answer within {PATIENCE_SECONDS:g} s"
    except socket.gaierror:
        return f"the name {host} is not known here"
    except OSError as error:
        return _words(error)
    writer.close()
    return None


def _words(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError) or "refused" in str(error).lower():
        return "nobody listens there"
    return (error.strerror or str(error)).lower()


def host_and_port(address: str, usual_port: int) -> tuple[str, int]:
    """The parts of `host:port`, `[address]:port` or `host`."""
    host, colon, port = address.strip().rpartition(":")
    if not colon or not port.isdecimal():
        return address.strip().strip("[]"), usual_port
    return host.strip("[]"), int(port)
