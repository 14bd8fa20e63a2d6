"""The story of an order in words."""

from __future__ import annotations

from schemas.events import EventType
from schemas.replies import ReplyType
from schemas.topics import COMMANDS, REPLIES
from workers.cli.explaining import explain, still_waits
from workers.orders.deadlines import Patience, waiting_after
from workers.orders.evolve import created, evolve
from workers.orders.order import Cause, Change, Order, ProductLine, Shipping

SECOND = 1000


def command(name: str) -> Cause:
    """A command of a shop."""
    return Cause("/shop", f"command-{name}", f"order.{name}.v1", COMMANDS, 1)


def reply(reply_type: str, source: str = "/inventory") -> Cause:
    """A reply of a service."""
    return Cause(source, "reply-1", reply_type, REPLIES, 1)


def order_with(*changes: Change) -> Order:
    """An order that has gone through these changes after its creation."""
    first = Change(1, EventType.CREATED, 0, command("create"))
    order = created("o1", 0, "12345", "default", (ProductLine("98765", 2),), first)
    for change in changes:
        order = evolve(order, change)
    return order


def test_every_line_names_what_and_the_command_that_caused_it() -> None:
    """A line says what happened, and which command of which source it came from."""
    shipping = Shipping("UPS", "XYZ456")
    order = order_with(
        Change(2, EventType.PROCESSING, 30, reply(ReplyType.RESERVED)),
        Change(3, EventType.SHIPPING_UPDATED, 60, command("update-shipping"), shipping=shipping),
    )
    line = explain(order)[2]
    assert line.what == "Shipping changed to UPS XYZ456"
    assert line.because == "command order.update-shipping.v1 command-update-shipping of /shop"
    assert line.waited is None


def test_a_wait_tells_how_long_and_for_whom() -> None:
    """What a reply decided tells how long it was waited for, and for which service."""
    order = order_with(Change(2, EventType.PROCESSING, 1500, reply(ReplyType.RESERVED)))
    line = explain(order)[1]
    assert (line.waited, line.waited_for) == (1500, "the inventory service")


def test_a_wait_is_counted_from_the_change_that_began_it() -> None:
    """A shipping update in between does not shorten the wait for the checks."""
    order = order_with(
        Change(2, EventType.SHIPPING_UPDATED, 500, command("update-shipping")),
        Change(3, EventType.EXPIRED, 155 * SECOND, reply(ReplyType.DEADLINE, "/orders")),
    )
    line = explain(order)[2]
    assert (line.waited, line.waited_for) == (155 * SECOND, "answers that did not come")
    assert line.because == "nobody answered in time"


def test_a_refusal_names_code_and_products() -> None:
    """A rejected order's line says why, and which products were short."""
    refused = Change(
        2,
        EventType.REJECTED,
        20,
        reply(ReplyType.REFUSED),
        code="OUT_OF_STOCK",
        message="There is not enough of a product",
        products=("sold-out",),
    )
    what = explain(order_with(refused))[1].what
    assert what == "Rejected: OUT_OF_STOCK (There is not enough of a product): sold-out"


def test_an_open_order_tells_for_whom_it_waits() -> None:
    """A pending order says who was asked, how often, and when again; a settled one says nothing."""
    order = order_with()
    assert still_waits(order) is None
    pending = order._replace(waiting=waiting_after(None, order, Patience()))
    assert still_waits(pending) == (
        "waits for the customer and inventory services: asked once since version 1, "
        "and again at 1970-01-01T00:00:05.000Z"
    )
