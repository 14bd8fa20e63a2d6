"""The flow: good and bad records of a batch, lost writes, and a Kafka that is away in between."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from schemas import headers as names
from schemas.headers import ReplyAddress
from schemas.limits import MAX_REPLY_ADDRESSES
from schemas.topics import COMMANDS, REPLIES
from tests.orders.memory_publisher import MemoryPublisher
from tests.orders.memory_store import MemoryOrderStore
from tests.orders.records import LANE, Record, command_record, create_record, reply_record
from workers.orders.deadlines import Patience
from workers.orders.flow import OrdersFlow, Rules
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.orders.ports import Write
    from workers.stream.ports import CopyRecord, OutboundRecord

RULES = Rules(Patience(first_pause=5_000, attempts=5), most_open_orders=3)


@dataclass
class Clock:
    """A clock that is moved by hand."""

    time: int = 1_700_000_000_000

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self.time


@dataclass
class Worker:
    """A flow, and everything that it reads and writes."""

    store: MemoryOrderStore = field(default_factory=MemoryOrderStore)
    published: MemoryPublisher = field(default_factory=MemoryPublisher)
    dead_letters: MemoryPublisher = field(default_factory=MemoryPublisher)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        """Own no lane yet."""
        self.flow = OrdersFlow(self.store, self.published, self.dead_letters, self.clock, RULES)

    async def handle(self, *records: Record, lane: int = LANE) -> Sequence[CopyRecord]:
        """Handle the records as one batch, and acknowledge them."""
        copies = await self.flow.handle(records)
        positions = {record.topic: record.offset + 1 for record in records}
        self.flow.acknowledged(lane, positions)
        return copies

    async def restart(self, acknowledged: dict[str, int] | None = None) -> None:
        """Die, and open the lane again at these offsets."""
        self.__post_init__()
        await self.flow.open(LANE, acknowledged or {})

    @property
    def events(self) -> list[tuple[str, str]]:
        """Order and version of each event."""
        return [
            ((record.key or b"").decode(), dict(record.headers)[names.ORDER_VERSION].decode())
            for record in self.published.on("orders.events")
        ]

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """The result of each command, by its id."""
        found = [json.loads(record.value or b"") for record in self.published.on("orders.results")]
        return {result["command"]["id"]: result for result in found}

    def request(self, topic: str) -> OutboundRecord:
        """The newest request on a topic."""
        return self.published.on(topic)[-1]


@pytest.fixture
async def worker() -> Worker:
    """A worker that owns one lane, and has seen nothing."""
    found = Worker()
    await found.flow.open(LANE, {})
    return found


def update_record(order_id: str, *, offset: int, number: str = "2", lane: int = LANE) -> Record:
    """A change of shipping."""
    data = {"company": "UPS", "trackingNumber": number}
    return command_record(order_id, "update-shipping", data, offset=offset, lane=lane)


async def process(worker: Worker, order_id: str, *, offset: int = 0) -> None:
    """Have an order created, checked and processing."""
    await worker.handle(create_record(order_id, offset=offset))
    valid = reply_record(
        worker.request("customers.requests"), "customer.valid.v1", offset=2 * offset
    )
    await worker.handle(valid)
    reserved = reply_record(
        worker.request("inventory.requests"), "inventory.reserved.v1", offset=2 * offset + 1
    )
    await worker.handle(reserved)


async def test_an_order_goes_its_way(worker: Worker) -> None:
    """Created, checked, reserved, shipped: one write and one event for each version."""
    await process(worker, "a")
    shipped = command_record("a", "update-status", {"status": "shipped"}, offset=1)
    await worker.handle(shipped)
    assert worker.events == [("a", "1"), ("a", "2"), ("a", "3")]
    assert worker.store.orders["a"].status == "shipped"
    assert worker.results["command-0"]["outcome"] == "accepted"
    assert worker.results["command-1"]["order"]["status"] == "shipped"


async def test_good_and_bad_records_of_one_batch(worker: Worker) -> None:
    """Each is answered or set aside as if it had come alone."""
    await worker.handle(
        create_record("a", offset=0),
        Record(COMMANDS, LANE, 1, key=b"a", value=b"poison"),
        replace(create_record("b", offset=2), value=b"{not json"),
        create_record("c", offset=3, pieces=0),
        command_record("d", "cancel", offset=4),
        update_record("a", offset=5),
        command_record("a", "dance", {}, offset=6),
        replace(create_record("e", offset=7), value=b"[" * 17 + b"]" * 17),
        replace(create_record("f", offset=8), value=b"[]"),
    )
    assert worker.events == [("a", "1"), ("a", "2")]
    outcomes = {name: result.get("code", "accepted") for name, result in worker.results.items()}
    assert outcomes == {
        "command-3": "INVALID_DATA",
        "command-4": "ORDER_NOT_FOUND",
        "command-5": "accepted",
        "command-6": "UNKNOWN_TYPE",
        "command-8": "INVALID_DATA",
    }
    letters = worker.dead_letters.records
    assert [dict(letter.headers)["__dlq.errors.offset"] for letter in letters] == [b"1", b"2", b"7"]
    assert {letter.topic for letter in letters} == {"dlq.orders.commands"}
    assert letters[0].value == b"poison"


async def test_a_record_whose_handling_raises_goes_alone_to_the_dead_letters(
    worker: Worker,
) -> None:
    """All others of its batch are handled as if it had not been there."""

    def break_on_c(writes: Sequence[Write]) -> None:
        if any(write.after.id == "c" for write in writes):
            raise KeyError("a bug")

    worker.store.on_save = break_on_c
    await worker.handle(*(create_record(name, offset=i) for i, name in enumerate("abcde")))
    assert sorted(worker.store.orders) == ["a", "b", "d", "e"]
    (letter,) = worker.dead_letters.records
    headers = dict(letter.headers)
    assert (letter.key, headers["__dlq.errors.exception"]) == (b"c", b"KeyError")
    assert set(worker.events) == {("a", "1"), ("b", "1"), ("d", "1"), ("e", "1")}


async def test_a_write_that_is_lost_goes_round_again(worker: Worker) -> None:
    """It is decided anew on what is stored now, and only that is told."""
    await process(worker, "a")
    overtaken = worker.store.orders["a"]

    def somebody_else_writes(_: Sequence[Write]) -> None:
        worker.store.on_save = lambda _: None
        worker.store.orders["a"] = overtaken._replace(revision=overtaken.revision + 1)

    worker.store.on_save = somebody_else_writes
    await worker.handle(update_record("a", offset=1))
    stored = worker.store.orders["a"]
    assert (stored.version, stored.revision) == (3, overtaken.revision + 2)
    assert worker.events == [("a", "1"), ("a", "2"), ("a", "3")]


async def test_a_create_that_lost_against_another_is_refused(worker: Worker) -> None:
    """It is taken to be the first of its order until its insert says otherwise."""
    await process(worker, "a")
    await worker.handle(create_record("a", offset=1))
    assert worker.results["command-1"]["code"] == "ORDER_EXISTS"
    assert worker.events == [("a", "1"), ("a", "2")]


async def test_a_create_of_an_order_in_another_lane_is_forwarded(worker: Worker) -> None:
    """There, its order will refuse it."""
    await process(worker, "a")
    await worker.flow.open(7, {})
    await worker.handle(create_record("a", offset=0, lane=7), lane=7)
    (forwarded,) = worker.published.on(COMMANDS)
    assert (forwarded.partition, forwarded.key) == (LANE, b"a")
    assert len(worker.results) == 1


def _story() -> list[list[Record]]:
    """Two batches; the second ends what the first began."""
    reply = ReplyAddress("shop.replies", None, "kafka_correlationId", b"7")
    again = command_record("a", "cancel", {}, offset=4, identity="command-3", reply=reply)
    return [
        [create_record("a", offset=0), create_record("b", offset=1), update_record("a", offset=2)],
        [
            command_record("a", "cancel", {}, offset=3),
            again,
            update_record("b", offset=5),
            update_record("b", offset=6),
            command_record("c", "delete", offset=7),
        ],
    ]


@pytest.mark.parametrize("published", range(8))
@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
async def test_cut_off_in_the_middle_of_publishing(published: int, *, dies: bool) -> None:
    """No gap, no version out of order, and duplicates equal to the byte; wherever it was cut."""
    worker = Worker()
    await worker.flow.open(LANE, {})
    first, second = _story()
    await worker.handle(*first)
    worker.published.cut_off_after(published)
    with pytest.raises(OutsideAwayError):
        await worker.handle(*second)
    worker.clock.time += 3_000
    if dies:
        await worker.restart({COMMANDS: 3, REPLIES: 0})
    copies = await worker.handle(*second)
    _check_told_once(worker)
    assert copies == []


def _check_told_once(worker: Worker) -> None:
    told: dict[tuple[str, bytes], OutboundRecord] = {}
    for record in worker.published.records:
        identity = (record.topic, dict(record.headers)[names.ID])
        assert told.setdefault(identity, record) == record
    for order_id, version in (("a", 3), ("b", 2)):
        versions = [int(number) for name, number in worker.events if name == order_id]
        assert list(dict.fromkeys(versions)) == [*range(1, version + 1)]
        assert worker.store.orders[order_id].version == version
    assert set(worker.results) == {"command-2", "command-5", "command-6", "command-7"}
    assert worker.results["command-6"]["outcome"] == "unchanged"
    kinds = {
        dict(record.headers)[names.TYPE] for record in worker.published.on("inventory.requests")
    }
    assert kinds == {b"inventory.release.v1"}


async def test_nothing_that_is_acknowledged_is_told_again(worker: Worker) -> None:
    """In the normal course of things there are no duplicates at all."""
    await process(worker, "a")
    for offset in range(1, 6):
        await worker.handle(update_record("a", offset=offset, number=str(offset)))
    identities = [
        (record.topic, dict(record.headers)[names.ID]) for record in worker.published.records
    ]
    assert len(identities) == len(set(identities))


async def test_what_was_not_acknowledged_is_told_when_the_order_is_touched(worker: Worker) -> None:
    """The lane was opened at an offset before the last change: it may not have been told."""
    await process(worker, "a")
    await worker.handle(update_record("a", offset=1))
    told = list(worker.published.records)
    await worker.restart({COMMANDS: 1, REPLIES: 2})
    await worker.handle(update_record("a", offset=2, number="3"))
    new = worker.published.records[len(told) :]
    events = [record for record in new if record.topic == "orders.events"]
    assert [dict(record.headers)[names.ORDER_VERSION] for record in events] == [b"3", b"4"]
    assert events[0] in told


async def test_a_delete_comes_after_what_it_waits_for_in_the_same_batch(worker: Worker) -> None:
    """Rejected and deleted in one batch: both are told, in two rounds."""
    await worker.handle(create_record("a", offset=0))
    asked = worker.request("customers.requests")
    no = reply_record(asked, "customer.invalid.v1", {"code": "CUSTOMER_BLOCKED"}, offset=0)
    delete = command_record("a", "delete", offset=1)
    await worker.handle(no, delete, command_record("a", "cancel", offset=2))
    assert worker.events == [("a", "1"), ("a", "2"), ("a", "3")]
    assert worker.store.orders["a"].status == "deleted"
    assert worker.results["command-1"]["message"] == "Order deleted successfully"
    assert worker.results["command-2"]["code"] == "ORDER_DELETED"


async def test_a_refusal_stays_the_same(worker: Worker) -> None:
    """The command comes again when it would be accepted, and is refused as it was."""
    early = update_record("a", offset=0)
    await worker.handle(early)
    await worker.handle(create_record("a", offset=1))
    await worker.handle(replace(early, offset=2))
    first, second = worker.published.on("orders.results")
    assert first == second
    assert worker.events == [("a", "1")]


async def test_copies_are_returned_and_not_published(worker: Worker) -> None:
    """They go to clients' topics, by another way, and hold nothing up."""
    reply = ReplyAddress("shop.replies", None, "kafka_correlationId", b"7")
    refused = command_record("a", "cancel", {}, offset=0, reply=reply)
    (copy,) = await worker.handle(refused)
    (result,) = worker.published.on("orders.results")
    assert (copy.topic, copy.key, copy.value) == ("shop.replies", b"a", result.value)
    assert copy.headers[-1] == ("kafka_correlationId", b"7")
    (again,) = await worker.handle(replace(refused, offset=1))
    assert again == copy


