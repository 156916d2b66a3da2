"""Any mixture of our API and Helm by hand: after each step, every status is what Helm itself would make one say.

`STATEFUL_EXAMPLES` and `STATEFUL_STEPS` have it run longer than the suite does; then a failure is shrunk, too.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet
from tests.sample_charts import packaged
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")

EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "5"))
STEPS = int(os.environ.get("STATEFUL_STEPS", "9"))
LONG = "STATEFUL_EXAMPLES" in os.environ
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if LONG else [])]

NAMES = ("paris", "berlin")
VERSIONS = ("1.0.0", "1.1.0")
HELMS_WORDS = {"deployed": "DEPLOYED", "uninstalled": "DELETED", "superseded": "SUPERSEDED", "failed": "FAILED"}

Values = dict[str, Any]

leaves = st.one_of(st.integers(0, 2), st.booleans(), st.sampled_from(["x", "yes", "1"]), st.none(), st.just([1, "y"]))
documents = st.dictionaries(
    st.sampled_from("abc"), st.one_of(leaves, st.dictionaries(st.sampled_from("de"), leaves, max_size=2)), max_size=3
)
overrides = st.dictionaries(st.sampled_from(NAMES), documents, max_size=2)
some_targets = st.sets(st.sampled_from(NAMES), min_size=1).map(sorted)
versions = st.sampled_from(VERSIONS)
member = st.sampled_from(NAMES)


@dataclass(frozen=True)
class Wish:
    """Through the API: the deployment is created, or updated where there is one."""

    values: Values
    overrides: dict[str, Values]
    targets: list[str]
    version: str
    reuse: bool


@dataclass(frozen=True)
class Reconcile:
    """Through the API."""


@dataclass(frozen=True)
class Delete:
    """Through the API."""


@dataclass(frozen=True)
class ByHand:
    """With Helm, on one member; what Helm refuses there changes nothing."""

    member: str
    verb: str
    version: str = VERSIONS[0]
    values: Values = field(default_factory=dict)


wishes = st.builds(Wish, documents, overrides, some_targets, versions, st.booleans())
by_hand = st.one_of(
    st.builds(ByHand, member, st.just("upgrade"), versions, documents),
    st.builds(ByHand, member, st.just("install"), versions, documents),
    st.builds(ByHand, member, st.sampled_from(["rollback", "uninstall", "uninstall --keep-history"])),
)
# Wishes and changes by hand in turn, mostly: two of a kind in a row show less.
steps = st.lists(
    st.one_of(wishes, by_hand, by_hand, st.just(Reconcile()), st.just(Delete())), min_size=STEPS - 3, max_size=STEPS
)


@dataclass
class Model:
    """What the test knows to be wanted, merged by rules of its own."""

    fleet: Fleet
    release: str
    deployment_id: str | None = None
    values: Values = field(default_factory=dict)
    overrides: dict[str, Values] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    version: str = ""

    async def take(self, step: object) -> None:
        if isinstance(step, Wish):
            await self._wish(step)
        elif isinstance(step, ByHand):
            await self._by_hand(step)
        elif self.deployment_id is not None:
            await (self._delete() if isinstance(step, Delete) else self._reconcile())
        await self.check()

    async def _wish(self, step: Wish) -> None:
        stack = self.fleet.stack
        given_overrides = {name: values for name, values in step.overrides.items() if name in step.targets}
        request = {
            "version": step.version,
            "values": step.values,
            "targets": step.targets,
            "valueOverrides": [{"cluster": name, "values": values} for name, values in given_overrides.items()],
        }
        taken = {name for name in step.targets if name not in self.targets and await self._listed(name)}
        if self.deployment_id is None:
            answer = await self.fleet.create(releaseName=self.release, **request)
        else:
            answer = await stack.update(self.deployment_id, reuseValues=step.reuse, **request)
        if taken:
            found = (answer["__typename"], answer.get("code"))
            # What is not changed is not checked, either.
            assert found == ("Conflict", "release_name_taken"), (taken, answer)
            assert all(name in answer["message"] for name in taken)
            return
        assert answer["__typename"] == "DeploymentPayload", answer
        stored = {name: values for name, values in self.overrides.items() if name in step.targets}
        if self.deployment_id is not None and step.reuse:
            self.values = patched(self.values, step.values)
            self.overrides = stored | {
                name: patched(stored.get(name, {}), values) for name, values in given_overrides.items()
            }
        else:
            self.values, self.overrides = step.values, given_overrides
        self.deployment_id, self.targets, self.version = answer["deployment"]["id"], step.targets, step.version
        if answer["operation"] is not None:
            await self._settled_well(answer)

    async def _reconcile(self) -> None:
        assert self.deployment_id is not None
        await self._settled_well(await self.fleet.stack.reconcile(self.deployment_id))

    async def _settled_well(self, answer: Any) -> None:
        operation = await self.fleet.stack.settled(answer)
        assert operation["state"] == "SUCCEEDED", operation
        for name in self.targets:
            assert await self._status(name) == "DEPLOYED"

    async def _delete(self) -> None:
        assert self.deployment_id is not None
        operation = await self.fleet.stack.settled(await self.fleet.stack.delete(self.deployment_id))
        assert operation["state"] == "SUCCEEDED", operation
        for name in self.targets:
            assert await self._listed(name) is None
        assert await self.fleet.stack.targets(self.deployment_id) == {}
        self.deployment_id, self.targets = None, []

    async def _by_hand(self, step: ByHand) -> None:
        hand = self.fleet.hands[step.member]
        verb, *flags = step.verb.split()
        chart = [hand.chart(step.version)] if verb in ("install", "upgrade") else []
        if chart:
            flags.append("--create-namespace") if verb == "install" else flags.append("--reset-values")
            flags += [f"--set-json={key}={json.dumps(value)}" for key, value in step.values.items()]
        await hand.try_to(verb, self.release, *chart, *flags)

    async def check(self) -> None:
        """Every target is as Helm's own words make it, as soon as it was looked at again."""
        if self.deployment_id is None:
            return
        expected = {name: await self._expected(name) for name in self.targets}
        found: dict[str, Any] = {}

        async def equal() -> bool:
            assert self.deployment_id is not None
            told = await self.fleet.stack.targets(self.deployment_id)
            found.clear()
            found.update({name: _picked(target) for name, target in told.items()})
            return same(found, expected)

        try:
            await eventually(equal)
        except AssertionError:
            assert found == expected, "the status is not what Helm tells"
            raise

    async def _expected(self, name: str) -> dict[str, Any]:
        listed = await self._listed(name)
        return {
            "status": await self._status(name),
            "helmStatus": listed and HELMS_WORDS[listed["status"]],
            "version": listed and listed["chart"].removeprefix("web-"),
            "revision": listed and int(listed["revision"]),
            "values": listed and await self.fleet.hands[name].values(self.release),
            "desiredValues": self._desired(name),
        }

    async def _status(self, name: str) -> str:
        listed = await self._listed(name)
        if listed is None:
            return "NOT_INSTALLED"
        if listed["chart"] != f"web-{self.version}":
            return "STALE"
        if not same(await self.fleet.hands[name].values(self.release), self._desired(name)):
            return "STALE"
        return HELMS_WORDS[listed["status"]]

    async def _listed(self, name: str) -> Any:
        return (await self.fleet.hands[name].listed()).get(self.release)

    def _desired(self, name: str) -> Values:
        return merged(self.values, self.overrides.get(name, {}))


