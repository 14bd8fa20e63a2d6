"""Header names and the reply address: CloudEvents 1.0, Kafka protocol binding, and request/reply.

CloudEvents: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SPEC_VERSION: Final = "ce_specversion"
ID: Final = "ce_id"
SOURCE: Final = "ce_source"
TYPE: Final = "ce_type"
TIME: Final = "ce_time"
SUBJECT: Final = "ce_subject"
CORRELATION_ID: Final = "ce_correlationid"
CAUSATION_ID: Final = "ce_causationid"
ORDER_VERSION: Final = "ce_orderversion"
CONTENT_TYPE: Final = "content-type"
TRACE_PARENT: Final = "traceparent"
TRACE_STATE: Final = "tracestate"

REPLY_CORRELATION: Final = "kafka_correlationId"
REPLY_TOPIC: Final = "kafka_replyTopic"
REPLY_PARTITION: Final = "kafka_replyPartition"
REPLY_CORRELATION_FASTSTREAM: Final = "correlation_id"
REPLY_TOPIC_FASTSTREAM: Final = "reply_to"

JSON_CONTENT: Final = b"application/json"
STRUCTURED_CONTENT: Final = b"application/cloudevents+json"

CLOUD_EVENTS_VERSION: Final = "1.0"


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where a client wants the copy of its result, and the bytes that it knows it again by."""

    topic: str
    partition: int | None
    correlation_name: str
    correlation: bytes | None
