"""The progress of a plan, written by the use case that makes the plan."""

import asyncio


class Progress:
    """`done` of `total` clusters are planned; `total` is 0 until they are known."""

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.organization_id = 0
        self.group_id = 0
        self.is_allowed = asyncio.Event()
        """Set once the caller is known to have the permission to plan in the organization and the group."""

    def allow(self, organization_id: int, group_id: int) -> None:
        self.organization_id, self.group_id = organization_id, group_id
        self.is_allowed.set()
