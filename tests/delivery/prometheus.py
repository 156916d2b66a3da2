"""A real Prometheus with a password. It is Debian's package `prometheus`."""

import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.kubernetes.process import HOST, Port, Process
from tests.stack import eventually

PASSWORD = "a-secret-that-nobody-sees"
_HASH = "$2b$04$abcdefghijklmnopqrstuuqdWPbPgpoXHDqJyGB4cuiZ98YJ7Bf56"
"""The password as bcrypt stores it, which is the only form that Prometheus reads."""
AUTHORIZATION = "Basic " + base64.b64encode(f"checks:{PASSWORD}".encode()).decode()


class PrometheusMissingError(Exception):
    """The program is not installed."""


@asynccontextmanager
async def prometheus(folder: Path, scraped: str) -> AsyncIterator[str]:
    """Runs until the block ends, and scrapes the metrics of this address every second. Yields its own address once it
    has metrics.

    Raises:
        PrometheusMissingError: It is not installed.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise PrometheusMissingError("Prometheus is missing: apt-get install prometheus")
    scrape = {"job_name": "polyhelm", "scrape_interval": "1s", "static_configs": [{"targets": [scraped]}]}
    # JSON is YAML, too.
    (folder / "prometheus.yaml").write_text(json.dumps({"scrape_configs": [scrape]}))
    (folder / "web.yaml").write_text(json.dumps({"basic_auth_users": {"checks": _HASH}}))
    port = Port()
    port.close()
    address = f"{HOST}:{port.number}"
    process = Process(
        [
            program,
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--web.config.file={folder / 'web.yaml'}",
            f"--web.listen-address={address}",
            f"--storage.tsdb.path={folder / 'data'}",
        ],
        folder / "prometheus.log",
    )
    process.start()
    try:
        async with httpx2.AsyncClient(base_url=f"http://{address}", headers={"Authorization": AUTHORIZATION}) as client:

            async def has_scraped() -> bool:
                try:
                    answer = await client.get("/api/v1/query", params={"query": "up == 1"})
                except httpx2.TransportError:
                    return False
                return answer.status_code == 200 and bool(answer.json()["data"]["result"])

            await eventually(has_scraped)
        yield address
    finally:
        await process.stop()
