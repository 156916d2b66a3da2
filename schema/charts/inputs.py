"""The inputs of mutations about charts. Their texts are masked in the audit log unless the subject lists them as
plain."""

import strawberry


@strawberry.input
class AddChartRepositoryInput:
    name: str
    url: str
    organization: str | None = None
    username: str | None = None
    password: str | None = None


@strawberry.input
class RemoveChartRepositoryInput:
    id: strawberry.ID


@strawberry.input
class RefreshChartRepositoryInput:
    id: strawberry.ID


@strawberry.input
class UploadChartInput:
    repository: str
    archive: str = strawberry.field(description="A packaged chart, in base64.")
    organization: str | None = None
