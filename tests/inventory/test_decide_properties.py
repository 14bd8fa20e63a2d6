"""What holds for inventory whatever is asked, in whatever order and in whatever batches."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.replies import ReplyType
from schemas.requests import FulfillStock, InventoryRequest, ReleaseStock, ReserveStock
from tests.inventory.asking import fulfill, release, reserve
from tests.inventory.memory import MemoryInventoryStore
from workers.inventory.books import State
from workers.inventory.decide import Reply, decide

if TYPE_CHECKING:
    from collections.abc import Sequence

STOCK = {"apple": 7, "pear": 3}

orders = st.sampled_from(["a", "b", "c", "d"])
lines = st.tuples(st.sampled_from(["apple", "pear", "plum"]), st.integers(1, 4))
requests = st.lists(
    st.one_of(
        st.builds(lambda order, found: reserve(order, *found), orders, st.lists(lines, max_size=3)),
        st.builds(release, orders),
        st.builds(fulfill, orders),
    ),
    max_size=25,
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
cuts = st.lists(st.integers(0, 25), max_size=6)


def run(store: MemoryInventoryStore, batch: Sequence[InventoryRequest]) -> tuple[Reply, ...]:
    """Decide a batch and store what it changes."""
    decisions = decide(batch, store.known())
    store.apply(decisions.changes)
    return decisions.replies


@unhurried
@given(requests)
def test_the_books_always_balance(asked: list[InventoryRequest]) -> None:
    """Never oversold, nothing appears or vanishes, and reserved is what reservations hold."""
    store = MemoryInventoryStore(STOCK)
    for request in asked:
        run(store, [request])
        for product_id, pieces in store.stock.items():
            assert min(pieces) >= 0
            assert sum(pieces) == STOCK[product_id]
            held = dict.fromkeys(State, 0)
            for reservation in store.reservations.values():
                held[reservation.state] += dict(reservation.lines).get(product_id, 0)
            assert pieces.reserved == held[State.RESERVED]
            assert pieces.fulfilled == held[State.FULFILLED]


@unhurried
@given(requests, cuts)
def test_batches_make_no_difference(asked: list[InventoryRequest], at: list[int]) -> None:
    """The same requests get the same replies and leave the same books, however they are cut."""
    together, apart = MemoryInventoryStore(STOCK), MemoryInventoryStore(STOCK)
    bounds = sorted({0, len(asked), *(cut for cut in at if cut < len(asked))})
    replies = [reply for a, b in pairwise(bounds) for reply in run(apart, asked[a:b])]
    assert list(run(together, asked)) == replies
    assert together.known() == apart.known()


@unhurried
@given(requests)
def test_repeats_change_nothing_and_are_answered_alike(asked: list[InventoryRequest]) -> None:
    """A reserve or release gets its first answer for ever; a fulfill once it was fulfilled."""
    store = MemoryInventoryStore(STOCK)
    first: dict[tuple[type, str], Reply] = {}
    for request in asked:
        [reply] = run(store, [request])
        if isinstance(request, ReserveStock | ReleaseStock) or reply.type == ReplyType.FULFILLED:
            assert first.setdefault((type(request), request.order_id), reply) == reply
    books = store.known()
    settled = [request for request in asked if (type(request), request.order_id) in first]
    again = run(store, settled)
    assert list(again) == [first[type(request), request.order_id] for request in settled]
    assert store.known() == books


@unhurried
@given(requests)
def test_what_is_granted_was_there(asked: list[InventoryRequest]) -> None:
    """A reserve is refused only for products that are unknown or short, or after a release."""
    store = MemoryInventoryStore(STOCK)
    for request in asked:
        before = store.known()
        [reply] = run(store, [request])
        if not isinstance(request, ReserveStock) or request.order_id in before.reservations:
            continue
        wanted: dict[str, int] = {}
        for line in request.products:
            wanted[line.product_id] = wanted.get(line.product_id, 0) + line.quantity
        fits = all(pieces <= before.available.get(name, 0) for name, pieces in wanted.items())
        assert (reply.type == ReplyType.RESERVED) == fits


@unhurried
@given(requests)
def test_a_fulfillment_needs_a_reservation(asked: list[InventoryRequest]) -> None:
    """Nothing is fulfilled that was not granted, nor after it was given back."""
    store = MemoryInventoryStore(STOCK)
    for request in asked:
        before = store.reservations.get(request.order_id)
        [reply] = run(store, [request])
        if isinstance(request, FulfillStock):
            may = before is not None and before.state in {State.RESERVED, State.FULFILLED}
            assert (reply.type == ReplyType.FULFILLED) == may
