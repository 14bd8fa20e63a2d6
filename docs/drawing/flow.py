"""Who writes to which topic and who reads it: the service at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docs.drawing.canvas import Box, arrow, box, picture, straight, text
from schemas import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH: Final = 1080
_HEIGHT: Final = 500
_PILL_HEIGHT: Final = 28

_CLIENTS: Final = Box(25, 60, 120, 300)
_ORDERS: Final = Box(500, 60, 150, 360)
_CUSTOMERS: Final = Box(905, 60, 150, 76)
_INVENTORY: Final = Box(905, 284, 150, 76)
_DATABASE: Final = Box(500, 450, 150, 34)

_TO_ORDERS: Final = (topics.COMMANDS, 85, "create, update-shipping, cancel …")
_FROM_ORDERS: Final = (
    (topics.RESULTS, 145, "one result for every command"),
    ("your reply topic", 205, "a copy, if the command asks for it"),
    (topics.EVENTS, 265, "every change of every order"),
    (topics.SNAPSHOTS, 325, "the newest state, compacted"),
)


def flow_picture() -> str:
    """The flow of messages as SVG."""
    pieces = [*_boxes(), *_clients_side(), *_dead_letters(), *_services_side(), *_database()]
    title = "The flow of messages between clients, topics and workers"
    return picture(_WIDTH, _HEIGHT, title, pieces)


def _boxes() -> Iterator[str]:
    yield box(_CLIENTS, "your services", "any language")
    yield box(_ORDERS, "orders worker", "decides, stores,", "publishes, then", "acknowledges")
    yield box(_CUSTOMERS, "customers worker", "simulated:", "put yours in its place")
    yield box(_INVENTORY, "inventory worker", "simulated:", "put yours in its place")
    yield text(_CLIENTS.middle[0], 36, "clients")
    yield text(_ORDERS.middle[0], 36, "the service")
    yield text(_CUSTOMERS.middle[0], 36, "whom it asks")


def _clients_side() -> Iterator[str]:
    name, y, words = _TO_ORDERS
    pill = _pill(215, y, 200)
    yield box(pill, name, kind="topic", corner=14)
    yield text(pill.middle[0], pill.bottom + 14, words)
    yield straight((_CLIENTS.right, y), (pill.left, y), "ask")
    yield straight((pill.right, y), (_ORDERS.left, y), "ask")
    for name, y, words in _FROM_ORDERS:
        pill = _pill(215, y, 200)
        yield box(pill, name, kind="topic", corner=14)
        yield text(pill.middle[0], pill.bottom + 14, words)
        yield straight((_ORDERS.left, y), (pill.right, y), "reply")
        yield straight((pill.left, y), (_CLIENTS.right, y), "reply")


def _dead_letters() -> Iterator[str]:
    pill = _pill(215, 385, 200)
    yield box(pill, topics.dead_letter_topic(topics.COMMANDS), kind="topic", corner=14)
    yield text(pill.middle[0], pill.bottom + 14, "what cannot be read, as it was")
    yield straight((_ORDERS.left, 385), (pill.right, 385), "reply")


def _services_side() -> Iterator[str]:
    for service, name, y, words in (
        (_CUSTOMERS, topics.CUSTOMER_REQUESTS, 85, "may this customer order?"),
        (_INVENTORY, topics.INVENTORY_REQUESTS, 335, "reserve, release, fulfill"),
    ):
        pill = _pill(695, y, 165)
        yield box(pill, name, kind="topic", corner=14)
        yield text(pill.middle[0], pill.bottom + 14, words)
        yield straight((_ORDERS.right, y), (pill.left, y), "ask")
        yield straight((pill.right, y), (service.left, y), "ask")
    pill = _pill(695, 210, 165)
    yield box(pill, topics.REPLIES, kind="topic", corner=14)
    yield text(pill.middle[0], pill.bottom + 14, "answers, and deadlines")
    yield straight((pill.left, 210), (_ORDERS.right, 210), "reply")
    x = _CUSTOMERS.middle[0]
    for edge in (_CUSTOMERS.bottom, _INVENTORY.top):
        path = f"M{x:g} {edge:g} Q{x:g} 210 {pill.right + 7:g} 210"
        yield arrow(path, "reply")


def _database() -> Iterator[str]:
    x = _DATABASE.middle[0]
    yield box(_DATABASE, "MongoDB", corner=4)
    yield straight((x, _ORDERS.bottom), (x, _DATABASE.top), "ask")
    yield text(x + 90, 471, "orders with their history, remembered refusals", anchor="start")


def _pill(left: float, y: float, width: float) -> Box:
    return Box(left, y - _PILL_HEIGHT / 2, width, _PILL_HEIGHT)
