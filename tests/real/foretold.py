"""A Polyhelm that is asked for the plan before each change, and whose plans have to say what the change then does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stack import TOKEN, Stack

Verdict = dict[str, tuple[str, str | None]]
"""The action on each cluster, and the code of the error that it ends in."""

PLANNED = ("createDeployment", "updateDeployment", "reconcileDeployment")
FOUND_BY_RUNS = ("helm_failed", "helm_timed_out", "cancelled")
"""Errors that no plan can know of: a hook fails, a wait runs out, or a person cancels the run."""


@dataclass
class Foretold(Stack):
    """`verdicts` has what was planned, by the id of the operation."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)

    async def mutate(self, mutation: str, fields: str, token: str | None = TOKEN, /, **given: Any) -> Any:
        if mutation not in PLANNED or given.get("dryRun"):
            return await super().mutate(mutation, fields, token, **given)
        planned = await super().mutate(mutation, fields, token, **given, dryRun=True)
        answer = await super().mutate(mutation, fields, token, **given)
        assert _kind(planned) == _kind(answer), (planned, answer)
        if answer.get("operation"):
            self.verdicts[answer["operation"]["id"]] = _verdict(planned["plan"]["targets"])
        return answer

    async def settled(self, answer: Any) -> Any:
        operation = await super().settled(answer)
        planned = self.verdicts.get(answer["operation"]["id"])
        if planned is not None:
            done = _verdict(operation["results"])
            foreseen = {
                name: (action, None if code in FOUND_BY_RUNS else code) for name, (action, code) in done.items()
            }
            assert planned == foreseen, operation
        return operation


def _kind(answer: Mapping[str, Any]) -> tuple[str, str | None]:
    return answer["__typename"], answer.get("code")


def _verdict(results: Iterable[Mapping[str, Any]]) -> Verdict:
    return {
        result["clusterName"]: (result["action"], result["error"] and result["error"]["code"]) for result in results
    }
