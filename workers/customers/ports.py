"""What the customer service asks of its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class CustomerStore(Protocol):
    """Knows the customers."""

    async def load(self, customer_ids: Collection[str]) -> Mapping[str, str]:
        """The status of each of these customers that exists.

        Raises:
            OutsideAwayError: the store does not answer.
        """
