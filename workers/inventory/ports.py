"""What the inventory service asks of its store: to load and save within one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from workers.inventory.books import Changes, Known

Result = TypeVar("Result")


class ConflictError(Exception):
    """Somebody else changed the same stock or reservations: load and decide again."""


class Transaction(Protocol):
    """One transaction: what is saved was decided on exactly what was loaded."""

    async def load(self, order_ids: Collection[str], product_ids: Collection[str]) -> Known:
        """These orders' reservations, and these products and those that the orders hold.

        Raises:
            ConflictError: load and decide again, in another transaction.
            OutsideAwayError: the store does not answer.
        """

    async def save(self, changes: Changes) -> None:
        """Store all of it once the transaction ends, or nothing.

        Raises:
            ConflictError: load and decide again, in another transaction.
            OutsideAwayError: the store does not answer.
        """


class InventoryStore(Protocol):
    """Keeps stock and reservations."""

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction, to its end even if the caller is cancelled.

        Raises:
            ConflictError: nothing is stored, or it is not known whether; load and decide again.
            OutsideAwayError: the store does not answer; it is not known what is stored.
        """
