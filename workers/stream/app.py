"""The Faust app with its safe settings, and one agent that only puts batches into lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.serializers.schemas import Schema
from mode.supervisors import CrashingSupervisor

from workers.security.tls import client_context
from workers.stream.connection import bootstrap_servers
from workers.stream.transport.batches import BatchTransport

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faust import Stream
    from faust.serializers.schemas import DecodeFunction
    from faust.types import AppT, EventT, Message, StreamT

    from workers.settings import Settings
    from workers.stream.lanes.lanes import Lanes
    from workers.stream.transport.batches import RecordBatch
    from workers.stream.watching.lease import Lease

_HEARTBEATS_IN_A_SESSION: Final = 5
_REQUEST_TIMEOUT_SECONDS: Final = 30.0
_METADATA_MILLISECONDS: Final = 10_000
_SEVEN_DAYS: Final = 7 * 24 * 3600.0


class WorkerApp(faust.App):
    """A Faust app that reads through the batch transport and keeps no files."""

    lanes: Lanes
    lease: Lease

    def _new_transport(self) -> BatchTransport:
        transport = BatchTransport(self.conf.broker_consumer, self)
        transport.intake = self.lanes
        return transport

    def _create_directories(self) -> None:
        """Nothing: without tables there is nothing to keep."""


class BatchSchema(Schema):  # type: ignore[type-arg]  # at run time it takes no arguments
    """Batches are handed on as they are: the lanes decode."""

    def compile(self, app: AppT, **_handlers: object) -> DecodeFunction:
        """Return the function that makes an event of a message."""

        async def as_it_is(message: Message, *, propagate: bool = False) -> EventT[Any]:  # noqa: ARG001 - the signature is Faust's
            event: EventT[Any] = app.create_event(None, message.value, None, message)
            return event

        return as_it_is


def build_app(
    settings: Settings, group: str, topics: Iterable[str], lanes: Lanes, lease: Lease
) -> WorkerApp:
    """The app of one worker: consumer group `group` on `topics`, everything into `lanes`."""
    app = WorkerApp(
        group,
        broker=[f"kafka://{server}" for server in bootstrap_servers(settings)],
        broker_credentials=_credentials(settings),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        # 0 would take another assignor, which does not keep partition numbers together.
        table_standby_replicas=1,
        stream_wait_empty=True,
        agent_supervisor=CrashingSupervisor,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.5,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout / _HEARTBEATS_IN_A_SESSION,
        broker_request_timeout=_REQUEST_TIMEOUT_SECONDS,
        broker_rebalance_timeout=60.0,
        # Back-pressure is the lanes' business, and lack of progress the watchdog's.
        broker_max_poll_interval=_SEVEN_DAYS,
        broker_max_poll_records=settings.lane_batch_records,
        # Partitions that are added are read after this time; by default it is five minutes.
        consumer_metadata_max_age_ms=_METADATA_MILLISECONDS,
    )
    app.lanes = lanes
    app.lease = lease
    app.assignor.replicas = 0

    @app.agent(app.topic(*topics, schema=BatchSchema()), name=f"{group}-intake", concurrency=1)
    async def put_into_lanes(stream: StreamT[Sequence[RecordBatch]]) -> None:
        # noack returns a clone; the original would go on acknowledging.
        async for event in cast("Stream[Sequence[RecordBatch]]", stream).noack().events():
            for batch in event.value:
                lanes.put(batch)

    return app


def _credentials(settings: Settings) -> SASLCredentials | SSLCredentials | None:
    """What `security_arguments` says, in Faust's form."""
    protocol = settings.kafka_security_protocol
    context = client_context(settings.kafka_tls) if protocol.is_encrypted else None
    if protocol.has_login:
        return SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value(),
            ssl_context=context,
            mechanism=settings.kafka_sasl_mechanism.value,
        )
    return None if context is None else SSLCredentials(context)
