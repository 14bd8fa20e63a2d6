"""A TCP proxy in front of a server on this machine: cut, held up, or slow when asked.

It runs in a thread of its own, so that whoever asks may block, and a proxied server may start
while nobody's event loop runs. What is asked may be asked from any thread.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    Chunks = asyncio.Queue[tuple[float, bytes]]

HOST = "127.0.0.1"
_CHUNK_BYTES = 65_536
_MOST_CHUNKS_ON_THE_WAY = 256
_LONGEST_START_SECONDS = 30.0


class Proxy:
    """Hands on every byte between `port` and `target` on 127.0.0.1, unless told otherwise."""

    def __init__(self, port: int, target: int) -> None:
        """Listen on nothing until `start`."""
        self.port = port
        self.target = target
        self._listening: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay_seconds = 0.0
        self._is_refusing = False
        self._bytes_to_a_cut: int | None = None

    async def start(self) -> None:
        """Accept connections; OSError if the port is taken."""
        self._loop = asyncio.get_running_loop()
        self._listening = socket.create_server((HOST, self.port))
        self._listening.settimeout(0.0)
        self._loop.add_reader(self._listening, self._accept, self._listening)

    async def stop(self) -> None:
        """Accept no more, and break off all connections."""
        if self._loop is not None and self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening.close()
        connections = self._break_off()
        if connections:
            await asyncio.wait(connections)

    def cut(self) -> None:
        """Break off all connections, whatever is on its way; new ones are accepted."""
        self._soon(self._break_off)

    def cut_after(self, count: int) -> None:
        """Break off all connections once so many more bytes have gone to the server."""
        self._bytes_to_a_cut = count

    @property
    def is_cut_due(self) -> bool:
        """Whether the bytes that `cut_after` waits for have not gone by yet."""
        return self._bytes_to_a_cut is not None

    def refuse(self) -> None:
        """Break off all connections, and new ones at once, until `heal`."""
        self._is_refusing = True
        self._soon(self._break_off)

    def stall(self) -> None:
        """Keep all connections and hand on nothing, until `heal`."""
        self._soon(self._flowing.clear)

    def slow(self, seconds: float) -> None:
        """Let every answer of the server come so many seconds later, until `heal`."""
        self._delay_seconds = seconds

    def heal(self) -> None:
        """Hand on everything at once again."""
        self._is_refusing = False
        self._delay_seconds = 0.0
        self._bytes_to_a_cut = None
        self._soon(self._flowing.set)

    def _soon(self, act: Callable[[], object]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(act)

    def _break_off(self) -> set[asyncio.Task[None]]:
        connections = set(self._connections)
        for connection in connections:
            connection.cancel()
        return connections

    # By hand, as asyncio's own server leaves open what it is just accepting when it is closed.
    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):  # a client that has gone again
            client, _ = listening.accept()
            if self._is_refusing:
                client.close()
                return
            connection = asyncio.create_task(self._connect(client))
            self._connections.add(connection)
            connection.add_done_callback(partial(self._forget, client))

    async def _connect(self, client: socket.socket) -> None:
        """Serve one connection until one side ends it, or it is broken off."""
        with suppress(OSError):  # the server is not there: the client finds it broken off
            reader, writer = await asyncio.open_connection(sock=client)
            try:
                await self._serve(reader, writer)
                writer.close()
                await writer.wait_closed()
            finally:
                writer.transport.abort()

    def _forget(self, client: socket.socket, connection: asyncio.Task[None]) -> None:
        """Close it here: a task that is cancelled before it begins does nothing itself."""
        self._connections.discard(connection)
        client.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(HOST, self.target)
        requests: Chunks = asyncio.Queue(_MOST_CHUNKS_ON_THE_WAY)
        answers: Chunks = asyncio.Queue(_MOST_CHUNKS_ON_THE_WAY)
        takers = [
            asyncio.create_task(_take(reader, requests, lambda: 0.0)),
            asyncio.create_task(_take(server_reader, answers, lambda: self._delay_seconds)),
        ]
        givers = [
            asyncio.create_task(self._hand_on(requests, server_writer, self._until_the_cut)),
            asyncio.create_task(self._hand_on(answers, writer, len)),
        ]
        try:
            await asyncio.wait(givers, return_when=asyncio.FIRST_COMPLETED)
            server_writer.close()
        finally:
            for pump in (*takers, *givers):
                pump.cancel()
            await asyncio.gather(*takers, *givers, return_exceptions=True)
            if not server_writer.is_closing():
                server_writer.transport.abort()

    async def _hand_on(
        self, chunks: Chunks, writer: asyncio.StreamWriter, allowed: Callable[[bytes], int]
    ) -> None:
        """Write each chunk when it is due; `allowed` tells how much of it may still pass."""
        while True:
            due, chunk = await chunks.get()
            if not chunk:
                return
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await self._flowing.wait()
            count = allowed(chunk)
            writer.write(chunk[:count])
            await writer.drain()
            if count < len(chunk):
                self._break_off()

    def _until_the_cut(self, chunk: bytes) -> int:
        left = self._bytes_to_a_cut
        if left is None:
            return len(chunk)
        if left >= len(chunk):
            self._bytes_to_a_cut = left - len(chunk)
            return len(chunk)
        self._bytes_to_a_cut = None
        return left


async def _take(reader: asyncio.StreamReader, chunks: Chunks, delay: Callable[[], float]) -> None:
    """Read until the end; each chunk is due `delay` seconds after it came, the last is empty."""
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            await chunks.put((time.monotonic() + delay(), chunk))
    await chunks.put((0.0, b""))


@contextmanager
def running_proxies(routes: Mapping[int, int]) -> Iterator[dict[int, Proxy]]:
    """Proxies for these ports and their targets until the end of the block, by port.

    Raises OSError if a port is taken.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxies", daemon=True)
    thread.start()
    proxies: dict[int, Proxy] = {}
    try:
        for port, target in routes.items():
            proxies[port] = Proxy(port, target)
            _in(loop, proxies[port].start())
        yield proxies
    finally:
        for proxy in proxies.values():
            _in(loop, proxy.stop())
        _in(loop, asyncio.sleep(0))  # what was broken off last closes its socket
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _in(loop: asyncio.AbstractEventLoop, work: Coroutine[None, None, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, loop).result(_LONGEST_START_SECONDS)
