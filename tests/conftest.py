"""The real Kafka and MongoDB that the tests share, picked by what this machine has.

`OMS_TEST_BACKEND` says which: `embedded` (the default; nothing else is needed), `containers`
(Docker, through testcontainers) or `external` (the addresses in `OMS_KAFKA_BOOTSTRAP` and
`OMS_MONGO_URI`).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import hypothesis
import pytest

from workers.database import connect
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from motor.motor_asyncio import AsyncIOMotorDatabase


# A failed `then` of the specification shows what was told instead. Here, for tests of other
# folders tell the same stories, and may be collected first.
pytest.register_assert_rewrite("tests.spec.story")

# On a busy machine one example may take long; that is no fault of what is tested.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a Kafka and a MongoDB that hold the topics and the samples."""
    own = {"state_directory": str(tmp_path_factory.mktemp("states"))}
    with _backend() as found:
        prepare(found)
        yield found.model_copy(update=own)


@contextmanager
def _backend() -> Iterator[Settings]:
    name = os.environ.get("OMS_TEST_BACKEND", "embedded")
    match name:
        case "embedded":
            with start_stack(StackOptions(ephemeral=True)) as stack:
                yield stack.settings
        case "containers":
            # Only this choice needs Docker's client; the import alone costs a second.
            from tests.backends.containers import containers_stack  # noqa: PLC0415 - see above

            with containers_stack() as found:
                yield found
        case "external":
            yield Settings()
        case _:
            pytest.exit(f"OMS_TEST_BACKEND is {name!r}: choose embedded, containers or external")


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[AsyncIOMotorDatabase[dict[str, Any]]]:
    """An empty database of this test's own."""
    own = settings.model_copy(update={"mongo_database": f"test-{uuid4()}"})
    found = connect(own)
    yield found
    await found.client.drop_database(own.mongo_database)
    found.client.close()
