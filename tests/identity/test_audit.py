"""Every mutation leaves events that tell who did what, how, from where and with what outcome, and nothing secret."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull
from sqlalchemy import text
from strawberry import ID

from app.identity.permissions import Permission
from app.rollouts.states import CheckVerdict
from app.tables.columns import now
from app.tables.identity import Role
from app.tables.rollouts import CheckRun, GenerationHold
from app.workflows.run import RunState
from resolvers.api import api
from resolvers.engine.masking import MASK, masked
from resolvers.roots import NODES, PLAIN_FIELDS
from schema.clusters.inputs import RegisterClusterInput
from schema.deployments import inputs
from schema.relay.ids import row_id
from simulator import Member
from tests.automation.walk import ENDED_RUN, OF_RUN, run_of_another
from tests.compatibility.releases import store
from tests.identity.asking import NOWHERE, asked, events_of, filled
from tests.identity.browser import PASSWORD
from tests.identity.callers import token_of
from tests.identity.test_permissions import MINIMAL, NEEDS
from tests.identity.walks import WALKS
from tests.live import hands
from tests.rollouts.rows import CHECK
from tests.sample_charts import packaged
from tests.stack import TOKEN, Stack
from tests.windows.samples import FREEZE, frozen_now

UNCHANGED = ["mutation.done"]
OPERATION = "operation.started"
OVERTAKING = ["operation.finished", OPERATION]
"""An operation that nobody has worked on is overtaken by the next one."""

LEAST = {
    **dict.fromkeys(["uploadChart", "refreshChartRepository", "approvePlan", "rejectPlan"], "deployer-of-default"),
    **dict.fromkeys(["createApiToken", "revokeApiToken"], "viewer-of-default"),
    # A viewer who is a deployer of the one group.
    **dict.fromkeys(
        [
            *("createDeployment", "updateDeployment", "promoteDeployment"),
            *("reconcileDeployment", "deleteDeployment"),
            *("planDeployment", "commentOnPlan", "applyPlan", "discardPlan"),
        ],
        "viewer-of-default",
    ),
    **dict.fromkeys(["approveWave", "rejectWave"], "approver-of-default"),
    **dict.fromkeys(
        [
            *("pauseRollout", "resumeRollout", "abortRollout", "deferTarget", "retryTarget", "retryCheck", "liftHold"),
            *("cancelOperation", "overrideChangeWindows", "migrateApiVersions"),
        ],
        "viewer-of-default",
    ),
    **{mutation: caller for walk in WALKS for mutation, caller in walk.least.items()},
}
"""Who may do a mutation and could not with less. Others are done by an admin of the organization, or the installation's
where it needs that."""

JOB = ("job.command", "job.args", "job.env.value")
SECRET = {
    *("registerCluster.kubeconfig", "updateCluster.kubeconfig", "uploadChart.archive"),
    *("addChartRepository.url", "addChartRepository.username", "addChartRepository.password"),
    *("createUser.password", "register.password", "register.setupCode", "signIn.password", "setPassword.password"),
    "setPassword.currentPassword",
    *("createDeployment.idempotencyKey", "updateDeployment.idempotencyKey"),
    *("createDeployment.valuesYaml", "createDeployment.valueOverrides.valuesYaml"),
    *("createDeployment.selectorOverrides.valuesYaml", "updateDeployment.selectorOverrides.valuesYaml"),
    *("updateDeployment.valuesYaml", "updateDeployment.valueOverrides.valuesYaml"),
    *(
        f"{mutation}.{strategy}.waves.{check}.{field}"
        for mutation in ("createDeployment", "updateDeployment")
        for strategy in ("strategy", "strategyOverride")
        for check in ("before.check", "checks")
        for field in ("http.url", "http.headers.value", "http.body", "prometheus.url", *JOB)
    ),
}
SECRET |= {
    f"planDeployment.{verb}.{path.partition('.')[2]}"
    for verb in ("create", "update")
    for path in SECRET
    if path.startswith(f"{verb}Deployment.")
}.union(*(walk.masked for walk in WALKS))
"""Texts of inputs that no event tells."""


def inputs_of_mutations() -> Iterator[tuple[str, GraphQLInputObjectType]]:
    for name, field in api._schema.mutation_type.fields.items():  # type: ignore[union-attr]
        yield name, named(field.args["input"].type)


def named(kind: Any) -> Any:
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    return kind


def texts(path: str, kind: GraphQLInputObjectType) -> Iterator[str]:
    """Where there are texts in an input."""
    for name, field in kind.fields.items():
        below = named(field.type)
        if isinstance(below, GraphQLInputObjectType):
            yield from texts(f"{path}.{name}", below)
        elif below.name in ("String", "ID"):
            yield f"{path}.{name}"


def test_each_text_of_an_input_is_known_to_be_a_name_or_is_masked() -> None:
    """A new field is masked until somebody has named it among those that are not."""
    found = {path for mutation, kind in inputs_of_mutations() for path in texts(mutation, kind)}
    assert {path for path in found if path.rpartition(".")[2] not in PLAIN_FIELDS[path.partition(".")[0]]} == SECRET


def test_events_contain_the_paths_of_values_and_nothing_of_secrets() -> None:
    given = inputs.CreateDeploymentInput(
        group="fleet",
        chart="charts/web",
        namespace="x" * 300,
        idempotency_key="canary",
        values={"db": {"password": "canary", "a": {}}, "list": ["canary"]},
        value_overrides=[inputs.ValueOverrideInput(cluster="paris", values={"db": {"password": "canary"}})],
        values_from=[inputs.ValueFromInput(secret="db", key="password", path="db.password")],
    )
    assert masked(given, PLAIN_FIELDS["createDeployment"]) == {
        "group": "fleet",
        "chart": "charts/web",
        "namespace": "x" * 200 + "…",
        "idempotencyKey": MASK,
        "values": ["db.password", "db.a", "list"],
        "valueOverrides": [{"cluster": "paris", "values": ["db.password"]}],
        "valuesFrom": [{"secret": "db", "key": "password", "path": "db.password"}],
        "atomic": False,
        "wait": False,
        "timeoutSeconds": 300,
        "driftPolicy": "REPORT",
        "crdPolicy": "CREATE",
        "liveDrift": "OFF",
        "dryRun": False,
    }


def test_the_recorded_part_of_any_input_is_bounded_and_can_be_stored() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"deep": deep}
    values = {f"key {number}": 1 for number in range(5000)}
    names = ["\ud800", "a\x00b", *map(str, range(5000))]
    left_out: dict[str, Any] = dict.fromkeys(("description", "values", "values_from", "value_overrides"))
    given = inputs.UpdateDeploymentInput(id=ID("x"), targets=names, **left_out)
    told = masked(given, PLAIN_FIELDS["createDeployment"])["targets"]
    assert (told[:3], len(told)) == (["\\ud800", "a\\x00b", "0"], 100)
    cluster = {"name": "x", "cloud": "other", "distribution": "other", "kubeconfig": "canary"}
    assert len(masked(RegisterClusterInput(labels=values, **cluster), set())["labels"]) == 100
    (path,) = masked(RegisterClusterInput(labels=deep, **cluster), set())["labels"]
    assert len(path) == 201
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    for odd in (nested, [1, 2], 2**70, -(2**70), 1.5, float("nan")):
        assert masked(RegisterClusterInput(labels=odd, **cluster), set())["labels"] == MASK
    assert masked(RegisterClusterInput(labels=["canary"], **cluster), set())["labels"] == [MASK]


def with_ids(given: dict[str, Any], ids: dict[str, Any]) -> dict[str, Any]:
    """The input with the ids of what it names, in nested inputs, too."""
    return {
        name: with_ids(value, ids)
        if isinstance(value, dict)
        else [with_ids(each, ids) for each in value]
        if name == "releases"
        else ids[value]
        if name in ("target", "id", "group", "digest", "rollout", "deployment", "source", "run") and value in ids
        else value
        for name, value in given.items()
    }


async def rolled_out(quiet: Stack, deployment_id: str, token: str) -> dict[str, Any]:
    """A rollout that waits for an approval and whose check has no result, and a held generation of its deployment."""
    wave = {"name": "first", "before": [{"approval": {}}], "checks": [{"name": "answers", "health": True}]}
    given = {"id": deployment_id, "values": {"replicas": 3}, "strategy": {"waves": [wave]}}
    await quiet.mutate("updateDeployment", "__typename", token, **given)
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { rollout { id planDigest } } } }"
    rollout = (await quiet.data(query, id=deployment_id))["node"]["rollout"]
    async with quiet.services.transaction() as transaction:
        hold = GenerationHold(deployment_id=row_id(deployment_id, "Deployment"), generation=1, reason="It failed.")
        transaction.session.add(hold)
        run = CheckRun(rollout_id=row_id(rollout["id"], "Rollout"), wave=0, name="answers", rule=CHECK)
        run.verdict, run.ended_at = CheckVerdict.ERROR, now()
        transaction.session.add(run)
    return {"rollout": rollout["id"], "of the rollout": rollout["planDigest"]}


async def test_the_least_role_may_do_every_mutation_which_leaves_the_events_of_what_it_changes(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, registration="enabled") as stack:
        await every_mutation_is_done(stack, simulated)


async def every_mutation_is_done(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    berlin = simulated("berlin")
    ids: dict[str, Any] = {}

    async def found(query: str) -> None:
        nodes = await quiet.data(query)
        ids.update({name: node["id"] for name, node in nodes.items() if node})
        if nodes["shop"]:
            (newest,) = nodes["shop"]["operations"]["nodes"]
            ids["operation"] = newest["id"]

    steps: list[tuple[str, dict[str, Any], list[str]]] = [
        ("createOrganization", {"name": "second"}, ["organization.created"]),
        ("createUser", {"name": "ann", "role": "VIEWER", "organization": "default"}, ["user.created"]),
        ("setPassword", {"password": PASSWORD, "user": "ann"}, ["user.password_set"]),
        ("disableUser", {"user": "ann"}, ["user.disabled"]),
        ("enableUser", {"user": "ann"}, ["user.enabled"]),
        ("register", {"name": "zoe", "password": PASSWORD}, ["user.registered"]),
        ("signIn", {"name": "admin", "password": PASSWORD}, ["session.opened"]),
        ("revokeSession", {"id": "session"}, ["session.ended"]),
        ("signOut", {}, ["session.ended"]),
        ("setRole", {"user": "ann", "role": "DEPLOYER", "organization": "default"}, ["role.set"]),
        ("createApiToken", {"name": "ci", "organization": "default"}, ["token.created"]),
        ("revokeApiToken", {"name": "ci"}, ["token.revoked"]),
        (
            "registerCluster",
            {
                "name": "berlin",
                "cloud": "other",
                "distribution": "other",
                "organization": "default",
                "kubeconfig": berlin.kubeconfig,
            },
            ["cluster.registered"],
        ),
        ("updateCluster", {"id": "berlin", "region": "eu"}, ["cluster.updated"]),
        ("confirmCluster", {"id": "berlin", "uid": hands.uid(berlin)}, UNCHANGED),
        ("createClusterGroup", {"name": "edge", "members": [], "organization": "default"}, ["cluster_group.created"]),
        (
            "updateClusterGroup",
            {"id": "edge", "name": "rim", "allowedNamespaces": ["a"], "serviceAccount": "a/b"},
            ["cluster_group.restrictions", "cluster_group.renamed"],
        ),
        (
            "setGroupFeature",
            {"group": "edge", "feature": "multi-cluster-deployment", "enabled": False},
            ["group_feature.set"],
        ),
        ("deleteClusterGroup", {"id": "edge"}, ["cluster_group.deleted"]),
        ("removeCluster", {"id": "berlin"}, ["cluster.removed"]),
        (
            "uploadChart",
            {"repository": "charts", "archive": packaged(version="2.0.0"), "organization": "default"},
            ["chart.uploaded"],
        ),
        (
            "addChartRepository",
            {"name": "registry", "url": "oci://registry.invalid/charts", "organization": "default"},
            ["chart_repository.added"],
        ),
        ("refreshChartRepository", {"id": "registry"}, UNCHANGED),
        ("removeChartRepository", {"id": "registry"}, ["chart_repository.removed"]),
        ("createSecret", {"name": "db", "data": {"a": "canary"}, "organization": "default"}, ["secret.created"]),
        ("updateSecret", {"id": "db", "data": {"a": "other"}}, ["secret.changed"]),
        ("deleteSecret", {"id": "db"}, ["secret.deleted"]),
        (
            "setHealthRule",
            {"group": "example.com", "kind": "Widget", "current": "true", "organization": "default"},
            ["health_rule.set"],
        ),
        ("deleteHealthRule", {"id": "rule"}, ["health_rule.deleted"]),
        (
            "setChangeWindow",
            FREEZE | frozen_now() | {"overrideRole": "DEPLOYER", "organization": "default"},
            ["change_window.set"],
        ),
        (
            "createDeployment",
            {
                "group": "fleet",
                "chart": "charts/web",
                "namespace": "default",
                "organization": "default",
                "releaseName": "shop",
                "values": {"secret": "canary"},
            },
            ["deployment.created", OPERATION],
        ),
        ("updateDeployment", {"id": "shop", "values": {"replicas": 2}}, ["deployment.updated", *OVERTAKING]),
        (
            "promoteDeployment",
            {"id": "shop", "source": "copy", "unverified": True},
            ["deployment.updated", *OVERTAKING, "deployment.promoted"],
        ),
        (
            "planDeployment",
            {"update": {"id": "shop", "values": {"secret": "canary"}}, "requiredApprovals": 1, "comment": "Why."},
            ["plan.created"],
        ),
        ("commentOnPlan", {"id": "plan", "comment": "Because."}, ["plan.commented"]),
        ("rejectPlan", {"id": "plan", "digest": "digest"}, ["plan.rejected"]),
        ("approvePlan", {"id": "plan", "digest": "digest"}, ["plan.approved"]),
        ("applyPlan", {"id": "plan"}, ["deployment.updated", *OVERTAKING, "plan.applied"]),
        ("discardPlan", {"id": "another plan"}, ["plan.discarded"]),
        ("reconcileDeployment", {"id": "shop"}, OVERTAKING),
        ("rejectWave", {"rollout": "rollout", "wave": 0, "digest": "of the rollout"}, ["rollout.rejected"]),
        ("approveWave", {"rollout": "rollout", "wave": 0, "digest": "of the rollout"}, ["rollout.approved"]),
        ("pauseRollout", {"id": "rollout"}, ["rollout.paused"]),
        ("resumeRollout", {"id": "rollout"}, ["rollout.resumed"]),
        ("expediteRollout", {"id": "rollout", "reason": "An incident."}, ["rollout.expedited"]),
        ("deferTarget", {"rollout": "rollout", "cluster": "paris"}, ["rollout.deferred"]),
        ("retryTarget", {"rollout": "rollout", "cluster": "paris"}, ["rollout.retried"]),
        ("retryCheck", {"rollout": "rollout", "wave": 0, "check": "answers"}, ["rollout.check_retried"]),
        ("abortRollout", {"id": "rollout"}, ["rollout.aborted"]),
        ("liftHold", {"deployment": "shop", "generation": 1}, ["rollout.lifted"]),
        (
            "migrateApiVersions",
            {"kubernetesVersion": "1.25", "releases": [{"target": "old target", "revision": 3}]},
            ["operation.started"],
        ),
        (
            "deleteDeployment",
            {"id": "shop", "force": False},
            ["deployment.deleting", "operation.finished", *OVERTAKING],
        ),
        ("overrideChangeWindows", {"id": "operation", "reason": "An outage."}, ["operation.window_overridden"]),
        ("deleteChangeWindow", {"id": "window"}, ["change_window.deleted"]),
        ("cancelOperation", {"id": "operation"}, ["operation.cancelled", "operation.finished"]),
        *(step for walk in WALKS for step in walk.audited),
    ]
    assert {mutation for mutation, *_ in steps} == set(MINIMAL)
    lookups = """{
      edge: clusterGroup(organization: "default", name: "edge") { id }
      berlin: cluster(organization: "default", name: "berlin") { id }
      shop: deployment(organization: "default", group: "fleet", releaseName: "shop") {
        id operations(first: 1) { nodes { id } }
      }
      db: secret(organization: "default", name: "db") { id }
    }"""
    await quiet.mutate("setPassword", "__typename", password=PASSWORD)
    callers = {f"{role.lower()}-of-default": await token_of(quiet, role) for role in Role} | {"admin": TOKEN}
    given_role = {"user": "viewer-of-default", "role": "DEPLOYER", "group": "fleet", "organization": "default"}
    await quiet.mutate("setRole", "__typename", **given_role)
    repositories = '{ chartRepositories(organization: "default") { id name } }'
    for mutation, given, kinds in steps:
        await found(lookups)
        for repository in (await quiet.data(repositories))["chartRepositories"]:
            ids[repository["name"]] = repository["id"]
        rules = '{ healthRules(organization: "default") { nodes { id } } }'
        for rule in (await quiet.data(rules))["healthRules"]["nodes"]:
            ids["rule"] = rule["id"]
        windows = '{ changeWindows(organization: "default") { nodes { id } } }'
        for window in (await quiet.data(windows))["changeWindows"]["nodes"]:
            ids["window"] = window["id"]
        for workflow in (await quiet.data('{ workflows(organization: "default") { nodes { id } } }'))["workflows"][
            "nodes"
        ]:
            ids["workflow"] = workflow["id"]
        definitions = '{ stepDefinitions(organization: "default") { nodes { id } } }'
        for definition in (await quiet.data(definitions))["stepDefinitions"]["nodes"]:
            ids["step"] = definition["id"]
        schedules = '{ workflowSchedules(organization: "default") { nodes { id } } }'
        for schedule in (await quiet.data(schedules))["workflowSchedules"]["nodes"]:
            ids["schedule"] = schedule["id"]
        stored = '{ services(organization: "default") { stored { id } } }'
        for service in (await quiet.data(stored))["services"]:
            if service["stored"]:
                ids["service"] = service["stored"]["id"]
        for session in (await quiet.data("{ sessions { id } }"))["sessions"]:
            ids["session"] = session["id"]
        for plan in (await quiet.data('{ plans(organization: "default", first: 1) { nodes { id digest } } }'))["plans"][
            "nodes"
        ]:
            ids |= {"plan": plan["id"], "digest": plan["digest"]}
        if mutation == "promoteDeployment":
            place = {"group": "fleet", "chart": "charts/web", "namespace": "default", "organization": "default"}
            copy = "... on DeploymentPayload { deployment { id } }"
            answer = await quiet.mutate("createDeployment", copy, **place, releaseName="copy", values={"replicas": 7})
            ids["copy"] = answer["deployment"]["id"]
        if mutation == "migrateApiVersions":
            place = {"group": "fleet", "chart": "charts/web", "namespace": "default", "organization": "default"}
            made = "... on DeploymentPayload { deployment { id } }"
            answer = await quiet.mutate("createDeployment", made, **place, releaseName="old")
            [ids["old target"], *_] = await store(quiet, answer["deployment"]["id"])
        if mutation == "rejectWave":
            ids |= await rolled_out(quiet, ids["shop"], callers["viewer-of-default"])
        if mutation == "signalWorkflow":
            ids[OF_RUN] = await run_of_another(quiet)
            ids[ENDED_RUN] = await run_of_another(quiet, "ended", RunState.FAILED)
        if mutation == "discardPlan":
            made = "... on PlanDeploymentPayload { plan { id } }"
            answer = await quiet.mutate("planDeployment", made, delete={"id": ids["shop"]})
            ids["another plan"] = answer["plan"]["id"]
        given = with_ids(given, ids)
        caller = LEAST.get(mutation) or ("admin-of-default" if isinstance(NEEDS[mutation], Permission) else "admin")
        answer = await asked(quiet, mutation, given, callers[caller])
        assert "code" not in answer["data"][mutation], (mutation, answer)
        events = await events_of(quiet, mutation)
        told = [event for event in events if event.subject_type != "DeploymentTarget"]
        assert [event.kind for event in told] == kinds, mutation
        assert {event.outcome for event in events} == {"SUCCEEDED"}
        assert {(event.mutation, event.actor, event.via, event.address) for event in events} == {
            (
                mutation,
                "zoe" if mutation == "register" else caller,
                "password" if mutation == "signIn" else "token bootstrap" if caller == "admin" else "token test",
                "127.0.0.1",
            )
        }
        assert events[0].given is not None
        assert [event.given for event in events[1:]] == [None] * (len(events) - 1)
        kept = str([event.model_dump() for event in events])
        assert not [secret for secret in ("canary", PASSWORD, TOKEN) if secret in kept]
    recorded = await quiet.services.database.rows(text("SELECT DISTINCT subject_type FROM event"))
    assert {kind for (kind,) in recorded if kind is not None} == NODES.keys()


async def test_every_mutation_that_is_refused_leaves_one_event(quiet: Stack) -> None:
    viewer = await token_of(quiet, Role.VIEWER)
    done = []
    for mutation, given in MINIMAL.items():
        given = filled(given, NOWHERE)
        answer = (await asked(quiet, mutation, given, viewer))["data"][mutation]
        if "code" not in answer:
            done.append(mutation)
            continue
        (event,) = await events_of(quiet, mutation)
        assert (event.kind, event.outcome, event.mutation) == ("mutation.refused", "REFUSED", mutation)
        assert (event.actor, event.via, event.data["code"]) == ("viewer-of-default", "token test", answer["code"])
        assert event.organization_id == 1
        assert event.given is not None
        assert all(event.given[name] == value for name, value in given.items() if name in ("id", "group"))
    assert done == ["signOut", "createApiToken"]


async def test_what_fails_leaves_an_event_without_the_reason_which_is_in_the_log(quiet: Stack) -> None:
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("DROP TABLE group_feature"))
    answer = await asked(quiet, "createClusterGroup", {"name": "edge", "members": []})
    assert answer["errors"][0]["extensions"]["code"] == "internal"
    (event,) = await events_of(quiet, "createClusterGroup")
    assert (event.kind, event.outcome, event.data) == ("mutation.failed", "FAILED", {})
