"""Who may do what: every mutation, query and subscription, for every kind of caller, by introspection of the schema."""

import json
import os
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlmodel import col, func, select

from app.core.settings import Settings
from app.identity.permissions import PERMISSIONS, Access, Permission, roles_with
from app.registers.raised import parsed
from app.registers.reference import problems
from app.tables.events import Event
from app.tables.identity import Role
from resolvers.api import api
from schema.needs import needs_of_fields
from simulator import Simulator
from tests.identity.asking import NOWHERE, answer_to, code_in, filled, with_ids
from tests.identity.callers import ELSEWHERE, MEMBERS, NOBODY, RANKS, World, peopled, token_of
from tests.identity.shape import fields_of, queries
from tests.identity.test_subscription_permissions import SUBSCRIPTIONS
from tests.identity.walks import WALKS
from tests.outages import TEMPLATE
from tests.stack import TOKEN, Stack, open_stack
from tests.windows.samples import FREEZE

MINIMAL: dict[str, dict[str, Any]] = {
    "registerCluster": {"name": "x", "cloud": "other", "distribution": "other", "kubeconfig": "x"},
    "updateCluster": {"id": "CLUSTER", "region": "eu"},
    "confirmCluster": {"id": "CLUSTER", "uid": "x"},
    "removeCluster": {"id": "CLUSTER"},
    "createClusterGroup": {"name": "other", "members": []},
    "updateClusterGroup": {"id": "GROUP", "name": "renamed", "allowedNamespaces": [], "serviceAccount": ""},
    "deleteClusterGroup": {"id": "GROUP"},
    "setGroupFeature": {"group": "GROUP", "feature": "multi-cluster-deployment", "enabled": True},
    "addChartRepository": {"name": "x", "url": "oci://registry.invalid/charts"},
    "refreshChartRepository": {"id": "REPOSITORY"},
    "removeChartRepository": {"id": "REPOSITORY"},
    "uploadChart": {"repository": "charts", "archive": "x"},
    "createDeployment": {"group": "fleet", "chart": "charts/web", "namespace": "default"},
    "updateDeployment": {"id": "DEPLOYMENT", "values": {"a": 1}},
    "promoteDeployment": {"id": "DEPLOYMENT", "source": "DEPLOYMENT"},
    "reconcileDeployment": {"id": "DEPLOYMENT"},
    "deleteDeployment": {"id": "DEPLOYMENT"},
    "planDeployment": {"delete": {"id": "DEPLOYMENT"}},
    "applyPlan": {"id": "STORED"},
    "approvePlan": {"id": "STORED", "digest": "x"},
    "rejectPlan": {"id": "STORED", "digest": "x"},
    "commentOnPlan": {"id": "STORED", "comment": "x"},
    "discardPlan": {"id": "STORED"},
    "approveWave": {"rollout": "ROLLOUT", "wave": 0, "digest": "x"},
    "rejectWave": {"rollout": "ROLLOUT", "wave": 0, "digest": "x"},
    "pauseRollout": {"id": "ROLLOUT"},
    "resumeRollout": {"id": "ROLLOUT"},
    "abortRollout": {"id": "ROLLOUT"},
    "expediteRollout": {"id": "ROLLOUT", "reason": "x"},
    "deferTarget": {"rollout": "ROLLOUT", "cluster": "paris"},
    "retryTarget": {"rollout": "ROLLOUT", "cluster": "paris"},
    "retryCheck": {"rollout": "ROLLOUT", "wave": 0, "check": "answers"},
    "liftHold": {"deployment": "DEPLOYMENT", "generation": 1},
    "migrateApiVersions": {"kubernetesVersion": "1.25", "releases": [{"target": "TARGET", "revision": 1}]},
    "cancelOperation": {"id": "OPERATION"},
    "overrideChangeWindows": {"id": "OPERATION", "reason": "x"},
    "createSecret": {"name": "other", "data": {"a": "b"}},
    "updateSecret": {"id": "SECRET", "data": {"a": "c"}},
    "deleteSecret": {"id": "SECRET"},
    "setHealthRule": {"group": "example.com", "kind": "Gadget", "current": "true"},
    "deleteHealthRule": {"id": "RULE"},
    "setChangeWindow": FREEZE,
    "deleteChangeWindow": {"id": "WINDOW"},
    "createOrganization": {"name": "other"},
    "createUser": {"name": "somebody", "role": "VIEWER"},
    "setRole": {"user": "somebody", "role": "VIEWER"},
    "register": {"name": "somebody", "password": "x"},
    "signIn": {"name": "somebody", "password": "x"},
    "signOut": {},
    "revokeSession": {"id": "U2Vzc2lvbjo5OTk5"},
    "setPassword": {"user": "somebody", "password": "x"},
    "disableUser": {"user": "somebody"},
    "enableUser": {"user": "somebody"},
    "createApiToken": {"name": "second"},
    "revokeApiToken": {"name": "nothing"},
}
for walk in WALKS:
    MINIMAL |= {mutation: dict(given) for mutation, given in walk.inputs.items()}
