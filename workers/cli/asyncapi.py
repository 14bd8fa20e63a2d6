"""`oms asyncapi`: the contract for programs, as an AsyncAPI document or as one page to read."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.table import Table

from workers.cli.failures import FailedError, failures_as_sentences, read_settings
from workers.cli.output import Json, print_json, stderr, stdout
from workers.contract.asyncapi import asyncapi_document
from workers.contract.channels import Deployment
from workers.contract.page import page

if TYPE_CHECKING:
    from rich.console import Console

    from workers.contract.asyncapi import Document
    from workers.settings import Settings

Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the document to FILE, as JSON.")
]
Html = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write one page to FILE, to be read without a network; needs npm."
    ),
]


def asyncapi(json: Json = False, output: Output = None, html: Html = None) -> None:
    """Tell the contract as an AsyncAPI document: topics, messages, schemas, request and reply."""
    settings = read_settings()
    document = document_of(settings)
    with failures_as_sentences(settings):
        if output is not None:
            _write(output, document_text(document))
        if html is not None:
            _write(html, _page(document))
    if json:
        print_json(document)
    elif output is None and html is None:
        _print(stdout(), document)


def document_of(settings: Settings) -> Document:
    """The document of this version of the service, with its brokers and how topics are created."""
    brokers = [broker.strip() for broker in settings.kafka_bootstrap.split(",")]
    protocol = settings.kafka_security_protocol
    deployment = Deployment(
        brokers,
        settings.partitions,
        settings.replication_factor,
        encrypted=protocol.is_encrypted,
        login=settings.kafka_sasl_mechanism.value if protocol.has_login else None,
    )
    return asyncapi_document(version("order-management-service"), deployment)


def document_text(document: Document) -> str:
    """The document as a file holds it."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _page(document: Document) -> str:
    # Imported only here: nothing else of the command line fetches from npm.
    from workers.cli.asyncapi_viewer import fetch_viewer  # noqa: PLC0415 - see above

    with stderr().status("Fetching the viewer with npm"):
        viewer = fetch_viewer()
    return page(document, viewer)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FailedError(f"{file} cannot be written: {error.strerror}") from error
    stderr().print(f"{file} written")


def _print(console: Console, document: Document) -> None:
    table = Table("topic", "the service", "messages", "answered with")
    for operation in document["operations"].values():
        reply = operation.get("reply", {"messages": []})
        table.add_row(
            _last(operation["channel"]),
            f"{operation['action']}s",
            _names(operation["messages"]),
            _names(reply["messages"]),
        )
    console.print(table)
    console.print("The whole of it: oms asyncapi --json, --output FILE or --html FILE")


def _names(references: list[dict[str, str]]) -> str:
    return "\n".join(_last(reference) for reference in references)


def _last(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]
