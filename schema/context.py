"""What every field of one operation can reach."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import strawberry
from strawberry.dataloader import DataLoader

from app.admission.parse_limiter import ParseLimiter
from app.admission.requests import caller_of
from app.fleet.services import AllServices
from app.identity.viewer import Viewer
from app.releases.status import TargetStatus
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup, GroupFeature
from app.tables.identity import User
from app.tables.operations import Operation, OperationResult
from app.tables.targets import Release
from app.targets.activity import Activity
from app.targets.queries import TargetFacts


class UnauthenticatedError(Exception):
    """The request carries no token, or one that is not valid (any more)."""


class Loaders(Protocol):
    """What is fetched for many objects at once; each is named for what it gives and what it goes by."""

    told: dict[object, Any] | None
    cluster_by_id: DataLoader[int, Cluster | None]
    group_by_id: DataLoader[int, ClusterGroup | None]
    deployment_by_id: DataLoader[int, Deployment | None]
    operation_by_id: DataLoader[int, Operation | None]
    user_by_id: DataLoader[int, User | None]
    revision_by_deployment: DataLoader[tuple[int, int], DeploymentRevision]
    target_by_id: DataLoader[int, TargetFacts | None]
    installed_values_by_target: DataLoader[int, dict[str, Any] | None]
    archive_by_digest: DataLoader[str, ChartArchive]
    targets_by_deployment: DataLoader[int, list[TargetFacts]]
    status_counts_by_deployment: DataLoader[int, dict[TargetStatus, int]]
    targets_by_cluster: DataLoader[int, list[TargetFacts]]
    members_by_group: DataLoader[int, list[Cluster]]
    features_by_group: DataLoader[int, list[GroupFeature]]
    releases_by_cluster: DataLoader[int, list[tuple[Release, int | None]]]
    output_by_result: DataLoader[tuple[int, str], str | None]
    deployments_by_secret: DataLoader[int, list[Deployment]]
    results_by_operation: DataLoader[int, list[OperationResult]]
    activity_by_target: DataLoader[int, Activity | None]


class SharedLoaders(Protocol):
    def of(self, upto: int) -> Loaders: ...
    def own(self) -> Loaders: ...
    async def prepare_targets(self, upto: int, keys: Collection[int]) -> None: ...
    async def prepare_clusters(self, upto: int, keys: Collection[int]) -> None: ...
    async def prepare_deployments(self, upto: int, keys: Collection[int]) -> None: ...
    async def prepare_operations(self, upto: int, keys: Collection[int]) -> None: ...


@dataclass
class Context:
    """`signed_in` is None for a request without a valid token.

    Loaders live for one operation, which brings its own, or one event of a subscription, never longer. A WebSocket has
    one context for all of its operations: `load` may be exchanged at any time, for newer ones. `subscribed` tells how
    many subscriptions each user has open in this process. `parsing` limits the parsing of documents, by whether the
    caller is signed in.
    """

    services: AllServices
    signed_in: Viewer | None
    shared: SharedLoaders
    subscribed: Counter[int]
    parsing: Mapping[bool, ParseLimiter]
    request: Any = None
    response: Any = None
    connection_params: dict[str, object] | None = None
    load: Loaders = field(init=False)

    @property
    def caller(self) -> str:
        """Whom the operation counts for."""
        return caller_of(self.signed_in, self.request)

    @property
    def viewer(self) -> Viewer:
        if self.signed_in is None:
            raise UnauthenticatedError
        return self.signed_in


Info = strawberry.Info[Context, None]
