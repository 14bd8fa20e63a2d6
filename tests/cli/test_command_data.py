"""What is given on the command line or in a file is checked before anything is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from schemas.commands import CommandType
from workers.cli.commands.data import BadDataError, checked, creates_of_lines, product, shipping

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import CommandLine

ORDER = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 2}]}


def test_a_product() -> None:
    """The last equals sign stands before the quantity."""
    assert product("98765=2") == {"productId": "98765", "quantity": 2}
    assert product("a=b=3") == {"productId": "a=b", "quantity": 3}


def test_a_shipping() -> None:
    """The first colon stands before the tracking number."""
    assert shipping("DHL:A:1") == {"company": "DHL", "trackingNumber": "A:1"}


@pytest.mark.parametrize("text", ["98765", "98765=", "98765=two", "98765=-1", "98765=1.5"])
def test_what_is_no_product(text: str) -> None:
    """A product without a whole number is refused with an example."""
    with pytest.raises(BadDataError, match="ID=QUANTITY, such as 98765=2"):
        product(text)


def test_what_is_absent_is_not_sent() -> None:
    """Options that were not given are no fields of the command."""
    assert checked(CommandType.CANCEL, {"reason": None, "expectedVersion": 3}) == {
        "expectedVersion": 3
    }


def test_only_the_cause_of_a_fault_is_told() -> None:
    """A product that is wrong does not also make the list of products too short."""
    wrong = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 0}]}
    with pytest.raises(BadDataError) as told:
        checked(CommandType.CREATE, wrong)
    assert str(told.value) == ("products.0.quantity: input should be greater than or equal to 1")


def test_lines_of_a_file() -> None:
    """Each line is a create; ids are those of the line, or new ones; empty lines do not count."""
    named = {"orderId": "o1", "commandId": "c1", **ORDER}
    lines = [json.dumps(named).encode(), b"", json.dumps(ORDER).encode()]
    first, second = creates_of_lines(lines, "orders.jsonl", "/shop")
    assert (first.order_id, first.id, first.source, first.data) == ("o1", "c1", "/shop", ORDER)
    assert second.data == ORDER
    assert len({first.order_id, second.order_id, first.id, second.id}) == 4


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"nonsense", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"customerId": "12345"}', "products: field required"),
        (json.dumps({**ORDER, "colour": "red"}).encode(), "colour: extra inputs"),
        (json.dumps({**ORDER, "orderId": 7}).encode(), "orderId: should be a text"),
    ],
)
def test_a_line_that_cannot_be_sent(line: bytes, told: str) -> None:
    """File, line and fault are named."""
    with pytest.raises(BadDataError, match=rf"^orders.jsonl line 2: {told}"):
        creates_of_lines([json.dumps(ORDER).encode(), line], "orders.jsonl")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create",), "needs --customer and --product"),
        (("create", "--customer", "12345", "--product", "98765"), "no product"),
        (("create", "--customer", "12345", "--product", "p=1", "--shipping", "DHL"), "no shipping"),
        (("create", "--customer", "c" * 129, "--product", "p=1"), "customerId: "),
        (("create", "--file", "-", "--customer", "12345"), "--file"),
        (("create", "--file", "/no/such/file"), "No such file"),
        (("update-status", "o1", "gone"), "processing"),
        (("update-status", "o1"), "STATUS"),
        (("update-shipping", "o1", "--company", "", "--tracking-number", "1"), "company: "),
        (("cancel", "o1", "--expected-version", "0"), "--expected-version"),
    ],
)
def test_wrong_usage_ends_with_2(
    oms_alone: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    """Nobody is asked to connect to Kafka for a command that the service would refuse."""
    ended = oms_alone("send", *arguments)
    assert ended.exit_code == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_nothing_of_a_file_is_sent_if_a_line_is_wrong(
    oms_alone: CommandLine, tmp_path: Path
) -> None:
    """The whole file is checked before the first command is sent."""
    file = tmp_path / "orders.jsonl"
    wrong: dict[str, Any] = {**ORDER, "products": []}
    file.write_text(f"{json.dumps(ORDER)}\n{json.dumps(wrong)}\n")
    ended = oms_alone("send", "create", "--file", str(file))
    assert ended.exit_code == 2
    assert f"{file} line 2: products: " in ended.stderr
