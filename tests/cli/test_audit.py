"""What has happened, as JSON lines: what a caller may see, and all there is on the server."""

import asyncio
import json
from typing import Any

from tests.cli.polyhelm import PROGRAM, Polyhelm
from tests.live.processes import environment


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


async def test_a_caller_exports_what_they_may_see(polyhelm: Polyhelm) -> None:
    await polyhelm.fine("group", "create", "edge")
    assert (await polyhelm("group", "create", "edge")).code == 1
    timeline = lines((await polyhelm("events", "--export")).out)
    assert [event["message"] for event in timeline] == [
        "The group edge was created with 0 members.",
        "admin is the first admin.",
    ]
    assert timeline[0]["origin"]["mutation"] == "createClusterGroup"
    audit = lines((await polyhelm("events", "--export", "--audit")).out)
    assert audit[0]["kind"] == "mutation.refused"
    assert audit[1:] == timeline
    await polyhelm.fine("token", "create", "ci")
    (made,) = lines((await polyhelm("events", "--export", "--installation")).out)
    assert made["kind"] == "token.created"


async def test_the_server_exports_everything(polyhelm: Polyhelm) -> None:
    await polyhelm.fine("token", "create", "ci")
    exporting = await asyncio.create_subprocess_exec(
        *(PROGRAM, "audit", "export"), env=environment(polyhelm.stack), stdout=asyncio.subprocess.PIPE
    )
    found = lines((await exporting.communicate())[0].decode())
    assert exporting.returncode == 0
    assert [(line["organization"], line["kind"]) for line in found] == [
        ("default", "user.created"),
        (None, "token.created"),
    ]
