"""What inventory answers, and what it stores: given, when, then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.replies import ReplyType
from tests.inventory.asking import fulfill, release, reserve
from tests.inventory.memory import MemoryInventoryStore
from workers.inventory.books import Changes, Known, Refusal, StockChange
from workers.inventory.decide import Reply, decide

if TYPE_CHECKING:
    from schemas.requests import InventoryRequest

RESERVED = Reply(ReplyType.RESERVED)
RELEASED = Reply(ReplyType.RELEASED)
FULFILLED = Reply(ReplyType.FULFILLED)
RELEASE_REFUSED = Reply(ReplyType.RELEASE_REFUSED)
FULFILL_REFUSED = Reply(ReplyType.FULFILL_REFUSED)


def refused(code: str, *product_ids: str) -> Reply:
    """A refused reserve, because of these products."""
    return Reply(ReplyType.REFUSED, Refusal(code, product_ids))


class Story:
    """A stock of 10 apples and 5 pears, and the batches of requests that it has seen."""

    def __init__(self) -> None:
        self.store = MemoryInventoryStore({"apple": 10, "pear": 5})

    def given(self, *requests: InventoryRequest) -> Story:
        """Let these requests have happened."""
        self.when(*requests)
        return self

    def when(self, *requests: InventoryRequest) -> tuple[Reply, ...]:
        """Decide the requests as one batch and store what they change."""
        decisions = decide(requests, self.store.known())
        self.store.apply(decisions.changes)
        return decisions.replies

    def stock(self, product_id: str) -> tuple[int, ...]:
        """Available, reserved, fulfilled."""
        return tuple(self.store.stock[product_id])

    def state(self, order_id: str) -> str:
        """What is remembered of the order."""
        return self.store.reservations[order_id].state


@pytest.fixture
def story() -> Story:
    """Start with a full stock, and no order."""
    return Story()


def test_a_reserve_sets_pieces_of_all_products_aside(story: Story) -> None:
    """Pieces move from available to reserved, and the order's reservation says so."""
    assert story.when(reserve("o", ("apple", 3), ("pear", 5))) == (RESERVED,)
    assert story.stock("apple") == (7, 3, 0)
    assert story.stock("pear") == (0, 5, 0)
    assert story.state("o") == "reserved"


def test_a_reserve_of_more_than_there_is_takes_nothing(story: Story) -> None:
    """One product that is short refuses the whole order, and is the only one that is named."""
    replies = story.when(reserve("o", ("apple", 3), ("pear", 6)))
    assert replies == (refused("OUT_OF_STOCK", "pear"),)
    assert story.stock("apple") == (10, 0, 0)
    assert story.state("o") == "refused"


def test_every_product_that_is_short_is_named(story: Story) -> None:
    """A refusal lists all products that are short, in the order they were asked for."""
    replies = story.when(reserve("o", ("pear", 6), ("apple", 11)))
    assert replies == (refused("OUT_OF_STOCK", "pear", "apple"),)


def test_an_unknown_product_goes_before_one_that_is_short(story: Story) -> None:
    """PRODUCT_UNKNOWN is told, with the unknown products only, even when others are short."""
    replies = story.when(reserve("o", ("pear", 6), ("plum", 1), ("fig", 1)))
    assert replies == (refused("PRODUCT_UNKNOWN", "plum", "fig"),)


def test_a_product_listed_twice_counts_as_the_sum(story: Story) -> None:
    """Two lines of one product cannot together take more than there is."""
    replies = story.when(reserve("a", ("pear", 3), ("pear", 3)), reserve("b", ("pear", 5)))
    assert replies == (refused("OUT_OF_STOCK", "pear"), RESERVED)


def test_requests_of_one_batch_see_each_other(story: Story) -> None:
    """The third order finds what the second could not take and the first left."""
    replies = story.when(
        reserve("a", ("apple", 8)), reserve("b", ("apple", 3)), reserve("c", ("apple", 2))
    )
    assert replies == (RESERVED, refused("OUT_OF_STOCK", "apple"), RESERVED)
    assert story.stock("apple") == (0, 10, 0)


def test_what_one_order_gives_back_another_gets_in_the_same_batch(story: Story) -> None:
    """A release makes room for a reserve after it, and the stock changes by the net of both."""
    story.given(reserve("a", ("apple", 10)))
    assert story.when(release("a"), reserve("b", ("apple", 10))) == (RELEASED, RESERVED)
    assert story.stock("apple") == (0, 10, 0)


def test_a_whole_life_in_one_batch(story: Story) -> None:
    """Reserve, fulfill and what comes too late are decided in order within one batch."""
    replies = story.when(reserve("o", ("apple", 4)), fulfill("o"), release("o"), fulfill("o"))
    assert replies == (RESERVED, FULFILLED, RELEASE_REFUSED, FULFILLED)
    assert story.stock("apple") == (6, 0, 4)
    assert story.state("o") == "fulfilled"


