"""Both services as their workers make them, on stores in memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.inventory.memory import MemoryInventoryStore
from workers.customers import worker as customers
from workers.inventory import worker as inventory
from workers.stream.answering import RequestAnswerer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.requests import InventoryRequest, ValidateCustomer
    from workers.stream.ports import Publisher

PARTITIONS = 12


async def twelve_partitions() -> int:
    """What the broker would say."""
    return PARTITIONS


class MemoryCustomerStore:
    """Customers in a dict."""

    def __init__(self, statuses: Mapping[str, str]) -> None:
        """Know these customers."""
        self._statuses = statuses

    async def load(self, customer_ids: Collection[str]) -> Mapping[str, str]:
        """The status of each of these customers that exists."""
        return {name: found for name, found in self._statuses.items() if name in customer_ids}


def customer_service(
    publisher: Publisher, dead_letters: Publisher
) -> RequestAnswerer[ValidateCustomer]:
    """A customer service that knows ann, who may order, and bob, who is blocked."""
    store = MemoryCustomerStore({"ann": "active", "bob": "blocked"})
    answer = partial(customers.answer, store)
    return RequestAnswerer(customers.MODELS, answer, publisher, dead_letters, twelve_partitions)


def inventory_service(
    publisher: Publisher, dead_letters: Publisher, store: MemoryInventoryStore | None = None
) -> RequestAnswerer[InventoryRequest]:
    """An inventory service with 10 apples and 5 pears."""
    answer = partial(inventory.answer, store or MemoryInventoryStore({"apple": 10, "pear": 5}))
    return RequestAnswerer(inventory.MODELS, answer, publisher, dead_letters, twelve_partitions)
