"""Commands, results, dead letters and positions that are broken on purpose are found."""

from __future__ import annotations

import pytest

from schemas.topics import COMMANDS, CUSTOMER_REQUESTS, REPLIES, RESULTS
from tests.verifying.breaking import (
    DEAD,
    Broken,
    acknowledge,
    age,
    answer_the_dead,
    assert_is_found,
    both,
    bury_cause,
    commit,
    feed,
    lose,
    lose_the_letter,
    point_elsewhere,
    rewrite,
    tell_again,
    tell_otherwise,
)

BROKEN = {
    "a result is lost": Broken(
        lose(RESULTS, "gone"), 1, "gone", "neither a result nor a dead letter"
    ),
    "a refusal is lost": Broken(
        lose(RESULTS, "nobody"), 1, "nobody", "order.delete.v1 delete-nobody"
    ),
    "poison without a dead letter": Broken(lose_the_letter, 1, None, "not a CloudEvent"),
    "a result and a dead letter": Broken(
        answer_the_dead, 1, "kept", "has a dead letter and the result"
    ),
    "a result that nobody asked for": Broken(
        both(lose(COMMANDS, "kept"), lose(COMMANDS, "kept")),
        1,
        "kept",
        "nobody sent it",
    ),
    "an acknowledged command that is not there": Broken(
        acknowledge("kept", "create-lost"),
        1,
        "kept",
        "create-lost of /shop was acknowledged: it is not there",
    ),
    "an acknowledged command in another's place": Broken(
        acknowledge("kept", "create-kept", offset=1),
        1,
        "kept",
        "was acknowledged at orders.commands[3]@1",
    ),
    "a result that is none": Broken(
        tell_otherwise(RESULTS, "kept", 0, '"command"', '"commend"'),
        1,
        "kept",
        "cannot be read",
    ),
    "another result for the same command": Broken(
        tell_again(RESULTS, "dropped", 1, time="2026-01-01T00:00:00.000Z"),
        2,
        "dropped",
        "different results: orders.results[3]@",
    ),
    "a command that made two versions": Broken(
        rewrite("there", 3, id="deliver-there"),
        2,
        "there",
        "deliver-there of /shop made version 3 and version 4",
    ),
    "something unread": Broken(
        commit(COMMANDS, 19), 13, None, "orders.commands[3]@19 to 19 is not"
    ),
    "something never read": Broken(
        commit(CUSTOMER_REQUESTS, 0), 13, None, "customers.requests[3]@0"
    ),
    "a commit of what is not there": Broken(commit(REPLIES, 1_000), 13, None, "1000 is committed"),
    "a commit past unfinished work": Broken(lose(RESULTS, "gone"), 13, "gone", "and is committed"),
    "records that aged out unread": Broken(
        both(age(REPLIES, 10), commit(REPLIES, 5)),
        13,
        None,
        "records from orders.replies[3]@5 to 10 are gone, unread",
    ),
    "a dead letter of nothing": Broken(point_elsewhere, 14, None, "where no such record is"),
    "a dead letter of an answered command": Broken(
        answer_the_dead, 14, "kept", "has a dead letter and"
    ),
    "a dead letter of a reply that made a version": (
        Broken(bury_cause("kept", 2), 14, "kept", "also made version 2")
    ),
    "poison of the ledger without a dead letter": Broken(
        both(feed(19), feed(0)),
        14,
        None,
        "orders.commands[3]@0 is poison, and has no dead letter",
    ),
    "a dead letter that is no poison of the ledger": Broken(
        feed(18),
        14,
        None,
        "of orders.commands[3]@19, which was not fed as poison",
    ),
    "a dead letter that differs": Broken(
        lambda f: f.change(DEAD, 0, value=b"{yes"),
        14,
        None,
        "is not equal to orders.commands[3]@19, which it names",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str) -> None:
    """In what became of commands (1, 2), in positions (13) and in dead letters (14)."""
    assert_is_found(BROKEN[name])
