"""Secrets to write and read, and what tests ask of them."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import Client, Object


def secret(name: str, labels: dict[str, str] | None = None, **texts: str) -> Object:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in texts.items()}
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


async def create(client: Client, path: str, obj: Object) -> Object:
    status, created = await client.post(path, obj)
    assert status == 201, created
    assert isinstance(created, dict)
    return created


def names(listed: Object) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


async def gone(client: Client, path: str) -> None:
    """Wait until controllers have removed it."""
    async with asyncio.timeout(20):
        while (await client.get(path))[0] != 404:  # noqa: ASYNC110 - the other side is a server
            await asyncio.sleep(0.05)
