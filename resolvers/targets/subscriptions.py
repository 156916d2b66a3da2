"""Sends targets and their changes."""

from collections.abc import AsyncGenerator, Iterable, Iterator

import strawberry

from app.core.database import patiently
from app.fleet.services import AllServices
from app.tables.events import Event as EventRow
from app.tables.targets import Target
from app.targets.queries import TargetFacts, targets_after
from resolvers.engine import following
from resolvers.engine.following import Selection, fresh, loaded, own, shared
from schema.context import Info
from schema.relay.ids import row_id
from schema.targets.enums import TargetStatus
from schema.targets.loaders import target_by_id
from schema.targets.types import DeploymentTarget

_PAGE = 500


@strawberry.type
class Subscriptions:
    @strawberry.subscription(
        description=(
            "The current targets, then each target that changes. With `status`, also targets that no longer have it."
        )
    )
    async def targets(
        self,
        info: Info,
        organization: str | None = None,
        group: str | None = None,
        deployment: strawberry.ID | None = None,
        status: list[TargetStatus] | None = None,
    ) -> AsyncGenerator[DeploymentTarget, None]:
        services, viewer = info.context.services, info.context.viewer
        organization_id = viewer.organization(organization)
        group_id = await following.group_id(services, viewer, organization_id, group)
        deployment_id = None if deployment is None else row_id(deployment, "Deployment")
        selection = Selection(condition=status is not None)

        def selected(found: Iterable[TargetFacts | None]) -> Iterator[TargetFacts]:
            for facts in found:
                if (
                    facts is not None
                    and group_id in (None, facts.group_id)
                    and deployment_id in (None, facts.deployment_id)
                    and selection.update(facts.id, matches=status is None or facts.status in status)
                ):
                    yield facts

        def pick(event: EventRow) -> Iterable[int]:
            if not event.is_about(Target) or event.subject_id is None:
                return ()
            return (event.subject_id,) if deployment_id in (None, event.deployment_id) else ()

        async with services.feed.follow(organization_id, pick, info.context.shared.preparing(target_by_id)) as follower:
            everything = True
            while True:
                if everything:
                    last = 0
                    while page := await _targets_after(services, organization_id, last, group_id, deployment_id):
                        for facts in selected(page):
                            own(info)
                            yield DeploymentTarget.of(facts)
                        last = page[-1].id
                changed = await follower.changed()
                everything = changed.too_much
                load = fresh(info, changed.upto)
                for facts in selected(await loaded(load[target_by_id], changed.keys)):
                    yield shared(load, facts, DeploymentTarget.of)


async def _targets_after(
    services: AllServices, organization_id: int, last: int, group_id: int | None, deployment_id: int | None
) -> list[TargetFacts]:
    async def look() -> list[TargetFacts]:
        async with services.database.reading() as session:
            return await targets_after(
                session, organization_id, last, group_id=group_id, deployment_id=deployment_id, limit=_PAGE
            )

    return await patiently(look)
