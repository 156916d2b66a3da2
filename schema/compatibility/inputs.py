"""The inputs of the subject's mutations. Their texts are masked in the audit log unless the subject lists them as
plain."""

import strawberry


@strawberry.input
class PlannedReleaseInput:
    target: strawberry.ID
    revision: int = strawberry.field(description="The newest revision of the release, as the plan has shown it.")


@strawberry.input
class MigrateApiVersionsInput:
    kubernetes_version: str = strawberry.field(
        description="The version of Kubernetes, such as 1.32, whose removed API versions are replaced."
    )
    releases: list[PlannedReleaseInput] = strawberry.field(description="The releases, at most 500.")
