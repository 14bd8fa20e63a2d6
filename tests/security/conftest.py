"""One Kafka and one MongoDB that ask who is there, for all tests of this folder."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.cli.command_line import CommandLine
from tests.security.certificates import Certificates
from tests.security.granting import add_mongo_user, add_scram_users, grant
from tests.security.parties import client_of
from tests.security.place import PARTITIONS, PASSWORDS, Place
from workers.dev.secured import Secured
from workers.dev.stack import StackOptions, start_stack
from workers.security.rights import EVERYBODY, OPERATOR, STOREFRONT
from workers.settings import Settings
from workers.stream.topic_admin import create_topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.storefront import Storefront


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """It has all topics, and all users with the least rights of each."""
    folder = tmp_path_factory.mktemp("secured")
    certificates = Certificates.in_folder(folder)
    shared_key = folder / "shared-key"
    shared_key.write_text("MembersKnowEachOtherByThis")
    shared_key.chmod(0o600)
    secured = Secured(certificates.server(), certificates.authorities, shared_key, PASSWORDS)
    with start_stack(StackOptions(ephemeral=True, secured=secured)) as stack:
        found = Place(stack, certificates, folder)
        _let_in(found)
        yield found


def _let_in(place: Place) -> None:
    """As the operator of such a stack would, before anything else."""
    plain = Settings(kafka_bootstrap=place.stack.kafka_bootstrap, partitions=PARTITIONS)
    asyncio.run(create_topics(plain))
    admin = place.admin()
    add_scram_users(admin, PASSWORDS)
    with place.mongo() as client:
        for rights in EVERYBODY:
            grant(admin, rights)
            add_mongo_user(client, plain.mongo_database, rights, PASSWORDS[rights.user])


@pytest.fixture(scope="session")
def oms(place: Place) -> CommandLine:
    """`oms` as the operator."""
    return CommandLine.with_settings(place.settings_of(OPERATOR.user))


@pytest.fixture(scope="session")
def shop(place: Place) -> Storefront:
    """A storefront, which has no more than its login."""
    return client_of(place, STOREFRONT.user)
