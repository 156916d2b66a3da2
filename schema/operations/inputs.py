"""The inputs of mutations about operations. Their texts are masked in the audit log unless the subject lists them as
plain."""

import strawberry


@strawberry.input
class CancelOperationInput:
    id: strawberry.ID


@strawberry.input
class OverrideChangeWindowsInput:
    id: strawberry.ID = strawberry.field(description="The operation.")
    reason: str = strawberry.field(description="Why the change cannot wait. It is recorded in the audit log.")
