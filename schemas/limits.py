"""The limits that every message from outside is held to."""

from __future__ import annotations

from typing import Final

MAX_VALUE_BYTES: Final = 1_000_000
MAX_HEADER_BYTES: Final = 1024
MAX_ALL_HEADERS_BYTES: Final = 65_536
MAX_NAME_LENGTH: Final = 128
MAX_REASON_LENGTH: Final = 512
MAX_PRODUCTS: Final = 500
MAX_QUANTITY: Final = 1_000_000
MAX_JSON_DEPTH: Final = 16
MAX_ORDER_VERSION: Final = 1_000
MAX_REPLY_ADDRESSES: Final = 16
"""Of an order that waits: the addresses of the newest repeated deliveries are remembered."""
