"""Which topics a worker may not use, by what brokers tell of them."""

from __future__ import annotations

from workers.stream.rights import denied

NOT_TOLD = -(2**31)
READ_AND_DESCRIBE = 0b1_0000_1000
DENIED, UNKNOWN = 29, 3


def test_a_topic_that_is_hidden_or_does_not_allow_it_is_denied() -> None:
    """The right to read is not the one to write; what is missing is no matter of rights."""
    told = [
        (0, "read", False, (), READ_AND_DESCRIBE),
        (DENIED, "hidden", False, (), NOT_TOLD),
        (UNKNOWN, "missing", False, (), 0),
    ]
    assert denied(told, "Read") == ["hidden"]
    assert denied(told, "Write") == ["read", "hidden"]


def test_a_broker_that_does_not_tell_denies_nothing() -> None:
    """Some that speak Kafka's protocol have no rights, and say so: workers begin all the same."""
    assert denied([(0, "any", False, (), NOT_TOLD)], "Write") == []
