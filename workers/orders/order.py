"""The state of an order: frozen data that decisions are made on, its history included."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from schemas.events import EventType
    from schemas.headers import ReplyAddress
    from schemas.status import Status


class ProductLine(NamedTuple):
    """One product and how many pieces of it."""

    product_id: str
    quantity: int


class Shipping(NamedTuple):
    """Who carries the order, and under which number."""

    company: str
    tracking_number: str


class Cause(NamedTuple):
    """The message that caused a change, with all that is needed to answer it again.

    `topic` and `offset` tell where it stood in the order's lane; `reply` is where a command
    wanted its copy.
    """

    source: str
    id: str
    type: str
    topic: str
    offset: int
    correlation_id: str | None = None
    trace_parent: str | None = None
    trace_state: str | None = None
    reply: ReplyAddress | None = None


class Change(NamedTuple):
    """One version of an order: what happened, when (milliseconds since 1970) and why.

    `code`, `message` and `products` tell why a check said no. `copies` are further addresses,
    named by repeated deliveries of the command while its outcome was not known.
    """

    version: int
    type: EventType
    at: int
    cause: Cause
    reason: str | None = None
    shipping: Shipping | None = None
    code: str | None = None
    message: str | None = None
    products: tuple[str, ...] = ()
    copies: tuple[ReplyAddress, ...] = ()


class Purpose(StrEnum):
    """What an order waits for."""

    CHECKS = "checks"
    RELEASE = "release"
    FULFILLMENT = "fulfillment"


class Waiting(NamedTuple):
    """Who is asked for what: since which version, how often, and when it is asked again."""

    purpose: Purpose
    since: int
    attempt: int
    due_at: int


class Order(NamedTuple):
    """An order at one version.

    `lane` is the partition number it lives in; `revision` counts writes, of which there may be
    more than versions; `returns_to` is the status a refused cancel leads back to.
    """

    id: str
    lane: int
    status: Status
    version: int
    revision: int
    created_at: int
    updated_at: int
    history: tuple[Change, ...]
    customer_id: str | None = None
    storefront_id: str | None = None
    products: tuple[ProductLine, ...] | None = None
    shipping: Shipping | None = None
    reason: str | None = None
    returns_to: Status | None = None
    waiting: Waiting | None = None
