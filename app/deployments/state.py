"""What a deployment wants, as one value: written as a revision, compared with the one before, checked as a whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.charts.tables import ChartArchive
from app.deployments.tables import DeploymentRevision
from app.errors import Problem
from app.releases.canonical import canonical, digest
from app.releases.release import Desired
from app.releases.values import MAX_VALUES_BYTES, Values, merge, problems


@dataclass(frozen=True)
class Wish:
    """One generation of what is wanted. Overrides are keyed by the cluster's name."""

    archive: ChartArchive
    values: Values = field(default_factory=dict)
    value_overrides: Mapping[str, Values] = field(default_factory=dict)
    targets: tuple[str, ...] = ()

    def on(self, cluster: str) -> Desired:
        merged = merge(self.values, self.value_overrides.get(cluster, {}))
        return Desired(self.archive.name, self.archive.version, merged)

    def digest_on(self, cluster: str) -> bytes:
        wanted = self.on(cluster)
        return digest(wanted.chart_name, wanted.chart_version, wanted.values)

    def equals(self, revision: DeploymentRevision) -> bool:
        """Whether this is what the revision has: then there is nothing to write."""
        return (
            self.archive.digest == revision.chart_digest
            and set(self.targets) == set(revision.targets)
            and canonical(self.values) == canonical(revision.values)
            and canonical(dict(self.value_overrides)) == canonical(revision.value_overrides)
        )

    def revision(self, deployment_id: int, generation: int, author: str | None) -> DeploymentRevision:
        return DeploymentRevision(
            deployment_id=deployment_id,
            generation=generation,
            chart_version=self.archive.version,
            chart_digest=self.archive.digest,
            values=self.values,
            value_overrides=dict(self.value_overrides),
            targets=list(self.targets),
            author=author,
        )


def value_problems(values: object, overrides: Mapping[str, object]) -> Iterator[Problem]:
    """Yields what keeps what was given from being values at all, before any of it is merged."""
    for path, message in problems(values):
        yield Problem(("values", *path), message)
    for cluster, override in overrides.items():
        for path, message in problems(override):
            yield Problem(("valueOverrides", cluster, *path), message)


def wish_problems(wish: Wish) -> Iterator[Problem]:
    """Yields what is wrong with a wish as a whole: overrides of no target, merged values that are too large."""
    for cluster in wish.value_overrides:
        if cluster not in wish.targets:
            message = f"{cluster} is no target of this deployment: name it in `targets`, or leave its override out."
            yield Problem(("valueOverrides", cluster), message)
    for cluster in wish.targets:
        if cluster in wish.value_overrides and (size := len(canonical(wish.on(cluster).values))) > MAX_VALUES_BYTES:
            message = f"The values for {cluster} have {size:,} bytes when merged; at most {MAX_VALUES_BYTES:,} fit."
            yield Problem(("valueOverrides", cluster), message)
