"""The audits of GraphQL over HTTP, as the npm package graphql-http has them."""

import asyncio
import json

from tests.live.node import CLIENTS, clients, with_node
from tests.live.serving import served
from tests.stack import Stack

COUNT = 61


async def test_every_audit_of_graphql_over_http_passes(quiet: Stack) -> None:
    async with served(quiet) as url:
        command = with_node("node", "--input-type=module", "-", f"{url}/graphql")
        with (CLIENTS / "audit.mjs").open() as script:
            audit = await asyncio.create_subprocess_exec(
                *command, cwd=clients(), stdin=script, stdout=asyncio.subprocess.PIPE
            )
        printed, _ = await audit.communicate()
    results = json.loads(printed)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == COUNT
