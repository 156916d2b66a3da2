"""`python -m app.program.new_migration MESSAGE` writes a migration for the differences between the tables and the
schema."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from app.core.migrations import migrate, new_migration
from app.core.settings import Settings
from app.program.embedded import embedded


async def _write(message: str) -> None:
    with TemporaryDirectory(prefix="polyhelm-migration-") as name:
        async with embedded(Settings(data_dir=Path(name))) as settings:
            assert settings.database_url is not None
            await migrate(settings.database_url)
            await new_migration(settings.database_url, message)


if __name__ == "__main__":
    asyncio.run(_write(sys.argv[1]))
