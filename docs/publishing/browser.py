"""A headless Chromium that opens one page, and tells what it shows and whom it asks.

It is spoken to over a pipe, in the Chrome DevTools Protocol: JSON, each message ended by a zero
byte. https://chromedevtools.github.io/devtools-protocol
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
_READ, _WRITE = 3, 4  # the numbers that the browser expects
_ABOVE: Final = 10
_CHUNK: Final = 1 << 20
PATIENCE_SECONDS: Final = 120.0


def chromium() -> str | None:
    """The browser of this machine, under whichever name it has."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Tab:
    """One page in the browser; `told` are the events that it has told so far."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        """Speak over these two ends of pipes."""
        self.told: list[tuple[str, dict[str, Any]]] = []
        self._incoming = incoming
        self._outgoing = outgoing
        self._numbers = count(1)
        self._unread = b""
        self._session: str | None = None

    def attach(self, width: int, height: int) -> None:
        """Make the tab, of this size in pixels, and listen to its network."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = session["sessionId"]
        self.call("Network.enable")
        self.call("Page.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=address)

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - any JSON
        """What a JavaScript expression is worth on the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """Return once the JavaScript expression is true on the page."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.evaluate(expression):
            if time.monotonic() > end:
                message = f"in {PATIENCE_SECONDS:g} s it did not become true: {expression}"
                raise TimeoutError(message)
            time.sleep(0.1)

    def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def requests(self) -> list[str]:
        """The addresses that the page has asked for."""
        return [
            what["request"]["url"]
            for method, what in self.told
            if method == "Network.requestWillBeSent"
        ]

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Have the browser do something, and return what it answers."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._outgoing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer:
                self.told.append((answer["method"], answer["params"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not select.select([self._incoming], [], [], PATIENCE_SECONDS)[0]:
                raise TimeoutError("the browser is silent")
            chunk = os.read(self._incoming, _CHUNK)
            if not chunk:
                raise RuntimeError("the browser has ended")
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def tab_of(browser: str, width: int, height: int) -> Iterator[Tab]:
    """A tab in a browser of its own, which ends with it."""
    to_browser, from_us = _pipe()
    to_us, from_browser = _pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [*_FLAGS, f"--user-data-dir={profile}"]
        process = _start([browser, *flags], to_browser, from_browser)
        try:
            tab = Tab(to_us, from_us)
            tab.attach(width, height)
            yield tab
        finally:
            process.kill()
            process.wait()
            os.close(to_us)
            os.close(from_us)


def _pipe() -> tuple[int, int]:
    """The two ends of a pipe, with numbers above those that the browser is to have."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


def _start(command: Sequence[str], to_read: int, to_write: int) -> subprocess.Popen[bytes]:
    renumbered = f'exec "$0" "$@" {_READ}<&{to_read} {_WRITE}>&{to_write}'
    try:
        return subprocess.Popen(  # noqa: S603 - the browser that was found
            ["/bin/bash", "-c", renumbered, *command],
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    finally:
        os.close(to_read)
        os.close(to_write)
