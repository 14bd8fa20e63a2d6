"""`oms seed`: sample customers and stock, for trying the service out."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from workers.cli.failures import run
from workers.cli.output import Json, print_json, stdout

if TYPE_CHECKING:
    from workers.dev.samples import SeedReport
    from workers.settings import Settings


def seed(json: Json = False) -> None:
    """Put sample customers and stock into MongoDB; what is there stays as it is."""
    report = run(_seed)
    if json:
        print_json(asdict(report))
        return
    for name, seeded in (("customers", report.customers), ("products", report.products)):
        stdout().print(f"{name}: {seeded.inserted} put in, {seeded.existing} were there")


async def _seed(settings: Settings) -> SeedReport:
    from workers.cli.mongo import database_that_answers  # noqa: PLC0415 - --help needs no driver
    from workers.dev.samples import seed_samples  # noqa: PLC0415 - --help needs no driver

    async with database_that_answers(settings):
        return await seed_samples(settings)
