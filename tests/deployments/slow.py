"""A Polyhelm whose plans take longer than a request waits, until they are let go."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import update
from sqlmodel import select

from app.helm.binary import find_helm
from app.program.services import open_services
from app.server.main import create_app
from app.tables.deployments import PlanProgress
from simulator import Member
from tests.stack import TOKEN, Stack, eventually

NAMES = ("berlin", "paris")
PLAN = "plan { changed removal { count } targets { clusterName action manifest desiredValues reasons { code } } }"
STARTED = f"... on DeploymentPayload {{ {PLAN} planProgress {{ id done total finished }} }}"
PROGRESS = f"""query ($id: ID!) {{ planProgress(id: $id) {{
  done total finished notices {{ code }} error {{ __typename code message }} {PLAN}
}} }}"""


@dataclass(frozen=True)
class Slow:
    """A Polyhelm whose plans are not ready before they are let go."""

    stack: Stack
    gate: Path
    members: tuple[Member, ...] = ()

    async def begin(self, **given: Any) -> Any:
        given = {"group": "fleet", "chart": "charts/web", "namespace": "default", "releaseName": "shop"} | given
        return await self.stack.mutate("createDeployment", STARTED, **given, dryRun=True)

    def let_go(self) -> None:
        self.gate.touch()

    async def ask(self, started: Any, token: str = TOKEN) -> Any:
        return (await self.stack.data(PROGRESS, token, id=started["planProgress"]["id"]))["planProgress"]

    async def finished(self, started: Any) -> Any:
        async def look() -> Any:
            found = await self.ask(started)
            return found if found["finished"] else None

        return await eventually(look)

    async def write(self, **values: Any) -> None:
        async with self.stack.services.transaction() as transaction:
            await transaction.session.execute(update(PlanProgress).values(**values))

    async def rows(self) -> list[PlanProgress]:
        return [row for (row,) in await self.stack.services.database.rows(select(PlanProgress))]


@asynccontextmanager
async def another(stack: Stack, **changed: Any) -> AsyncIterator[Stack]:
    """Another API process on the same database."""
    async with open_services(stack.services.settings.model_copy(update=changed)) as services:
        transport = httpx2.ASGITransport(create_app(services))
        async with httpx2.AsyncClient(transport=transport, base_url="http://polyhelm", timeout=180) as client:
            yield Stack(services, client)


@asynccontextmanager
async def open_slow(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member], folder: Path
) -> AsyncIterator[Slow]:
    gate, program = folder / "gate", folder / "slow-helm"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" != version ]; then while [ ! -e {gate} ]; do sleep 0.05; done; fi\n'
        f'exec {find_helm(None).path} "$@"\n'
    )
    os.chmod(program, 0o755)
    async with new_stack(working=False, helm=program, plan_wait=0) as stack:
        members = tuple(map(simulated, NAMES))
        await stack.fleet({name: member.kubeconfig for name, member in zip(NAMES, members, strict=True)})
        yield Slow(stack, gate, members)
