"""What tests see of resources: the rows that are written down, and the health of targets."""

from collections.abc import Callable
from typing import Any

from sqlmodel import select

from app.tables.resources import LiveResource
from app.tables.targets import Target
from simulator import Member
from tests.resources.charts import chart
from tests.stack import Stack, eventually


async def rows(stack: Stack) -> dict[str, LiveResource]:
    """Every resource by kind and name."""
    async with stack.services.database.reading() as session:
        found = (await session.exec(select(LiveResource))).all()
    return {f"{row.kind}/{row.name}": row for row in found}


async def healths(stack: Stack) -> dict[str, str]:
    return {name: row.health.value for name, row in (await rows(stack)).items()}


async def target(stack: Stack) -> Target:
    """The only one."""
    async with stack.services.database.reading() as session:
        [found] = (await session.exec(select(Target))).all()
    return found


async def until_health(stack: Stack, health: str, *blamed: str) -> Target:
    """The only target, once it has this health and blames these resources, in this order."""

    async def has_it() -> Target | None:
        found = await target(stack)
        reasons = tuple(f"{each['kind']}/{each['name']}: {each['reason']}" for each in found.health_reasons)
        return found if (found.health, reasons) == (health, blamed) else None

    held: Target = await eventually(has_it)
    return held


async def until_rows(stack: Stack, test: Callable[[dict[str, LiveResource]], bool]) -> dict[str, LiveResource]:
    async def are() -> Any:
        found = await rows(stack)
        return [found] if test(found) else None

    held: dict[str, LiveResource]
    [held] = await eventually(are)
    return held


async def deployed(stack: Stack, member: Member, *templates: str, values: Any = None, **more: str) -> str:
    """Deploys the chart with these templates to the member, and gives the deployment's id."""
    await stack.fleet({"paris": member.kubeconfig})
    await stack.upload(chart(*templates, version="2.0.0", **more))
    return await stack.deployed(releaseName="shop", chart="charts/web", version="2.0.0", values=values or {})
