"""The embedded Postgres is there for all who use its folder, and ends with the last of them."""

import shutil
import tempfile
from pathlib import Path

from sqlalchemy import text

from app.core.database import Database
from app.core.settings import Settings
from app.program.embedded import embedded


async def test_embedded_services_stop_with_the_last_process_that_uses_them() -> None:
    # Not below pytest's own folder, for the reason that `servers` has.
    folder = Path(tempfile.mkdtemp(prefix="polyhelm-embedded-"))
    try:
        async with embedded(Settings(data_dir=folder)) as first:
            async with embedded(Settings(data_dir=folder)) as second:
                assert second.database_url == first.database_url
            database = Database(first.database_url or "", pool_size=2)
            assert await database.rows(text("SELECT 1")) == [(1,)]
            await database.close()
            assert (folder / "postgres" / "postmaster.pid").exists()
        assert not (folder / "postgres" / "postmaster.pid").exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
