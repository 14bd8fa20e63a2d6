"""Gives users their rights, and takes them away again, as an administrator does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confluent_kafka.admin import AdminClient
    from pymongo import MongoClient

    from workers.security.rights import Operation, Rights

_PATIENCE_SECONDS = 30.0
_SCRAM_ROUNDS = 4096
_OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}


def add_scram_users(admin: AdminClient, passwords: Mapping[str, str]) -> None:
    """Let users log in at Kafka by SCRAM, with either hash."""
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        credential = ScramCredentialInfo(mechanism, _SCRAM_ROUNDS)
        wanted: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(user, credential, password.encode())
            for user, password in passwords.items()
        ]
        for done in admin.alter_user_scram_credentials(wanted).values():
            done.result(_PATIENCE_SECONDS)


def grant(admin: AdminClient, rights: Rights) -> None:
    """Give a user its rights at Kafka."""
    for done in admin.create_acls(list(_bindings(rights))).values():
        done.result(_PATIENCE_SECONDS)


def revoke(admin: AdminClient, rights: Rights) -> None:
    """Take these rights away from a user."""
    filters = [_as_filter(binding) for binding in _bindings(rights)]
    for done in admin.delete_acls(filters).values():
        assert done.result(_PATIENCE_SECONDS)


def only(rights: Rights, kind: str, operation: Operation, name: str) -> Rights:
    """Of a user's rights at Kafka the one."""
    one = {operation: (name,)}
    topics, groups = (one, {}) if kind == "topic" else ({}, one)
    return replace(rights, topics=topics, groups=groups)


def _bindings(rights: Rights) -> Iterator[AclBinding]:
    for kind, wanted in ((ResourceType.TOPIC, rights.topics), (ResourceType.GROUP, rights.groups)):
        for operation, names in wanted.items():
            for name in names:
                yield _binding(rights.user, kind, _OPERATIONS[operation], name)


def _binding(user: str, kind: ResourceType, operation: AclOperation, name: str) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if name.endswith("*") else ResourcePatternType.LITERAL
    return AclBinding(
        kind,
        name.removesuffix("*"),
        pattern,
        f"User:{user}",
        "*",
        operation,
        AclPermissionType.ALLOW,
    )


def _as_filter(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def privileges(database: str, collections: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Rights at MongoDB, as its commands take them."""
    return [
        {"resource": {"db": database, "collection": name}, "actions": list(actions)}
        for name, actions in collections.items()
        if actions
    ]


def add_mongo_user(
    client: MongoClient[dict[str, Any]], database: str, rights: Rights, password: str
) -> None:
    """Let a user log in at MongoDB, with its rights."""
    client[database].command(
        "createRole", rights.user, privileges=privileges(database, rights.collections), roles=[]
    )
    client.admin.command(
        "createUser", rights.user, pwd=password, roles=[{"role": rights.user, "db": database}]
    )