async def test_the_newest_addresses_of_an_order_that_waits_are_remembered(worker: Worker) -> None:
    """However often a create comes again with another address, their number is bounded."""
    create = create_record("a", offset=0)
    correlations = [str(number).encode() for number in range(1, 3 * MAX_REPLY_ADDRESSES)]
    await worker.handle(create)
    for offset, correlation in enumerate(correlations, start=1):
        named = [(names.REPLY_TOPIC, b"shop.replies"), (names.REPLY_CORRELATION, correlation)]
        await worker.handle(replace(create, offset=offset, headers=[*create.headers, *named]))
    order = (await worker.store.load(["a"]))["a"]
    remembered = [address.correlation for address in order.history[0].copies]
    assert remembered == correlations[-MAX_REPLY_ADDRESSES:]


async def test_commands_pause_while_too_many_orders_wait_for_checks(worker: Worker) -> None:
    """Replies go on, and once enough are decided so do commands."""
    await worker.handle(*(create_record(name, offset=i) for i, name in enumerate("abc")))
    assert worker.flow.paused_topics(LANE) == {COMMANDS}
    asked = worker.request("customers.requests")
    no = reply_record(asked, "customer.invalid.v1", {"code": "CUSTOMER_BLOCKED"}, offset=0)
    await worker.handle(no)
    assert worker.flow.paused_topics(LANE) == frozenset()


