"""One verification, fed with what was found: no input or output, so that anything can be judged.

The topics and collections of a running system, those of a simulation, and those that a test has
broken on purpose all come through here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from schemas.topics import RESULTS
from workers.dev.verifying.cases import CasesInMemory
from workers.dev.verifying.documents import document_fact, reservation_fact
from workers.dev.verifying.judging import judge
from workers.dev.verifying.poison import Poison
from workers.dev.verifying.reading import fact_of
from workers.dev.verifying.report import Silence, Tally
from workers.dev.verifying.rest import check_positions
from workers.dev.verifying.stock import Books
from workers.stream.writing.dead_letters import is_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from workers.dev.verifying.bounds import Bounds, Place
    from workers.dev.verifying.cases import Cases
    from workers.dev.verifying.ledger import Entry
    from workers.dev.verifying.report import Progress, Verification
    from workers.stream.ports import InboundRecord


class Inquiry:
    """Takes everything that was found, then says what does not hold."""

    def __init__(
        self,
        stocked: Mapping[str, int] | None = None,
        cases: Cases | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Know nothing yet but how much was stocked of each product, if that is known."""
        self._cases = CasesInMemory() if cases is None else cases
        self._books = Books(stocked)
        self._poison = Poison()
        self._progress = progress or Silence()
        self._records = 0
        self._documents = 0

    def take_ledger(self, entries: Iterable[Entry]) -> None:
        """Take what the producer says was acknowledged to it."""
        for entry in entries:
            self._poison.take(entry)
            if entry.command is not None:
                self._cases.add(entry.name, entry.command)

    def take_stock(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take documents of the collection `stock`."""
        for found in documents:
            self._documents += 1
            pieces = (int(found[name]) for name in ("available", "reserved", "fulfilled"))
            self._books.add_product(found["_id"], *pieces)

    def take_reservations(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take documents of the collection `reservations`."""
        for document in documents:
            self._documents += 1
            name, reservation = reservation_fact(document)
            self._books.add_reservation(reservation)
            self._cases.add(name, reservation)

    def take_orders(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Take documents of the collection `orders`, or of their fields in `PROJECTION`."""
        for document in documents:
            self._documents += 1
            self._cases.add(*document_fact(document))

    def take_records(self, records: Iterable[InboundRecord], bounds: Bounds) -> None:
        """Take records, those of one partition in the order of their offsets."""
        add, see = self._cases.add, self._poison.see
        place: Place = ("", 0)
        for record in records:
            self._records += 1
            if (record.topic, record.partition) != place:
                place = (record.topic, record.partition)
                if record.topic == RESULTS:
                    bounds.first_result_times.setdefault(record.partition, record.timestamp)
            bounds.last_offsets[place] = record.offset
            if is_mark(record):
                continue  # an operator's word about a dead letter, which changes nothing
            name, fact = fact_of(record)
            see(fact)
            add(name, fact)

    def judge(self, bounds: Bounds, began: float | None = None) -> Verification:
        """Check everything that was taken; all of it `began` then, by the monotonic clock."""
        start = time.monotonic() if began is None else began
        tally = Tally()
        self._books.check(tally)
        check_positions(bounds, tally)
        self._poison.check(bounds, tally)
        for cases in self._cases.all():
            for case in cases:
                judge(case, bounds, self._books, tally)
            self._progress.advance(len(cases))
        return tally.verification(self._records, self._documents, time.monotonic() - start)