def test_a_repeated_reserve_takes_nothing_more(story: Story) -> None:
    """A reserve that was granted is granted again, and the pieces are set aside once."""
    story.given(reserve("o", ("apple", 6)))
    assert story.when(reserve("o", ("apple", 6)), reserve("o", ("apple", 6))) == (RESERVED,) * 2
    assert story.stock("apple") == (4, 6, 0)


def test_a_refusal_is_remembered_when_there_is_stock_again(story: Story) -> None:
    """A reserve that was refused is refused again, with the same code and products."""
    story.given(reserve("a", ("pear", 5)), reserve("b", ("pear", 1)), release("a"))
    assert story.when(reserve("b", ("pear", 1))) == (refused("OUT_OF_STOCK", "pear"),)
    assert story.stock("pear") == (5, 0, 0)


def test_a_release_gives_everything_back_once(story: Story) -> None:
    """A repeated release is answered with released and moves nothing."""
    story.given(reserve("o", ("apple", 6), ("pear", 1)))
    assert story.when(release("o"), release("o")) == (RELEASED, RELEASED)
    assert story.when(release("o")) == (RELEASED,)
    assert story.stock("apple") == (10, 0, 0)
    assert story.stock("pear") == (5, 0, 0)
    assert story.state("o") == "released"


def test_a_reserve_repeated_after_its_release_answers_as_it_did(story: Story) -> None:
    """The answer stays reserved, but nothing is reserved again."""
    story.given(reserve("o", ("apple", 6)), release("o"))
    assert story.when(reserve("o", ("apple", 6))) == (RESERVED,)
    assert story.stock("apple") == (10, 0, 0)
    assert story.state("o") == "released"


def test_a_release_without_a_reservation_refuses_the_reserve_after_it(story: Story) -> None:
    """A release that overtook its reserve leaves released behind: nothing may be reserved."""
    assert story.when(release("o")) == (RELEASED,)
    assert story.state("o") == "released"
    assert story.when(reserve("o", ("apple", 1)), release("o")) == (refused("RELEASED"), RELEASED)
    assert story.stock("apple") == (10, 0, 0)


def test_a_refused_order_may_be_released(story: Story) -> None:
    """There is nothing to give back, and its reserve is still refused as it was."""
    story.given(reserve("o", ("pear", 6)))
    assert story.when(release("o")) == (RELEASED,)
    assert story.when(reserve("o", ("pear", 6))) == (refused("OUT_OF_STOCK", "pear"),)


def test_a_fulfillment_takes_pieces_off_the_shelf_once(story: Story) -> None:
    """A repeated fulfill is answered with fulfilled and moves nothing."""
    story.given(reserve("o", ("apple", 6)), fulfill("o"))
    assert story.when(fulfill("o")) == (FULFILLED,)
    assert story.stock("apple") == (4, 0, 6)


def test_a_release_after_the_fulfillment_is_refused(story: Story) -> None:
    """What has left cannot be given back; a repeated reserve still answers as it did."""
    story.given(reserve("o", ("apple", 6)), fulfill("o"))
    assert story.when(release("o"), reserve("o", ("apple", 6))) == (RELEASE_REFUSED, RESERVED)
    assert story.stock("apple") == (4, 0, 6)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([], id="nothing"),
        pytest.param([release("o")], id="released without a reservation"),
        pytest.param([reserve("o", ("apple", 1)), release("o")], id="released"),
        pytest.param([reserve("o", ("apple", 11))], id="refused"),
    ],
)
def test_a_fulfillment_with_nothing_reserved_is_refused(
    story: Story, before: list[InventoryRequest]
) -> None:
    """Without pieces set aside there is nothing to send, and nothing moves."""
    story.given(*before)
    assert story.when(fulfill("o"), fulfill("o")) == (FULFILL_REFUSED,) * 2
    assert story.stock("apple") == (10, 0, 0)


def test_a_product_taken_off_the_books_holds_no_release_up(story: Story) -> None:
    """A release of a product that is gone is answered, and moves what is still there."""
    story.given(reserve("o", ("apple", 1), ("pear", 1)))
    del story.store.stock["pear"]
    assert story.when(release("o")) == (RELEASED,)
    assert story.stock("apple") == (10, 0, 0)


def test_requests_that_change_nothing_store_nothing(story: Story) -> None:
    """Repeats, and moves that cancel each other out, leave nothing to write for the stock."""
    story.given(reserve("o", ("apple", 6)))
    repeated = decide([reserve("o", ("apple", 6)), fulfill("x")], story.store.known())
    assert repeated.changes == Changes({}, ())
    assert repeated.changes.empty
    there_and_back = decide([reserve("n", ("apple", 1)), release("n")], story.store.known())
    assert there_and_back.changes.stock == {}
    assert [change.order_id for change in there_and_back.changes.reservations] == ["n"]


def test_one_change_for_each_product_of_a_batch() -> None:
    """However many orders a batch has, each product gets one change with their net."""
    decisions = decide(
        [reserve("a", ("apple", 2)), reserve("b", ("apple", 3)), fulfill("a")],
        Known({}, {"apple": 9}),
    )
    assert decisions.changes.stock == {"apple": StockChange(available=-5, reserved=3, fulfilled=2)}