async def test_a_lane_that_is_opened_remembers_its_open_orders(worker: Worker) -> None:
    """They count before anything has arrived; a lane that is closed has none."""
    await worker.handle(*(create_record(name, offset=i) for i, name in enumerate("abc")))
    await worker.restart({COMMANDS: 3})
    assert worker.flow.paused_topics(LANE) == {COMMANDS}
    worker.flow.close(LANE)
    assert worker.flow.paused_topics(LANE) == frozenset()


async def test_an_open_order_is_loaded_again_after_a_failure(worker: Worker) -> None:
    """What is stored may be ahead of what was remembered: nothing is decided on the latter."""
    await worker.handle(create_record("a", offset=0))
    worker.published.cut_off_after(0)
    with pytest.raises(OutsideAwayError):
        await worker.handle(update_record("a", offset=1))
    assert worker.store.orders["a"].version == 2
    wrong = command_record("a", "cancel", {"expectedVersion": 1}, offset=2)
    await worker.handle(wrong)
    assert worker.results["command-2"]["code"] == "VERSION_CONFLICT"
    assert worker.results["command-2"]["version"] == 2
    assert worker.events == [("a", "1"), ("a", "2")]


async def test_a_refusal_counts_what_a_failed_batch_has_stored(worker: Worker) -> None:
    """A command that writes nothing has no guard: it must not be decided on an old order."""
    await worker.handle(create_record("a", offset=0))
    worker.published.cut_off_after(0)
    with pytest.raises(OutsideAwayError):
        await worker.handle(command_record("a", "cancel", {}, offset=1))
    await worker.handle(command_record("a", "update-status", {"status": "shipped"}, offset=2))
    assert worker.results["command-2"]["status"] == "canceling"


