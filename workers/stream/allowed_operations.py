"""The question which operations a client may do on topics: Kafka's own, which the driver lacks.

Specification: Kafka protocol, Metadata version 8 (KIP-430), which brokers know since 2.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

if TYPE_CHECKING:
    from collections.abc import Mapping

_METADATA: Final = 3
_VERSION: Final = 8

OPERATIONS: Final[Mapping[str, int]] = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Delete": 6,
    "Alter": 7,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
"""Operations by their code in Kafka's protocol, which is the number of their bit as well."""

_NOT_TOLD: Final = -(2**31)


def rights_of(bits: int) -> frozenset[str]:
    """The operations whose bits are set; all of them where the broker does not tell."""
    if bits == _NOT_TOLD:
        return frozenset(OPERATIONS)
    return frozenset(name for name, code in OPERATIONS.items() if bits >> code & 1)


class AllowedOperationsResponse(Response):  # type: ignore[misc]  # the driver ships no types
    """For each topic an error code, its name and the operations that are allowed, as bits."""

    API_KEY = _METADATA
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(
                ("node_id", Int32),
                ("host", String("utf-8")),
                ("port", Int32),
                ("rack", String("utf-8")),
            ),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class AllowedOperationsStruct(RequestStruct):  # type: ignore[misc]  # as above
    """What goes over the wire."""

    API_KEY = _METADATA
    API_VERSION = _VERSION
    RESPONSE_TYPE = AllowedOperationsResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class AllowedOperationsRequest(Request[AllowedOperationsStruct]):  # type: ignore[misc]  # as above
    """Asks about these topics, and makes none of them."""

    API_KEY = _METADATA

    def __init__(self, topics: list[str]) -> None:
        """Ask about the topics of these names."""
        self._topics = topics

    def build(self, request_struct_class: type[AllowedOperationsStruct]) -> AllowedOperationsStruct:
        """The request in the one version that is known here."""
        return request_struct_class(self._topics, False, False, True)  # noqa: FBT003 - in the schema's order
