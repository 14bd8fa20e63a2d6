"""How every Kafka client of this project connects: addresses, TLS and logins; and why it cannot."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from workers.security.tls import client_context
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from workers.settings import Settings

_REQUEST_TIMEOUT_MILLISECONDS: Final = 30_000
_QUESTION_SECONDS: Final = 5.0


def client_arguments(settings: Settings) -> dict[str, Any]:
    """Arguments that aiokafka's producer, consumer and admin client have in common."""
    return {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": "order-management-service",
        "request_timeout_ms": _REQUEST_TIMEOUT_MILLISECONDS,
        **security_arguments(settings),
    }


def bootstrap_servers(settings: Settings) -> list[str]:
    """The brokers' addresses, host:port each."""
    return [server.strip() for server in settings.kafka_bootstrap.split(",") if server.strip()]


def security_arguments(settings: Settings) -> dict[str, Any]:
    """TLS and login of one connection, in aiokafka's names."""
    protocol = settings.kafka_security_protocol
    arguments: dict[str, Any] = {"security_protocol": protocol.value}
    if protocol.is_encrypted:
        arguments["ssl_context"] = client_context(settings.kafka_tls)
    if protocol.has_login:
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism.value
        arguments["sasl_plain_username"] = settings.kafka_username
        arguments["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return arguments


async def start_producer(producer: AIOKafkaProducer, settings: Settings) -> None:
    """Connect a producer.

    Raises:
        OutsideAwayError: no broker answers, or none lets this client in.
    """
    try:
        await producer.start()
    except BaseException as error:
        await producer.stop()
        if isinstance(error, KafkaConnectionError):
            raise await why_not_connected(settings) from error
        raise


async def has_partition(producer: AIOKafkaProducer, topic: str, partition: int) -> bool:
    """Whether the topic has the partition; looked up anew if it is not known to have it.

    Raises:
        OutsideAwayError: no broker tells of the topic: none answers, or it is missing.
    """
    try:
        if partition in await producer.partitions_for(topic):
            return True
        await producer.client.force_metadata_update()
        return partition in await producer.partitions_for(topic)
    except UnknownTopicOrPartitionError as error:
        message = f"Kafka does not tell of the topic {topic}"
        raise OutsideAwayError(message) from error


def kafka_away(settings: Settings) -> OutsideAwayError:
    """The error that says where no broker answers."""
    return OutsideAwayError(f"Kafka does not answer at {settings.kafka_bootstrap}")


async def why_not_connected(settings: Settings) -> OutsideAwayError:
    """Ask the brokers once more, by themselves: drivers only say that none could be used.

    A login may be changed, and a certificate renewed, while this client waits: so the error is
    that of a broker that is away.
    """
    for host, port, _family in collect_hosts(bootstrap_servers(settings)):
        reason = await _refusal(settings, host, port)
        if reason is not None:
            return OutsideAwayError(f"Kafka at {host}:{port} {reason}")
    return kafka_away(settings)


async def _refusal(settings: Settings, host: str, port: int) -> str | None:
    """What a broker that is there has against this client; None if there is nothing, or nobody."""
    try:
        async with asyncio.timeout(_QUESTION_SECONDS):
            await _ask(settings, host, port)
    except (KafkaError, OSError) as error:
        return _in_words(settings, error)
    return None


def _in_words(settings: Settings, error: Exception) -> str | None:
    protocol, mechanism = settings.kafka_security_protocol, settings.kafka_sasl_mechanism
    match error:
        case SaslAuthenticationFailed():
            words = f"refuses the user {settings.kafka_username!r} or its password ({mechanism})"
        case UnsupportedSaslMechanismError():
            words = f"does not take {mechanism}: set OMS_KAFKA_SASL_MECHANISM to what it takes"
        case ssl.SSLCertVerificationError():
            words = f"cannot be trusted: {error.verify_message}; see OMS_KAFKA_CA_FILE"
        case ssl.SSLError():
            words = f"speaks no TLS that fits: OMS_KAFKA_SECURITY_PROTOCOL is {protocol}"
        case IllegalSaslStateError() | KafkaConnectionError():
            words = (
                "ends the connection: it may want another OMS_KAFKA_SECURITY_PROTOCOL than "
                f"{protocol}, or to be shown a certificate"
            )
        case _:
            return None
    return words


async def _ask(settings: Settings, host: str, port: int) -> None:
    """One request over one connection, which only a client that was let in gets an answer to."""
    connection = await create_conn(host, port, **security_arguments(settings))
    try:
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()
