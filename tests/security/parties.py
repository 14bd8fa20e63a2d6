"""Who takes part at the secured stack, and in which way each comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.journey.storefront import Storefront
from tests.security.place import PASSWORDS
from workers.customers.worker import plan as customers_plan
from workers.inventory.worker import plan as inventory_plan
from workers.orders.worker import plan as orders_plan
from workers.security.connection_settings import SaslMechanism, SecurityProtocol

if TYPE_CHECKING:
    from tests.security.place import Place

PLANS: Final = {
    f"oms-{plan.name}": plan for plan in (orders_plan(), customers_plan(), inventory_plan())
}
WAYS: Final = {
    "oms-orders": (SecurityProtocol.SASL_SSL, SaslMechanism.SCRAM_SHA_512),
    "oms-customers": (SecurityProtocol.SSL, SaslMechanism.SCRAM_SHA_512),
    "oms-inventory": (SecurityProtocol.SASL_SSL, SaslMechanism.PLAIN),
}
"""Each worker comes in another way, so that Faust's consumer is seen with all of them."""


def login(place: Place, user: str) -> dict[str, str]:
    """How a user comes to Kafka, in librdkafka's names."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": user,
        "sasl.password": PASSWORDS[user],
        "ssl.ca.location": str(place.certificates.authorities),
    }


def client_of(place: Place, user: str) -> Storefront:
    """A client of Kafka with no code of ours, as this user."""
    return Storefront(place.settings_of(user).kafka_bootstrap, login(place, user))