"""An input for each mutation. One that is missing fails the test: nobody can forget a new mutation."""

FIELDS = needs_of_fields(api._schema)
"""What each field is declared to need, by type and name."""

NEEDS = {name.removeprefix("Mutation."): needed for name, needed in FIELDS.items() if name.startswith("Mutation.")}
"""What each mutation is declared to need."""

OPEN = {
    "register": "registration_closed",
    "signIn": "wrong_credentials",
    "completePendingResult": "result_token_unknown",
}
"""What somebody who is not signed in may ask, and what is wrong with the inputs above."""

ARGUMENTS = {
    "Rollout.wave": "index: 0",
    "Query.node": 'id: "DEPLOYMENT"',
    "Query.apiCompatibility": 'kubernetesVersion: "1.25"',
    "Query.cluster": 'name: "paris"',
    "Query.clusterGroup": 'name: "fleet"',
    "Query.chart": 'repository: "charts", name: "web"',
    "Query.secret": 'name: "db"',
    "Query.deployment": 'group: "fleet", releaseName: "shop"',
    "Query.resources": "filter: {}",
    "Query.tryHealthRule": 'target: "TARGET", kind: "ConfigMap", name: "shop", expressions: {current: "true"}',
    "Query.judgeObject": 'object: {apiVersion: "v1", kind: "Pod"}',
    "Query.logs": 'target: "TARGET"',
    "Query.operation": 'id: "OPERATION"',
    "Query.planProgress": 'id: "PLAN"',
    "Query.plan": 'id: "STORED"',
    "Query.rollout": 'id: "ROLLOUT"',
    "Query.compareTargets": 'a: "TARGET", b: "TARGET"',
    "Query.readYaml": 'text: "- 1"',
    "Query.selectClusters": 'group: "fleet", selector: {kubernetesVersion: "x"}',
    "Chart.version": 'version: "1.0.0"',
    "ChangeWindow.occurrences": 'start: "2026-01-01T00:00:00Z", end: "2026-02-01T00:00:00Z"',
    "Deployment.revision": "generation: 1",
    "Deployment.target": 'cluster: "paris"',
    "DeploymentTarget.liveObject": 'kind: "ConfigMap", name: "shop"',
    "Fleet.cells": 'clusters: ["CLUSTER"], deployments: ["DEPLOYMENT"]',
    "node.Cluster": "CLUSTER",
    "node.ClusterGroup": "GROUP",
    "node.Deployment": "DEPLOYMENT",
    "node.DeploymentTarget": "TARGET",
    "node.Operation": "OPERATION",
    "node.ChartRepository": "REPOSITORY",
    "node.Secret": "SECRET",
    "node.Plan": "STORED",
    "node.Rollout": "ROLLOUT",
    "node.HealthRule": "RULE",
    "node.ChangeWindow": "WINDOW",
    "node.User": "USER",
}
for walk in WALKS:
    ARGUMENTS |= walk.arguments
