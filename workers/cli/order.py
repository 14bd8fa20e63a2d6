"""`oms order`: what the service knows about an order."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from workers.cli import explaining
from workers.cli.failures import FailedError, run
from workers.cli.mongo import database_that_answers
from workers.cli.output import Json, print_json, stdout
from workers.orders.documents import order_to_document
from workers.orders.store import MongoOrderStore
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.orders.order import Order
    from workers.settings import Settings

_TIMES = {"at", "createdAt", "updatedAt", "dueAt"}

order = typer.Typer(no_args_is_help=True, help="Look at an order.")


@order.command()
def show(
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    json: Json = False,
) -> None:
    """Show an order as it is stored, with its history; exit code 1 if there is none."""
    found = run(lambda settings: _load(settings, order_id))
    document = readable(order_to_document(found))
    if json:
        print_json(document)
    else:
        _print_order(document)


@order.command()
def explain(
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    json: Json = False,
) -> None:
    """Tell what happened to an order, when and why; exit code 1 if there is no such order."""
    found = run(lambda settings: _load(settings, order_id))
    lines = explaining.explain(found)
    waits = explaining.still_waits(found)
    if json:
        told = [{**asdict(line), "at": rfc3339(line.at)} for line in lines]
        print_json({"order": found.id, "status": found.status, "story": told, "waits": waits})
    else:
        _print_story(found, lines, waits)


def _print_story(found: Order, lines: list[explaining.Line], waits: str | None) -> None:
    console = stdout()
    console.print(f"Order [bold]{escape(found.id)}[/bold] is [bold]{found.status}[/bold]")
    previous = None
    for line in lines:
        after = "" if previous is None else f"  [dim]+{_seconds(line.at - previous)}[/dim]"
        console.print(f"\n[cyan]{rfc3339(line.at)}[/cyan]{after}  version {line.version}")
        console.print(f"  {escape(line.what)}")
        console.print(f"  [dim]because of {escape(line.because)}[/dim]")
        if line.waited is not None:
            console.print(f"  [dim]waited {_seconds(line.waited)} for {line.waited_for}[/dim]")
        previous = line.at
    if waits is not None:
        console.print(f"\n[yellow]It {escape(waits)}[/yellow]")


def _seconds(milliseconds: int) -> str:
    """`1.234 s`."""
    return f"{milliseconds / 1000:.3f} s"


async def _load(settings: Settings, order_id: str) -> Order:
    async with database_that_answers(settings) as database:
        store = MongoOrderStore(database, settings.refusals_keep_days, guard=lambda: None)
        found = await store.load([order_id])
    if order_id not in found:
        message = f"There is no order {order_id} in the database {settings.mongo_database}."
        raise FailedError(message)
    return found[order_id]


def readable(value: Any, name: str = "") -> Any:  # noqa: ANN401 - whatever a document holds
    """The same document with times as RFC 3339 and bytes as text."""
    if isinstance(value, dict):
        return {key: readable(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if name in _TIMES and isinstance(value, int):
        return rfc3339(value)
    return value


def _print_order(document: Mapping[str, Any]) -> None:
    console = stdout()
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(document):
        facts.add_row(name, escape(value))
    console.print(facts)
    history = Table("version", "event", "at", "caused by", "reason", title="History")
    for change in document["history"]:
        cause = change["cause"]
        history.add_row(
            str(change["version"]),
            change["type"],
            change["at"],
            escape(f"{cause['type']} {cause['id']}"),
            escape(" ".join(change[name] for name in ("code", "reason") if name in change)),
        )
    console.print(history)


def _facts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [("order", document["_id"])]
    facts.append(("status", f"{document['status']}, version {document['version']}"))
    if "waiting" in document:
        waiting = document["waiting"]
        facts.append(("waits for", f"{waiting['purpose']}, asked again at {waiting['dueAt']}"))
    if "customerId" in document:
        facts.append(("customer", f"{document['customerId']} at {document.get('storefrontId')}"))
    facts += [
        ("product", f"{line['quantity']} × {line['productId']}")
        for line in document.get("products", [])
    ]
    if "shipping" in document:
        shipping = document["shipping"]
        facts.append(("shipping", f"{shipping['company']} {shipping['trackingNumber']}"))
    if "reason" in document:
        facts.append(("reason", document["reason"]))
    facts.append(("created", document["createdAt"]))
    facts.append(("updated", document["updatedAt"]))
    return facts
