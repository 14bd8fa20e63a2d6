"""What this user may do with a group: a question to Kafka that the driver does not ask right.

Specification: Kafka protocol, DescribeGroups version 3 (KIP-430), which brokers know since 2.3.
"""

from __future__ import annotations

from typing import Final

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Bytes, Int16, Int32, Schema, String

TOPIC_DENIED: Final = 29
GROUP_DENIED: Final = 30
_DESCRIBE_GROUPS: Final = 15
_DESCRIBE_GROUPS_VERSION: Final = 3


class _GroupsResponseStruct(Response):  # type: ignore[misc]  # the driver has no types
    API_KEY = _DESCRIBE_GROUPS
    API_VERSION = _DESCRIBE_GROUPS_VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "groups",
            Array(
                ("error_code", Int16),
                ("group", String("utf-8")),
                ("state", String("utf-8")),
                ("protocol_type", String("utf-8")),
                ("protocol", String("utf-8")),
                (
                    "members",
                    Array(
                        ("member_id", String("utf-8")),
                        ("client_id", String("utf-8")),
                        ("client_host", String("utf-8")),
                        ("member_metadata", Bytes),
                        ("member_assignment", Bytes),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
    )


class _GroupsRequestStruct(RequestStruct):  # type: ignore[misc]  # the driver has no types
    API_KEY = _DESCRIBE_GROUPS
    API_VERSION = _DESCRIBE_GROUPS_VERSION
    RESPONSE_TYPE = _GroupsResponseStruct
    SCHEMA = Schema(("groups", Array(String("utf-8"))), ("include_authorized_operations", Boolean))


class GroupQuestion(Request[_GroupsRequestStruct]):  # type: ignore[misc]  # as above
    """Asks for a group, who is in it, and the rights on it."""

    API_KEY = _DESCRIBE_GROUPS

    def __init__(self, group: str) -> None:
        """Ask for this one."""
        self._group = group

    def build(self, request_struct_class: type[_GroupsRequestStruct]) -> _GroupsRequestStruct:
        """The request as it goes out."""
        return request_struct_class([self._group], True)  # noqa: FBT003 - the protocol's
