"""Every way to come to Kafka and MongoDB works; and who is not let in is told why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from schemas.commands import CommandType
from schemas.topics import COMMANDS, EVENTS, RESULTS
from tests.security.certificates import Certificates
from workers.database import away_when_unreachable, connect
from workers.dev.client import CommandToSend, command_sender
from workers.dev.following import Start, follow, next_records, partitions_of
from workers.security.connection_settings import SaslMechanism, SecurityProtocol
from workers.security.rights import OPERATOR, STOREFRONT
from workers.stream.ports import OutsideAwayError, OutsideRefusesError
from workers.stream.topic_admin import missing_topics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.security.place import Place
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.slow]

SSL, SASL_SSL = SecurityProtocol.SSL, SecurityProtocol.SASL_SSL
SASL_PLAINTEXT = SecurityProtocol.SASL_PLAINTEXT
WAYS = [
    *((SASL_SSL, mechanism) for mechanism in SaslMechanism),
    (SASL_PLAINTEXT, SaslMechanism.SCRAM_SHA_512),
    (SSL, SaslMechanism.SCRAM_SHA_512),
]


def changed(settings: Settings, **others: Any) -> Settings:  # noqa: ANN401 - any setting
    """The settings with others."""
    return settings.model_copy(update=others)


@pytest.mark.parametrize(("protocol", "mechanism"), WAYS)
async def test_every_way_to_kafka(
    place: Place, protocol: SecurityProtocol, mechanism: SaslMechanism
) -> None:
    """Producer, consumer and admin client come in by each protocol and mechanism."""
    settings = place.settings_of(OPERATOR.user, protocol, mechanism)
    assert await missing_topics(settings, [COMMANDS, RESULTS]) == []
    places = await partitions_of(settings, [COMMANDS])
    command = CommandToSend(CommandType.DELETE, f"by {protocol} and {mechanism}", {})
    async with follow(settings, places, Start.NOW) as consumer:
        async with command_sender(settings) as sender:
            await sender.send([command])
        found = await next_records(consumer, longest_wait=30)
    assert command.order_id.encode() in [record.key for record in found]


async def test_mongodb_is_come_to_with_tls_and_a_login(place: Place) -> None:
    """The settings' user is the one that MongoDB sees."""
    database = connect(place.settings_of(OPERATOR.user))
    status = await database.client.admin.command("connectionStatus")
    database.client.close()
    assert [user["user"] for user in status["authInfo"]["authenticatedUsers"]] == [OPERATOR.user]


async def why_not(settings: Settings) -> str:
    """Why Kafka does not let anybody in with these settings."""
    with pytest.raises(OutsideAwayError) as refused:
        await missing_topics(settings, [EVENTS])
    return str(refused.value)


async def test_kafka_refuses_a_wrong_password(place: Place) -> None:
    """The user is named, its password is not."""
    wrong = changed(place.settings_of(STOREFRONT.user), kafka_password=SecretStr("tell-nobody"))
    for mechanism in SaslMechanism:
        told = await why_not(changed(wrong, kafka_sasl_mechanism=mechanism))
        assert f"refuses the user 'shop' or its password ({mechanism})" in told
        assert "tell-nobody" not in told


async def test_kafka_cannot_be_trusted(place: Place, tmp_path: Path) -> None:
    """A certificate that somebody else has signed is not accepted."""
    stranger = Certificates.in_folder(tmp_path)
    settings = place.settings_of(STOREFRONT.user)
    told = await why_not(changed(settings, kafka_ca_file=str(stranger.authorities)))
    assert "cannot be trusted" in told
    assert "OMS_KAFKA_CA_FILE" in told


async def test_a_broker_by_another_name_cannot_be_trusted(place: Place) -> None:
    """The certificate must be that of the host that was asked for."""
    settings = place.settings_of(STOREFRONT.user)
    elsewhere = settings.kafka_bootstrap.replace("127.0.0.1", "127.1")
    assert "cannot be trusted" in await why_not(changed(settings, kafka_bootstrap=elsewhere))


async def test_kafka_wants_another_protocol(place: Place) -> None:
    """Whoever comes without TLS, a login or a certificate is told which setting that may be."""
    settings = place.settings_of(STOREFRONT.user)
    plain = changed(settings, kafka_security_protocol=SecurityProtocol.PLAINTEXT)
    for port in place.stack.layout.brokers[0].secured_ports.values():
        told = await why_not(changed(plain, kafka_bootstrap=f"127.0.0.1:{port}"))
        assert "another OMS_KAFKA_SECURITY_PROTOCOL than PLAINTEXT" in told
    asked = f"127.0.0.1:{place.stack.layout.brokers[0].secured_ports[SSL]}"
    nothing_shown = changed(settings, kafka_security_protocol=SSL, kafka_bootstrap=asked)
    assert "to be shown a certificate" in await why_not(nothing_shown)


async def refusal_of_mongodb(settings: Settings) -> str:
    """Why MongoDB does not let anybody in with these settings."""
    database = connect(settings)
    with (
        pytest.raises((OutsideAwayError, OutsideRefusesError)) as refused,
        away_when_unreachable(),
    ):
        await database["orders"].find_one({})
    database.client.close()
    return str(refused.value)


async def test_mongodb_refuses_a_wrong_password(place: Place) -> None:
    """It is a refusal, in a sentence without the driver's details."""
    settings = changed(place.settings_of(OPERATOR.user), mongo_password=SecretStr("tell-nobody"))
    assert await refusal_of_mongodb(settings) == "MongoDB refuses: AuthenticationFailed, code 18"


async def test_mongodb_cannot_be_trusted(place: Place, tmp_path: Path) -> None:
    """A certificate that somebody else has signed is not accepted; it is waited for another."""
    stranger = Certificates.in_folder(tmp_path)
    settings = changed(place.settings_of(OPERATOR.user), mongo_ca_file=str(stranger.authorities))
    told = await refusal_of_mongodb(settings)
    assert told.startswith("MongoDB does not answer: ")
    assert "certificate" in told
