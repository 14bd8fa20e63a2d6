"""A story for each kind of output, and the records that come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.spec.messages import (
    DESK,
    SHOP,
    ask_for,
    cancel,
    create,
    customer_invalid,
    customer_valid,
    deadline,
    delete,
    invalid,
    refused,
    release_refused,
    released,
    reserved,
    update_shipping,
)
from tests.spec.story import (
    CANCELING,
    CANCELING_UNDECIDED,
    DELIVERED,
    PENDING,
    PROCESSING,
    REJECTED,
    SHIPPED,
    Outcome,
)
from workers.orders.outgoing import encode_batch, refusal_record

if TYPE_CHECKING:
    from workers.orders.messages import Message
    from workers.stream.ports import OutboundRecord

EVERYTHING: list[tuple[tuple[str, ...], Message]] = [
    ((), create()),
    ((), invalid()),
    ((), cancel()),
    (PENDING, customer_valid(to="1:1")),
    (PENDING, customer_invalid(to="1:1")),
    (PENDING, refused(to="1:1", products=("apple", "pear"), message="none left")),
    (PENDING, reserved(to="1:1")),
    (PENDING, deadline(of="1:1")),
    (("created", "silence", "silence", "silence", "silence"), deadline(of="1:5")),
    (PENDING, cancel(reason="no")),
    (CANCELING, released(to="3:1")),
    (CANCELING, release_refused(to="3:1")),
    (CANCELING_UNDECIDED, released(to="2:1")),
    (CANCELING_UNDECIDED, release_refused(to="2:1")),
    (PROCESSING, update_shipping(reply=SHOP)),
    (PROCESSING, update_shipping("DHL", "1", reply=DESK)),
    (PROCESSING, update_shipping(expected_version=9)),
    (PROCESSING, ask_for("shipped", reason="picked up")),
    (PROCESSING, ask_for("delivered")),
    (SHIPPED, cancel()),
    (DELIVERED, delete()),
    (REJECTED, reserved(to="1:1")),
    (REJECTED, delete()),
]


def records_of(outcome: Outcome) -> list[OutboundRecord]:
    """Everything that is published, refusals as well."""
    made = encode_batch(outcome.batch, outcome.story.refusals, 3)
    order = outcome.batch.order
    return [*made.records, *(refusal_record(new.refusal, order, 3) for new in made.refusals)]
