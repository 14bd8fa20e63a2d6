"""The base of every message that comes from outside, and the texts and numbers they share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.limits import MAX_NAME_LENGTH, MAX_QUANTITY, MAX_REASON_LENGTH

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
Reason = Annotated[str, Field(max_length=MAX_REASON_LENGTH)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, description="How many pieces.")]
Version = Annotated[int, Field(ge=1)]
OrderId = Annotated[Name, Field(description="The order's id.")]
CustomerId = Annotated[Name, Field(description="Who orders.")]
ProductId = Annotated[Name, Field(description="The product's id.")]
StorefrontId = Annotated[Name, Field(description="Where it was ordered.")]
Company = Annotated[Name, Field(description="Who carries the order.")]
TrackingNumber = Annotated[Name, Field(description="Under which number it can be traced.")]


class Message(BaseModel):
    """Frozen data whose names are camelCase on the wire; unknown fields are ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        strict=True,
        extra="ignore",
    )


class StrictMessage(Message):
    """A message that refuses unknown fields: what clients send to us."""

    model_config = ConfigDict(extra="forbid")