async def test_a_reply_that_nobody_waits_for_is_dropped(worker: Worker) -> None:
    """No order, no such request, or none at all: nothing is told, nothing is set aside."""
    await worker.handle(create_record("a", offset=0))
    asked = worker.request("customers.requests")
    valid = reply_record(asked, "customer.valid.v1", offset=0)
    strange = [(name, b"x" if "orrelation" in name else value) for name, value in valid.headers]
    without = [header for header in valid.headers if "orrelation" not in header[0]]
    nobody = [
        (name, b"nobody:customer.validate.v1:1:1" if "orrelation" in name else value)
        for name, value in valid.headers
    ]
    before = len(worker.published.records)
    with structlog.testing.capture_logs() as lines:
        await worker.handle(*(replace(valid, headers=h) for h in (strange, without, nobody)))
    assert len(worker.published.records) == before
    assert worker.dead_letters.records == []
    assert [line["dropped_replies"] for line in lines if line["event"] == "batch"] == [3]


async def test_a_refused_fulfillment_is_logged(worker: Worker) -> None:
    """What was shipped without being reserved is told to the operator, with order and message."""
    await process(worker, "a")
    shipped = command_record("a", "update-status", {"status": "shipped"}, offset=7)
    await worker.handle(shipped)
    asked = worker.request("inventory.requests")
    with structlog.testing.capture_logs() as lines:
        await worker.handle(reply_record(asked, "inventory.fulfill-refused.v1", offset=8))
    [line] = [line for line in lines if line["event"] == "fulfillment_refused"]
    assert line["order_id"] == "a"
    assert line["message_id"].startswith("reply to a:inventory.fulfill.v1")


async def test_a_batch_without_records_is_harmless(worker: Worker) -> None:
    """Nothing is read, stored or told."""
    assert await worker.handle() == []
    assert worker.published.records == []


async def test_two_lanes_of_one_round_do_not_decide_on_one_order_at_once(worker: Worker) -> None:
    """What another partitioner put elsewhere finds the order that the same round creates."""
    elsewhere = LANE + 1
    await worker.flow.open(elsewhere, {})
    update = update_record("a", offset=0, lane=elsewhere)
    await worker.flow.handle([create_record("a", offset=0), update])
    assert worker.results == {}
    [forwarded] = worker.published.on(COMMANDS)
    assert (forwarded.partition, forwarded.key, forwarded.value) == (LANE, b"a", update.value)
