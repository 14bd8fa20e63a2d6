"""The AsyncAPI document: topics, messages and who sends what, from the tables of the code.

Specification: AsyncAPI 3.0.0, with version 0.5.0 of its Kafka bindings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schemas import headers as names
from schemas import limits
from workers.contract.channels import channels, servers
from workers.contract.components import components
from workers.contract.operations import operations

if TYPE_CHECKING:
    from workers.contract.channels import Deployment

Document = dict[str, Any]

ASYNCAPI_VERSION: Final = "3.0.0"
TITLE: Final = "Order Management Service"

_DESCRIPTION: Final = f"""\
Send a command to a Kafka topic, such as *create this order*, and get exactly one answer to it. On \
the way the service checks the customer and reserves the stock by request and reply over topics, \
and publishes every change as an event.

**Envelope.** Messages are CloudEvents 1.0 in the binary mode of the Kafka binding: attributes are \
headers, data is the value, one JSON object. Structured mode is read as well. Unknown headers, \
fields and types may be added at any time: ignore them. In commands unknown fields are refused.

**Order of messages.** The key is the order id. All that is written about an order is in the \
partition of the number that its create arrived in, in order. Do not work out an order's partition \
from its id.

**Again and again.** `{names.SOURCE}` and `{names.ID}` of a command are its idempotency key in its \
order: sent again, it changes nothing and gets the same result. Every topic is delivered at least \
once; what is written twice is equal to the byte.

**Limits.** A value has at most {limits.MAX_VALUE_BYTES:,} bytes, a header \
{limits.MAX_HEADER_BYTES:,}, all headers together {limits.MAX_ALL_HEADERS_BYTES:,}; ids, names, \
company and tracking number {limits.MAX_NAME_LENGTH} characters, a reason \
{limits.MAX_REASON_LENGTH}; an order {limits.MAX_PRODUCTS} products, none listed twice, of \
{limits.MAX_QUANTITY:,} pieces each; JSON is nested {limits.MAX_JSON_DEPTH} deep at most, and \
after {limits.MAX_ORDER_VERSION:,} versions an order can only be finished.
"""


def asyncapi_document(version: str, deployment: Deployment) -> Document:
    """The whole document of this version of the service, as it is deployed there."""
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "id": "urn:order-management-service",
        "info": {
            "title": TITLE,
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": names.JSON_CONTENT.decode(),
        "servers": servers(deployment),
        "channels": channels(deployment),
        "operations": operations(),
        "components": components(),
    }
