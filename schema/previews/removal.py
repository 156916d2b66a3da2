"""What a change removes, for people to confirm."""

import strawberry

from app.deployments import removal

CONFIRM_REMOVAL = (
    "How many {} this update removes. It is needed, and must match exactly, where the update removes all of them, or"
    " more than 2 and more than POLYHELM_MAX_REMOVAL percent (25) of them. Without it, the error has the number."
)
"""For inputs; `{}` is what is removed."""


@strawberry.type(description="The clusters that a change takes out of a deployment's targets or a group's members.")
class Removal:
    count: int
    clusters: list[str] = strawberry.field(description="The names of the clusters that are removed.")
    needs_confirmation: bool = strawberry.field(description="Whether the change needs `confirmRemoval: <count>`.")

    @classmethod
    def of(cls, found: removal.Removal) -> "Removal":
        return cls(count=found.count, clusters=list(found.names), needs_confirmation=found.needs_confirmation)
