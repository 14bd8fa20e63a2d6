"""The table of topics is the contract's."""

from __future__ import annotations

from schemas.topics import OWN_TOPICS, TOPICS

_DAY = 86_400_000


def test_the_topics_are_those_of_the_contract() -> None:
    """Names, cleanup and retention of all eleven topics, written out by hand."""
    kept = {topic.name: (topic.config["cleanup.policy"], topic.retention_ms) for topic in TOPICS}
    assert kept == {
        "orders.commands": ("delete", 7 * _DAY),
        "orders.results": ("delete", 7 * _DAY),
        "orders.events": ("delete", -1),
        "orders.snapshots": ("compact", -1),
        "orders.replies": ("delete", 3 * _DAY),
        "customers.requests": ("delete", 3 * _DAY),
        "inventory.requests": ("delete", 3 * _DAY),
        "dlq.orders.commands": ("delete", 30 * _DAY),
        "dlq.orders.replies": ("delete", 30 * _DAY),
        "dlq.customers.requests": ("delete", 30 * _DAY),
        "dlq.inventory.requests": ("delete", 30 * _DAY),
    }
    assert kept.keys() == OWN_TOPICS


def test_dead_letters_may_be_larger_than_what_they_come_from() -> None:
    """A record with five headers more must fit, whatever the input topic took."""
    sizes = {topic.name: topic.max_message_bytes for topic in TOPICS}
    for name, size in sizes.items():
        if name.startswith("dlq."):
            assert size > 2 * sizes[name.removeprefix("dlq.")]
            assert size > 10_000_000


def test_the_brokers_configuration_says_the_same() -> None:
    """What is handed to the broker: retention where records are deleted, none where compacted."""
    configs = {topic.name: topic.config for topic in TOPICS}
    assert configs["orders.events"]["retention.ms"] == "-1"
    assert configs["orders.commands"]["retention.ms"] == "604800000"
    assert "retention.ms" not in configs["orders.snapshots"]
    assert all(int(config["max.message.bytes"]) > 1_000_000 for config in configs.values())