"""What fields need. Every field of every type is asked for; one that needs something and is missing here fails."""

OWN = {
    *("Query.viewer", "Query.memberships", "Query.apiTokens", "Query.sessions"),
    *("Query.readYaml", "YamlReading", "Problem"),
    *("Query.shippedHealthRules", "ShippedHealthRule", "Query.judgeObject"),
    *("Query.workflowLanguage", "Query.workflowStepTypes", "WorkflowStepType", "Query.serviceLanguage"),
    *("Query.planProgress", "PlanProgress", "DeploymentPlan", "TargetPlan", "Removal", "ChartNotice", "PlanWarning"),
    "ObjectChanges",
    *("User", "Membership", "GroupRole", "ApiToken", "Session"),
}
"""What is told of the caller alone."""

PUBLISHED = {"1.25", "1.36", "2026-11-30"}.union(*(walk.published for walk in WALKS))
"""What is known to everybody: of Kubernetes versions the one asked about, and how new the table of removals is."""

NOT_THERE = {
    *("Occupant", "ValueDifference", "ComparedValue", "Container", "ObjectEvent", "LogEntry", "HealthVerdict"),
    *("FieldDifference", "ObjectDifference", "SuggestedIgnoreRule", "Change", "DefinitionChange", "ObjectChange"),
    *("DeploymentDependency", "PromotedFrom", "TargetHold"),
    *(name for walk in WALKS for name in walk.absent),
}
"""What the target that is looked at has none of: it runs, waits for nobody, does not differ from itself, depends on
nothing, was not promoted, has not failed, and has no objects on its cluster."""

EVERYBODYS = {"Query.signInOptions", "SignInOptions", "SignInProvider"}
"""What is told to whoever asks."""

LOGS = {"Query.logs", "LogBatch", "LogEntry"}
"""What is told to those who may read logs."""

INSTALLATIONS = {"Query.users", "UserConnection", "UserEdge"}
"""What is told to those who administer the installation."""

OF_THE_CALLER = {"subject", "permissions", "mayMigrate"}
"""Fields that differ from caller to caller: the subject of an event about a user, and one's own permissions."""

FOR_ADMINS = {"origin"}
"""Fields that are null for members who are no admins."""

UNLIMITED = {"createApiToken", "revokeApiToken", "signOut", "revokeSession"}
"""What a token that may do less than its user may not do."""


async def code_of(stack: Stack, mutation: str, ids: dict[str, str], token: str | None) -> str | None:
    answer = await answer_to(stack, mutation, filled(MINIMAL[mutation], ids), token)
    found: str | None = code_in(answer) if "errors" in answer else answer["data"][mutation].get("code")
    return found


def test_every_mutation_and_subscription_is_in_this_test() -> None:
    """Of queries and types all fields are asked for, by introspection."""
    assert fields_of("Mutation") == set(MINIMAL)
    assert fields_of("Subscription") == set(SUBSCRIPTIONS)


async def test_a_member_whose_role_gives_what_a_mutation_needs_is_not_refused(
    quiet: Stack, ids: dict[str, str]
) -> None:
    """Whatever else is wrong with the inputs above, and whatever the mutations before have changed."""
    tokens = {role: await token_of(quiet, role) for role in Role}
    for needed in Permission:
        for role in roles_with(needed):
            for mutation, each in NEEDS.items():
                if each is needed and not mutation.startswith(("delete", "remove")):
                    found = await code_of(quiet, mutation, ids, tokens[role])
                    assert found != "forbidden", (role, mutation)


