"""Returns deployments, the progress of long plans, and values as Helm reads them."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.deployments.desired_state import selector_problems
from app.deployments.given import read_text
from app.deployments.lists import deployment_by_name, deployments_page
from app.deployments.membership import selected_members
from app.deployments.planning import progress_of
from schema.context import Info
from schema.deployments.types import Deployment
from schema.deployments.values import ClusterSelection, YamlReading
from schema.errors import Problem
from schema.previews.types import PlanProgress
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import row_id
from schema.selectors.inputs import ClusterSelectorInput, stored_selector
from schema.targets.enums import TargetStatus


@strawberry.type
class Queries:
    @strawberry.field(description="Deployments, newest first. `search` matches release name and chart.")
    async def deployments(
        self,
        info: Info,
        organization: str | None = None,
        group: str | None = None,
        status: list[TargetStatus] | None = None,
        search: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[Deployment]:
        organization_id = info.context.viewer.organization(organization)
        page = await deployments_page(
            info.context.services, organization_id, Window.of(first, after), group=group, status=status, search=search
        )
        return to_connection(page, Deployment.of)

    @strawberry.field
    async def deployment(
        self, info: Info, group: str, release_name: str, organization: str | None = None
    ) -> Deployment | None:
        organization_id = info.context.viewer.organization(organization)
        row = await deployment_by_name(info.context.services, organization_id, group, release_name)
        return Deployment.of(row) if row else None

    @strawberry.field(
        description="Reads a YAML text of values as Helm does, for editors: mutations take the text as it is. It has at"
        " most 2,097,152 characters."
    )
    async def read_yaml(self, info: Info, text: str) -> YamlReading:
        _ = info.context.viewer  # raises for anonymous callers
        values, problems = await read_text(text)
        return YamlReading(values=None if problems else values, problems=list(map(Problem.of, problems)))

    @strawberry.field(
        description="Which members of a group a selector matches, for editors. An unknown group has no members."
    )
    async def select_clusters(
        self, info: Info, group: str, selector: ClusterSelectorInput, organization: str | None = None
    ) -> ClusterSelection:
        organization_id = info.context.viewer.organization(organization)
        stored = stored_selector(selector)
        problems = list(selector_problems((), stored))
        if problems:
            return ClusterSelection(clusters=[], problems=list(map(Problem.of, problems)))
        names = await selected_members(info.context.services, organization_id, group, stored)
        return ClusterSelection(clusters=names, problems=[])

    @strawberry.field(
        description=(
            "A plan that the caller requested and that takes longer than a request. It is kept for an"
            " hour. Poll it once a second until it is finished."
        )
    )
    async def plan_progress(self, info: Info, id: strawberry.ID) -> PlanProgress | None:  # noqa: A002
        row = await progress_of(info.context.services, info.context.viewer, row_id(id, "PlanProgress"))
        return await PlanProgress.of(row) if row else None
