"""Values as YAML text, for the fields that give them beside JSON."""

import asyncio
from typing import Any

from app.yaml.writing import write

AS_YAML = "`values` as YAML; empty if there are none."


async def as_yaml(values: Any) -> str:
    return await asyncio.to_thread(write, values) if values else ""
