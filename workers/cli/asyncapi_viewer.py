"""The viewer of AsyncAPI documents, from npm: one version, checked against its hash.

`@asyncapi/react-component` is the AsyncAPI initiative's own, under the Apache License 2.0.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from workers.cli.failures import FailedError
from workers.contract.page import Viewer

PACKAGE: Final = "@asyncapi/react-component"
VERSION: Final = "3.2.1"
INTEGRITY: Final = (
    "sha512-k5ZqJd6+oxYaQ2o6F3rGWJ1MTIjXdpsUYB3NKQbV"
    "qr4yzrN0Ovj5c7eZx8NGd3wfKPhbOrLREtYl9K2OPfnSsA=="
)
"""Subresource Integrity of the package's archive, as `npm view` tells it."""

_SCRIPT: Final = "package/browser/standalone/index.js"
_STYLE: Final = "package/styles/default.min.css"
_LICENCES: Final = ("package/LICENSE", f"{_SCRIPT}.LICENSE.txt")
_PATIENCE_SECONDS: Final = 120


def fetch_viewer() -> Viewer:
    """The viewer's program and style.

    Raises:
        FailedError: npm is missing or cannot fetch it, or what came is not what was asked for.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FailedError("The page needs npm, and it is not installed. Without it: --output FILE")
    with tempfile.TemporaryDirectory() as folder:
        archive = _fetched(npm, Path(folder))
        _check(archive)
        return _unpacked(archive)


def _fetched(npm: str, folder: Path) -> Path:
    wanted = f"{PACKAGE}@{VERSION}"
    try:
        done = subprocess.run(  # noqa: S603 - npm, and a package that is named above
            [npm, "pack", wanted, "--silent", "--ignore-scripts", "--pack-destination", folder],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FailedError(f"npm did not fetch {wanted} in {_PATIENCE_SECONDS} seconds") from None
    found = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(found) != 1:
        raise FailedError(f"npm cannot fetch {wanted}: {_words(done.stderr)}")
    return found[0]


def _words(text: str) -> str:
    return " ".join(text.split())[:500] or "it does not say why"


def _check(archive: Path) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise FailedError(f"{PACKAGE}@{VERSION} is not the one that was checked: sha512-{digest}")


def _unpacked(archive: Path) -> Viewer:
    with tarfile.open(archive) as files:
        licences = "\n".join(_text(files, name) for name in _LICENCES)
        about = f"The viewer is {PACKAGE} {VERSION}. Its licence, and those of what it holds:\n"
        return Viewer(_text(files, _SCRIPT), _text(files, _STYLE), f"{about}\n{licences}")


def _text(files: tarfile.TarFile, name: str) -> str:
    member = files.extractfile(name)
    if member is None:
        raise FailedError(f"{PACKAGE}@{VERSION} has no file {name}")
    return member.read().decode()
