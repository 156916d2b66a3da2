"""Keeps the health rules that users have set, for all members that this process watches."""

from collections.abc import Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from app.health.kinds import Kind
from app.resources.custom_rules import CustomRule
from app.resources.health_rules import RulesOf, Versions, all_rules, rule_versions


class RuleBook:
    def __init__(self) -> None:
        self._rules: RulesOf = {}
        self._versions: Versions = frozenset()

    def of(self, organization_id: int) -> Mapping[Kind, CustomRule]:
        return self._rules.get(organization_id, {})

    async def renew(self, session: AsyncSession) -> dict[int, set[Kind]]:
        """Reads the rules if any has changed; returns the kinds whose rules differ, by organization."""
        versions = await rule_versions(session)
        if versions == self._versions:
            return {}
        before, self._rules = self._rules, await all_rules(session)
        self._versions = versions
        found: dict[int, set[Kind]] = {}
        for organization_id in before.keys() | self._rules.keys():
            old, new = before.get(organization_id, {}), self.of(organization_id)
            if changed := {kind for kind in old.keys() | new.keys() if old.get(kind) != new.get(kind)}:
                found[organization_id] = changed
        return found