def test_every_permission_is_asked_for() -> None:
    rooms = ("app", "schema", "resolvers")
    paths = [path for room in rooms for path in (Path(__file__).parents[2] / room).rglob("*.py")]
    assert list(problems([Permission], map(parsed, paths))) == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    servers: Settings, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Shared by all tests here that change nothing."""
    issuer = "https://issuer.invalid"  # of whom nobody asks anything here
    folder = tmp_path_factory.mktemp("world")
    opened = open_stack(servers, TEMPLATE, folder, working=False, oidc_issuer=issuer, oidc_client_id="polyhelm")
    async with peopled(opened, lambda name: simulator.add(f"{name}-of-{os.getpid()}")) as found:
        yield found


async def answers(world: World, token: str | None, ids: dict[str, str]) -> dict[str, Any]:
    """What a caller is answered to each query."""
    asked = queries(ARGUMENTS, around="users").items()
    return {name: await world.stack.ask(with_ids(query, ids), token) for name, query in asked}


def is_one_of(fields: Collection[str], name: str, answer: dict[str, Any]) -> bool:
    """Whether a field is one of these. That of a resource, which a release has it from, is for everybody."""
    return name in fields and answer.get("__typename") not in ("LiveResource", "IncompatibleObject")


def without(answer: Any, fields: Collection[str]) -> Any:
    if isinstance(answer, dict):
        return {name: without(value, fields) for name, value in answer.items() if not is_one_of(fields, name, answer)}
    return [without(value, fields) for value in answer] if isinstance(answer, list) else answer


def texts(answer: Any) -> set[str]:
    """All texts in an answer, but for the names of types."""
    if isinstance(answer, dict):
        return set().union(*(texts(value) for name, value in answer.items() if name != "__typename"))
    if isinstance(answer, list):
        return set().union(*map(texts, answer))
    return {answer} if isinstance(answer, str) else set()


async def test_members_see_every_field_of_every_type_and_fields_for_admins_are_null(world: World) -> None:
    expected = await answers(world, TOKEN, world.ids)
    for name, answer in expected.items():
        assert "errors" not in answer, (name, answer)
        assert "." in name or name in NOT_THERE or f'"{name}"' in json.dumps(answer), name
    for caller, token in MEMBERS.items():
        for name, answer in (await answers(world, token, world.ids)).items():
            if name in INSTALLATIONS or (name in LOGS and Permission.LOGS_READ not in PERMISSIONS[Role(RANKS[caller])]):
                assert code_in(answer) == "forbidden", (caller, name)
            elif name not in OWN:
                hidden = OF_THE_CALLER if caller == "admin" else {*OF_THE_CALLER, *FOR_ADMINS}
                assert without(answer, hidden) == without(expected[name], hidden), (caller, name)
                assert caller == "admin" or not texts(answer) & texts(only(expected[name], FOR_ADMINS)) - texts(
                    without(expected[name], FOR_ADMINS)
                ), (caller, name)


def only(answer: Any, fields: Collection[str]) -> Any:
    """What is in these fields, wherever they are."""
    if isinstance(answer, dict):
        return [value if is_one_of(fields, name, answer) else only(value, fields) for name, value in answer.items()]
    return [only(value, fields) for value in answer] if isinstance(answer, list) else None


async def test_exactly_the_fields_that_declare_a_permission_are_refused_to_a_member_without_permissions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PERMISSIONS, Role.VIEWER, frozenset())
    refused = {
        error["path"][-1]
        for name, answer in (await answers(world, MEMBERS["viewer"], world.ids)).items()
        if name not in INSTALLATIONS
        for error in answer.get("errors", [])
        if error["extensions"]["code"] == "forbidden"
    }
    kinds = ("Mutation.", "Subscription.")
    assert refused == {name.partition(".")[2] for name in FIELDS if not name.startswith(kinds)}


async def test_members_of_other_organizations_see_nothing_and_existing_objects_look_like_missing_ones(
    world: World,
) -> None:
    theirs = await answers(world, TOKEN, world.ids)
    for caller, token in ELSEWHERE.items():
        there, nowhere = await answers(world, token, world.ids), await answers(world, token, NOWHERE)
        for name in set(there) - EVERYBODYS:
            assert there[name] == nowhere[name], (caller, name)
            if name not in OWN and name != "Query.version":
                assert not texts(there[name].get("data")) & texts(theirs[name]) - set(Role) - PUBLISHED, (caller, name)
    viewer = await answers(world, MEMBERS["viewer"], world.ids)
    for name in OWN - {"User"}:
        assert not texts(viewer[name]["data"]) & {"admin", "the-admin", "limited", "expired"}, name


async def test_callers_who_are_not_signed_in_see_nothing(world: World) -> None:
    for caller, token in NOBODY.items():
        for name, answer in (await answers(world, token, world.ids)).items():
            if name == "Query.viewer":
                assert answer["data"] == {"viewer": None}
            elif name not in EVERYBODYS:
                assert code_in(answer) == "unauthenticated", (caller, name)


async def test_callers_who_are_not_signed_in_change_nothing(world: World) -> None:
    before, events = await world.dump(), await newest(world)
    for caller, token in NOBODY.items():
        for mutation in MINIMAL:
            found = await code_of(world.stack, mutation, world.ids, token)
            assert found == OPEN.get(mutation, "unauthenticated"), (caller, mutation)
    assert await world.dump() == before
    assert await newest(world) == events


@pytest.mark.parametrize("caller", MEMBERS)
async def test_a_member_is_refused_what_needs_more_than_their_role_and_changes_nothing(
    world: World, caller: str
) -> None:
    allowed = PERMISSIONS[Role(RANKS[caller])]
    before, events = await world.dump(), await newest(world)
    refused = 0
    for mutation, needed in NEEDS.items():
        if needed in (Access.INSTALLATION, Access.OWN_OR_INSTALLATION) or (
            isinstance(needed, Permission) and needed not in allowed
        ):
            refused += 1
            assert await code_of(world.stack, mutation, world.ids, MEMBERS[caller]) == "forbidden", mutation
        elif caller == "limited" and mutation in UNLIMITED:
            refused += 1
            assert await code_of(world.stack, mutation, world.ids, MEMBERS[caller]) == "token_limited", mutation
    assert refused
    assert await world.dump() == before
    kinds = await kinds_after(world, events)
    assert kinds == ["mutation.refused"] * refused


@pytest.mark.parametrize("caller", ELSEWHERE)
async def test_members_of_other_organizations_change_nothing_and_existing_objects_look_like_missing_ones(
    world: World, caller: str
) -> None:
    """The same answer but for what they said themselves, and the same is written."""
    before = await world.dump()
    for mutation, given in MINIMAL.items():
        if mutation in ("signOut", "createApiToken"):
            continue
        named = (
            {"organization": "%s"} if "organization" in fields_of(f"{mutation[0].upper()}{mutation[1:]}Input") else {}
        )
        seen = []
        for ids, organization in ((world.ids, "default"), (NOWHERE, "nowhere")):
            events = await newest(world)
            said = filled(given, ids) | dict.fromkeys(named, organization)
            answer = json.dumps(await answer_to(world.stack, mutation, said, ELSEWHERE[caller]))
            written = await world.stack.services.database.rows(
                select(Event.kind, Event.message, Event.organization_id, Event.data).where(
                    Event.position > events, OF_REQUESTS
                )
            )
            seen.append((answer.replace(organization, "…"), [tuple(row) for row in written]))
        assert seen[0] == seen[1], mutation
        assert '"code"' in seen[0][0], mutation
    assert await world.dump() == before


OF_REQUESTS = col(Event.request_id).is_not(None)
"""What strangers were refused is told by no request, once a minute."""


async def newest(world: World) -> int:
    rows = await world.stack.services.database.rows(select(func.max(Event.position)).where(OF_REQUESTS))
    return int(rows[0][0])


async def kinds_after(world: World, position: int) -> list[str]:
    statement = select(Event.kind).where(col(Event.position) > position, OF_REQUESTS)
    return [kind for (kind,) in await world.stack.services.database.rows(statement)]
