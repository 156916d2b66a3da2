"""How the targets of a deployment are chosen among the members of its group: by a list, by a selector, or by both."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.services import Services
from app.groups.facts import cluster_facts
from app.groups.queries import chosen_members, find_group, members_of
from app.releases.selectors import Selector
from app.tables.clusters import Cluster
from app.tables.deployments import DeploymentRevision
from app.tables.groups import ClusterGroup


@dataclass(frozen=True)
class Membership:
    """With a selector, the targets are the clusters that it matches when a generation is written, and the listed ones.
    Without one, `listed` is not used: the targets of the generation are the list."""

    selector: Selector | None = None
    listed: tuple[str, ...] = ()

    @classmethod
    def of(cls, revision: DeploymentRevision) -> "Membership":
        if revision.target_selector is None:
            return cls()
        return cls(Selector.of_json(revision.target_selector), tuple(revision.listed_targets))

    @classmethod
    def given(cls, selector: Any, targets: Collection[str] | None) -> "Membership":
        """From a valid request that gives a selector or a list or both."""
        if selector is None:
            return cls()
        return cls(Selector.of_json(selector), tuple(sorted(set(targets or ()))))

    def without(self, staying: Iterable[str]) -> "Membership":
        """Without the listed clusters that are no longer targets."""
        return replace(self, listed=tuple(name for name in self.listed if name in set(staying)))

    def chosen(self, group: ClusterGroup, members: dict[str, Cluster], targets: list[str] | None) -> dict[str, Cluster]:
        """The members that are to be targets, by name. `targets` are used if there is no selector; None: all members.

        Raises:
            ValidationFailed: some listed clusters are not members.
        """
        if self.selector is None:
            return chosen_members(members, targets)
        listed = chosen_members(members, list(self.listed))
        matched = {
            name for name, cluster in members.items() if self.selector.matches(cluster_facts(cluster, group.name))
        }
        return {name: cluster for name, cluster in members.items() if name in matched or name in listed}

    def stored(self) -> dict[str, Any]:
        """The columns of a revision."""
        selector = None if self.selector is None else self.selector.as_json()
        return {"target_selector": selector, "listed_targets": list(self.listed)}


@dataclass(frozen=True)
class PendingMembership:
    """The clusters that the next generation adds and removes, because the selector matches other members now."""

    joining: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, revision: DeploymentRevision, group: ClusterGroup, members: Mapping[str, Cluster]
    ) -> "PendingMembership":
        selector = Membership.of(revision).selector
        if selector is None:
            return cls()
        matched = {name for name, cluster in members.items() if selector.matches(cluster_facts(cluster, group.name))}
        wanted = matched | (set(revision.listed_targets) & set(members))
        present = set(revision.targets)
        return cls(tuple(sorted(wanted - present)), tuple(sorted(present - wanted)))


async def selected_members(
    services: Services, organization_id: int, group_name: str, selector: Mapping[str, Any]
) -> list[str]:
    """The names of the members of a group that a valid selector matches."""
    async with services.database.reading() as session:
        group = await find_group(session, organization_id, group_name)
        members = await members_of(session, group.id) if group is not None else {}
    parsed = Selector.of_json(selector)
    return [name for name, cluster in members.items() if parsed.matches(cluster_facts(cluster, group_name))]
