"""Features that are enabled for a group."""

from typing import Any

from sqlmodel import col, select

from app.core.errors import Conflict, NotFound, invalid
from app.core.services import Services
from app.groups.codes import GroupCode, GroupEvent
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.tables.deployments import Deployment
from app.tables.groups import MULTI_CLUSTER_DEPLOYMENT, ClusterGroup, FeatureState, GroupFeature


async def set_feature(
    services: Services, viewer: Viewer, group_id: int, feature: str, *, enabled: bool, properties: Any
) -> ClusterGroup:
    """Enables or disables a feature. Multi-cluster deployment cannot be disabled while the group has deployments."""
    if properties is not None and not isinstance(properties, dict):
        raise invalid(GroupCode.PROPERTIES_MALFORMED, "Properties must be an object.", "properties")
    async with services.transaction() as transaction:
        session = transaction.session
        group = await session.get(ClusterGroup, group_id, with_for_update={"key_share": True})
        if group is None or not viewer.sees(group.organization_id):
            raise NotFound(GroupCode.CLUSTER_GROUP_NOT_FOUND, "This cluster group does not exist.", ("group",))
        viewer.require(group.organization_id, Permission.GROUPS_WRITE)
        row = await session.get(GroupFeature, (group_id, feature))
        if row is None:
            raise NotFound(
                GroupCode.FEATURE_NOT_FOUND,
                f"There is no feature {feature!r}. The only feature is {MULTI_CLUSTER_DEPLOYMENT}.",
                ("feature",),
            )
        if not enabled:
            used = (
                await session.exec(select(Deployment.release_name).where(col(Deployment.group_id) == group_id).limit(5))
            ).all()
            if used:
                raise Conflict(
                    GroupCode.FEATURE_IN_USE,
                    f"{group.name} has deployments ({', '.join(used)}). Delete them before you disable {feature}.",
                    ("enabled",),
                )
        row.enabled = enabled
        row.state = FeatureState.ACTIVE if enabled else FeatureState.DISABLED
        row.message = None
        if properties is not None:
            row.properties = properties
        transaction.record(
            GroupEvent.FEATURE_SET,
            f"{feature} is {'enabled' if enabled else 'disabled'} in {group.name}.",
            organization_id=group.organization_id,
            actor=viewer.name,
            subject=group,
            feature=feature,
            enabled=enabled,
        )
        return group