def _picked(target: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("status", "helmStatus", "version", "revision", "values", "desiredValues")
    return {field: target[field] for field in fields}


def same(one: object, other: object) -> bool:
    """As JSON: for Python, True and 1 are one."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def merged(under: Values, over: Values) -> Values:
    result = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def patched(stored: Values, given_values: Values) -> Values:
    result = dict(stored)
    for key, value in given_values.items():
        if value is None and key in result:
            del result[key]
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = patched(result[key], value)
        else:
            result[key] = value
    return result


@pytest.fixture
async def pair(new_fleet: NewFleet, members: Mapping[str, Member]) -> Any:
    async with new_fleet(*(members[name] for name in NAMES), confirm_every=0.2) as fleet:
        await fleet.stack.upload(packaged(version="1.1.0"))
        yield fleet


@pytest.mark.timeout(0 if LONG else 1200)
@settings(
    max_examples=EXAMPLES,
    phases=PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(taken=steps)
async def test_after_any_mix_of_the_api_and_manual_helm_runs_each_status_is_that_of_helm(
    pair: Fleet, taken: list[object]
) -> None:
    model = Model(pair, f"shop-{secrets.token_hex(4)}")
    for step in taken:
        await model.take(step)
    if model.deployment_id is not None:
        await model.take(Reconcile())
        await model.take(Delete())
