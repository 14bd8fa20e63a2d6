"""The proxy: all bytes pass as they are, until it is told to cut, refuse, stall or slow them."""

from __future__ import annotations

import gc
import socket
import threading
import time
import warnings
from contextlib import ExitStack, closing
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

import pytest

from workers.dev.chaos.proxy import HOST, running_proxies
from workers.dev.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.dev.chaos.proxy import Proxy

SLOW_SECONDS = 0.5
ENDINGS = 10
CONNECTIONS = 10
BREAKS = (ConnectionResetError, BrokenPipeError)


class Echo(StreamRequestHandler):
    """Gives back every line."""

    def handle(self) -> None:
        """Until the client ends."""
        for line in self.rfile:
            self.wfile.write(line)


class EchoServer(ThreadingTCPServer):
    """Answers each connection in a thread of its own."""

    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a connection that breaks off is what is tested here."""


@pytest.fixture
def target() -> Iterator[int]:
    """The port of an echo server."""
    with EchoServer((HOST, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(target: int) -> Iterator[Proxy]:
    """A proxy in front of an echo server."""
    [port] = free_ports(1)
    with running_proxies({port: target}) as proxies:
        yield proxies[port]


def connect(proxy: Proxy) -> socket.socket:
    """A connection by way of the proxy."""
    return socket.create_connection((HOST, proxy.port), timeout=30)


def is_broken_off(connection: socket.socket) -> bool:
    """Whether the connection has been ended by the other side."""
    try:
        return connection.recv(1) == b""
    except BREAKS:
        return True


def test_everything_passes_as_it_is(proxy: Proxy) -> None:
    """A megabyte comes back byte for byte, also when the client has nothing more to say."""
    line = b"x" * 1_000_000 + b"\n"
    with closing(connect(proxy)) as connection:
        threading.Thread(target=connection.sendall, args=[line]).start()
        with connection.makefile("rb") as answers:
            assert answers.readline() == line


def test_a_cut_breaks_off_what_is_open_and_lets_in_what_comes_next(proxy: Proxy) -> None:
    """An open connection ends; the next one works."""
    with closing(connect(proxy)) as old:
        old.sendall(b"one\n")
        assert old.recv(100) == b"one\n"
        proxy.cut()
        assert is_broken_off(old)
    with closing(connect(proxy)) as new:
        new.sendall(b"two\n")
        assert new.recv(100) == b"two\n"


def test_a_cut_comes_within_a_message(proxy: Proxy) -> None:
    """The bytes before the cut reach the server, those after it do not."""
    proxy.cut_after(len(b"whole\nhalf"))
    with closing(connect(proxy)) as connection:
        connection.sendall(b"whole\n")
        assert connection.recv(100) == b"whole\n"
        assert proxy.is_cut_due
        connection.sendall(b"half of it\n")
        assert is_broken_off(connection)
    assert not proxy.is_cut_due


def test_new_connections_are_refused_until_it_heals(proxy: Proxy) -> None:
    """Old and new connections end; after healing they do not."""
    with closing(connect(proxy)) as old:
        old.sendall(b"one\n")
        assert old.recv(100) == b"one\n"
        proxy.refuse()
        assert is_broken_off(old)
    with closing(connect(proxy)) as refused:
        assert is_broken_off(refused)
    proxy.heal()
    with closing(connect(proxy)) as new:
        new.sendall(b"two\n")
        assert new.recv(100) == b"two\n"


def test_a_stalled_connection_goes_on_when_it_heals(proxy: Proxy) -> None:
    """Nothing comes while it is stalled, and all of it afterwards."""
    with closing(connect(proxy)) as connection:
        connection.sendall(b"one\n")
        assert connection.recv(100) == b"one\n"
        proxy.stall()
        connection.sendall(b"two\n")
        connection.settimeout(SLOW_SECONDS)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        proxy.heal()
        connection.settimeout(30)
        assert connection.recv(100) == b"two\n"


def test_a_slow_server_answers_later_and_in_order(proxy: Proxy) -> None:
    """Each answer takes as long as asked; those on their way together take it together."""
    proxy.slow(SLOW_SECONDS)
    with closing(connect(proxy)) as connection, connection.makefile("rb") as answers:
        began = time.monotonic()
        connection.sendall(b"one\n")
        connection.sendall(b"two\n")
        assert [answers.readline(), answers.readline()] == [b"one\n", b"two\n"]
        assert time.monotonic() - began >= SLOW_SECONDS


def test_it_ends_with_no_connection_left_open(target: int) -> None:
    """Connections that are just coming in when it ends are closed as well."""
    gc.collect()  # what others have left open is not to be found here
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(ENDINGS):
            [port] = free_ports(1)
            with ExitStack() as clients, running_proxies({port: target}) as proxies:
                for _ in range(CONNECTIONS):
                    clients.enter_context(closing(connect(proxies[port])))
        gc.collect()
    assert [str(warning.message) for warning in left_open] == []
