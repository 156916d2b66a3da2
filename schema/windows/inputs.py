"""The inputs of the subject's mutations."""

from typing import Any

import strawberry

from app.windows.given import GivenWindow
from schema.scalars import JSON
from schema.windows.enums import OverrideRole, WindowKind

_RULE = (
    "A recurrence rule of RFC 5545 without times of the day, such as FREQ=WEEKLY;BYDAY=MO,TU or"
    " FREQ=MONTHLY;BYDAY=-1FR."
)
_STARTS = "The first opening as local time, such as 2026-01-05T09:00; each later one is at the same time of day."


@strawberry.input(
    description="The whole window: fields that are left out get their default. At most one of `group` and `cluster` is"
    " given."
)
class SetChangeWindowInput:
    name: str = strawberry.field(
        description="Lower-case letters, digits and `-`. The window of this name is changed, or a new one is created."
    )
    kind: WindowKind
    rule: str = strawberry.field(description=_RULE)
    starts: str = strawberry.field(description=_STARTS)
    duration: str = strawberry.field(description="How long the window is open each time, such as 90m, 8h or 14d.")
    time_zone: str = strawberry.field(default="UTC", description="The time zone of `starts`, such as Europe/Paris.")
    group: str | None = strawberry.field(default=None, description="The name of a group. Default: all groups.")
    cluster: str | None = strawberry.field(default=None, description="The name of a cluster. Default: all clusters.")
    selector: JSON | None = strawberry.field(
        default=None,
        description="The window applies only to clusters that match. A map with the conditions of"
        ' `ClusterSelectorInput`, such as `{labels: {env: "prod"}}`. Default: to all.',
    )
    blocks_rollback: bool = strawberry.field(default=False, description="Whether the window also holds rollbacks.")
    override_role: OverrideRole = OverrideRole.ADMIN
    reason: str | None = strawberry.field(default=None, description="A text for users whose changes wait.")

    version: int | None = strawberry.field(
        default=None, description="The version that the window must have; 0 if there must be none. Default: any."
    )
    organization: str | None = None

    def given(self) -> GivenWindow:
        """The fields of the window."""
        given: dict[str, Any] = dict(vars(self))
        del given["version"], given["organization"]
        return GivenWindow(**given)


@strawberry.input
class DeleteChangeWindowInput:
    id: strawberry.ID
