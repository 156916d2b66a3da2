"""Polyhelm's services in the process that measures, on a Postgres and Redis of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.core import migrations
from app.core.settings import Settings
from app.fleet.services import AllServices
from app.identity.accounts import bootstrap
from app.program.embedded import embedded
from app.program.services import open_services
from benchmarks.bench import Bench
from benchmarks.server import TOKEN


@asynccontextmanager
async def new_services(bench: Bench, folder: str, **settings: Any) -> AsyncIterator[AllServices]:
    """On an empty database, with an admin; its settings are complete."""
    base = Settings(data_dir=bench.new_folder(folder), helm=bench.helm, allowed_networks="127.0.0.0/8", **settings)
    async with embedded(base) as complete:
        assert complete.database_url is not None
        await migrations.migrate(complete.database_url)
        async with open_services(complete) as services:
            await bootstrap(services, TOKEN)
            yield services
