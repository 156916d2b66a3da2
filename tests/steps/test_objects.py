"""Steps on objects of clusters, on simulated members."""

import base64
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from app.releases.references import HIDDEN
from app.tables.identity import Role
from simulator import Member
from tests.automation.test_runs import ended, save, shown, start, started, waiting
from tests.identity.callers import token_of
from tests.stack import Stack, eventually
from tests.windows.samples import FREEZE, frozen_now

CANARY = "correct-horse-battery-staple"
CONFIGURE = """
name: configure
parameters: {properties: {cluster: {type: string, default: paris}, color: {type: string, default: blue}}}
steps:
  - {name: wait, type: signal, inputs: {signal: go}}
  - name: apply
    type: apply-object
    inputs:
      cluster: "${{ parameters.cluster }}"
      object:
        apiVersion: v1
        kind: ConfigMap
        metadata: {namespace: default, name: settings}
        data: {color: "${{ parameters.color }}"}
"""


def named(member: Member, plural: str, name: str) -> Any:
    """The object of this name on a member; None if there is none."""
    return next((each for each in member.objects(plural) if each["metadata"]["name"] == name), None)


async def member_of(stack: Stack, simulated: Callable[[str], Member], name: str = "paris") -> Member:
    member = simulated(name)
    answer = await stack.register(name, member.kubeconfig)
    assert "cluster" in answer, answer
    return member


def by_path(run: Any, field: str) -> dict[str, Any]:
    return {step["path"]: step[field] for step in run["steps"]["nodes"]}


async def events(stack: Stack) -> list[tuple[str, str, Any]]:
    """The messages, actors and data of the events about writes."""
    found = "SELECT message, actor, data FROM event WHERE kind = 'workflow.object_write' ORDER BY position"
    return [tuple(row) for row in await stack.services.database.rows(text(found))]


async def test_objects_are_applied_and_read_and_each_write_is_recorded(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    definition = """
name: configure
outputs:
  color: {value: "${{ steps.read.outputs.object.data.color }}"}
  absent: {value: "${{ steps.absent.outputs.object == null }}"}
steps:
  - name: apply
    type: apply-object
    inputs:
      cluster: paris
      object:
        apiVersion: v1
        kind: ConfigMap
        metadata: {namespace: default, name: settings}
        data: {color: blue}
  - name: read
    type: read-object
    inputs: {cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: default, name: settings}
  - {name: absent, type: read-object, inputs: {cluster: paris, apiVersion: v1, kind: Node, name: other, optional: true}}
  - name: node
    type: apply-object
    inputs:
      cluster: paris
      object:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: "shop:reader"}
        rules: []
"""
    member = await member_of(stack, simulated)
    found = await ended(stack, await started(stack, definition, "configure"))
    assert (found["state"], found["outputs"]) == ("SUCCEEDED", {"color": "blue", "absent": True}), found
    assert named(member, "configmaps", "settings")["data"] == {"color": "blue"}
    assert [each["metadata"]["name"] for each in member.objects("clusterroles", "rbac.authorization.k8s.io")] == [
        "shop:reader"
    ]
    run = f"of the run {found['workflowId']} of the workflow configure applies"
    (first, actor, data), (second, _, _) = await events(stack)
    assert (first, actor) == (f"The step apply {run} ConfigMap default/settings on paris.", "admin")
    assert second == f"The step node {run} ClusterRole shop:reader on paris."
    assert (data["cluster"], data["verb"], data["object"]) == (
        "paris",
        "apply",
        {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "default", "name": "settings"},
    )
    assert "blue" not in str(data)


async def test_secrets_reach_the_cluster_and_are_never_shown(stack: Stack, simulated: Callable[[str], Member]) -> None:
    definition = """
name: secrets
outputs:
  copied: {value: "${{ steps.copy.outputs.object.data.token }}"}
  theirs: {value: "${{ steps.theirs.outputs.object.data.password }}"}
steps:
  - name: apply
    type: apply-object
    inputs:
      cluster: paris
      object: {apiVersion: v1, kind: Secret, metadata: {namespace: default, name: builds}, stringData: {user: shop}}
      secrets: [{path: stringData.token, secret: builds, key: token}]
  - name: copy
    type: apply-object
    inputs:
      cluster: paris
      object: {apiVersion: v1, kind: ConfigMap, metadata: {namespace: default, name: builds}}
      secrets: [{path: data.token, secret: builds, key: token}]
  - name: theirs
    type: read-object
    inputs: {cluster: paris, apiVersion: v1, kind: Secret, namespace: default, name: theirs}
  - name: missing
    type: apply-object
    continueOnError: true
    inputs:
      cluster: paris
      object: {apiVersion: v1, kind: Secret, metadata: {namespace: default, name: builds}}
      secrets: [{path: stringData.token, secret: builds, key: other}]
"""
    member = await member_of(stack, simulated)
    theirs = {"password": base64.b64encode(b"another-canary").decode()}
    member.put("secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs"}, "data": theirs})
    await stack.mutate("createSecret", "... on SecretPayload { secret { id } }", name="builds", data={"token": CANARY})
    found = await ended(stack, await started(stack, definition, "secrets"))
    assert found["state"] == "SUCCEEDED", found
    applied = named(member, "secrets", "builds")
    assert CANARY in str(applied) or base64.b64encode(CANARY.encode()).decode() in str(applied)
    assert named(member, "configmaps", "builds")["data"] == {"token": CANARY}
    assert (found["outputs"]["copied"], found["outputs"]["theirs"]) == (HIDDEN, HIDDEN)
    assert by_path(found, "error")["missing"]["code"] == "secret_not_found"
    hidden = CANARY, base64.b64encode(CANARY.encode()).decode(), theirs["password"]
    for table in ("workflow_run", "step_run", "step_log", "event", "dbos.operation_outputs", "dbos.workflow_input"):
        rows = str(await stack.services.database.rows(text(f"SELECT to_jsonb(t)::text FROM {table} AS t")))
        assert not any(value in rows for value in hidden), table


async def test_values_of_secrets_that_deployments_have_put_on_a_cluster_are_hidden_in_all_objects(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    member = simulated("paris")
    await stack.fleet({"paris": member.kubeconfig})
    await stack.mutate("createSecret", "... on SecretPayload { secret { id } }", name="db", data={"key": CANARY})
    await stack.deployed(releaseName="shop", valuesFrom=[{"secret": "db", "key": "key", "path": "password"}])
    member.put("configmaps", {"metadata": {"name": "copied"}, "data": {"url": f"postgres://shop:{CANARY}@db"}})
    definition = """
name: read
steps:
  - name: read
    type: read-object
    inputs: {cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: default, name: copied}
"""
    found = await ended(stack, await started(stack, definition, "read"))
    assert by_path(found, "outputs")["read"]["object"]["data"] == {"url": f"postgres://shop:{HIDDEN}@db"}


async def test_what_a_member_does_not_have_is_named(stack: Stack, simulated: Callable[[str], Member]) -> None:
    member = await member_of(stack, simulated)
    member.put("configmaps", {"metadata": {"name": "large"}, "data": {"a": "x" * (2**20 - 10)}})
    cases = {
        "large": (
            "{cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: default, name: large}",
            "outputs_too_large",
        ),
        "lyon": ("{cluster: lyon, apiVersion: v1, kind: ConfigMap, namespace: a, name: b}", "cluster_not_found"),
        "missing": ("{cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: a, name: b}", "not_found"),
        "kind": ("{cluster: paris, apiVersion: policy/v1, kind: Budget, name: b}", "unknown_kind"),
        "version": ("{cluster: paris, apiVersion: batch/v7, kind: Job, name: b}", "unknown_kind"),
        "nowhere": ("{cluster: paris, apiVersion: v1, kind: ConfigMap, name: b}", "invalid_inputs"),
        "everywhere": ("{cluster: paris, apiVersion: v1, kind: Node, namespace: a, name: b}", "invalid_inputs"),
    }
    steps = "".join(
        f"  - {{name: {name}, type: read-object, continueOnError: true, inputs: {inputs}}}\n"
        for name, (inputs, _) in cases.items()
    )
    found = await ended(stack, await started(stack, f"name: read\nsteps:\n{steps}", "read"))
    errors = by_path(found, "error")
    assert {name: error["code"] for name, error in errors.items()} == {name: code for name, (_, code) in cases.items()}
    assert {name: errors[name]["message"] for name in ("missing", "kind", "version")} == {
        "missing": "There is no ConfigMap a/b on paris.",
        "kind": "paris does not serve the kind Budget of policy/v1. Of policy/v1, it serves PodDisruptionBudget.",
        "version": "paris does not serve the kind Job of batch/v7. It serves batch/v1.",
    }


async def test_names_cannot_lead_to_other_paths(quiet: Stack) -> None:
    for name in (".", "..", "a/b", "a%2fb"):
        definition = f"""
name: read
steps:
  - name: read
    type: read-object
    inputs: {{cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: a, name: "{name}"}}
"""
        answer = await quiet.mutate("saveWorkflow", "... on UserError { code path }", definition=definition)
        assert answer["path"] == ["definition", "steps", "0", "inputs", "name"], answer


async def test_a_starter_who_has_lost_the_permission_changes_nothing(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    member = await member_of(stack, simulated)
    await save(stack, CONFIGURE)
    deployer = await token_of(stack, Role.DEPLOYER)
    fields = "... on WorkflowRunPayload { run { id } } ... on UserError { code message }"
    given = {"workflow": "configure", "parameters": {}}
    run = (await stack.mutate("startWorkflow", fields, deployer, **given))["run"]["id"]
    await waiting(stack, run, "wait")
    await stack.mutate("setRole", "__typename", user="deployer-of-default", role="VIEWER", organization="default")
    await stack.mutate("signalWorkflow", "__typename", run=run, signal="go")
    found = await ended(stack, run)
    assert found["error"]["code"] == "forbidden"
    assert "deployments.write" in found["error"]["message"]
    assert (named(member, "configmaps", "settings"), await events(stack)) == (None, [])


async def test_restrictions_of_the_group_hold_for_steps(stack: Stack, simulated: Callable[[str], Member]) -> None:
    member = await member_of(stack, simulated)
    await stack.group("edge", ["paris"])
    groups = await stack.data("{ clusterGroups { nodes { id } } }")
    payload = "... on ClusterGroupPayload { clusterGroup { id } } ... on UserError { code message }"
    [group] = groups["clusterGroups"]["nodes"]
    answer = await stack.mutate("updateClusterGroup", payload, id=group["id"], allowedNamespaces=["shop"])
    assert "clusterGroup" in answer, answer
    run = await started(stack, CONFIGURE, "configure")
    await stack.mutate("signalWorkflow", "__typename", run=run, signal="go")
    found = await ended(stack, run)
    assert found["error"]["code"] == "namespace_not_allowed"
    assert named(member, "configmaps", "settings") is None


async def test_nothing_is_written_to_a_cluster_that_is_another_one_or_held_by_a_window(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = await member_of(stack, simulated), await member_of(stack, simulated, "berlin")
    window = FREEZE | {"cluster": "berlin"} | frozen_now()
    answer = await stack.mutate("setChangeWindow", "... on ChangeWindowPayload { changeWindow { id } }", **window)
    assert "changeWindow" in answer, answer
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE cluster SET uid = 'another' WHERE name = 'paris'"))
    await save(stack, CONFIGURE)
    errors = {}
    for name in ("paris", "berlin"):
        run = (await start(stack, "configure", {"cluster": name}))["run"]["id"]
        await stack.mutate("signalWorkflow", "__typename", run=run, signal="go")
        errors[name] = (await ended(stack, run))["error"]
    assert (errors["paris"]["code"], errors["berlin"]["code"]) == ("cluster_mismatched", "window_closed")
    assert errors["paris"]["message"].startswith("paris: Another cluster answers at its address")
    assert "The books are closed." in errors["berlin"]["message"]
    assert [named(each, "configmaps", "settings") for each in (paris, berlin)] == [None, None]


SETTINGS = "cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: default, name: settings"


async def test_objects_are_patched_in_three_ways(stack: Stack, simulated: Callable[[str], Member]) -> None:
    member = await member_of(stack, simulated)
    member.put("configmaps", {"metadata": {"name": "settings"}, "data": {"color": "blue", "size": "9"}})
    definition = f"""
name: patch
steps:
  - {{name: merge, type: patch-object, inputs: {{{SETTINGS}, patch: {{data: {{color: null, shape: round}}}}}}}}
  - name: json
    type: patch-object
    inputs:
      {{{SETTINGS}, type: json,
        patch: [{{op: test, path: /data/size, value: "9"}}, {{op: remove, path: /data/size}}]}}
  - {{name: strategic, type: patch-object, inputs: {{{SETTINGS}, type: strategic, patch: {{data: {{a: b}}}}}}}}
  - name: wrong
    type: patch-object
    continueOnError: true
    inputs: {{{SETTINGS}, type: json, patch: {{data: {{a: c}}}}}}
  - name: absent
    type: patch-object
    continueOnError: true
    inputs: {{cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: default, name: other, patch: {{data: {{}}}}}}
  - name: refused
    type: patch-object
    continueOnError: true
    inputs: {{{SETTINGS}, patch: {{metadata: {{name: another}}}}}}
"""
    found = await ended(stack, await started(stack, definition, "patch"))
    assert found["state"] == "SUCCEEDED", found
    assert named(member, "configmaps", "settings")["data"] == {"shape": "round", "a": "b"}
    assert by_path(found, "outputs")["strategic"]["object"]["data"] == {"shape": "round", "a": "b"}
    errors = by_path(found, "error")
    codes = {name: errors[name]["code"] for name in ("wrong", "absent", "refused")}
    assert codes == {"wrong": "invalid_inputs", "absent": "not_found", "refused": "cluster_refused"}
    assert [data["verb"] for _, _, data in await events(stack)] == ["patch"] * 5


async def test_a_deletion_waits_until_the_object_is_gone(stack: Stack, simulated: Callable[[str], Member]) -> None:
    member = await member_of(stack, simulated)
    kept = {"metadata": {"name": "settings", "finalizers": ["example.com/kept"]}}
    member.put("configmaps", kept)
    definition = f"""
name: delete
steps:
  - {{name: delete, type: delete-object, inputs: {{{SETTINGS}}}}}
  - {{name: again, type: delete-object, inputs: {{{SETTINGS}}}}}
  - {{name: missing, type: delete-object, continueOnError: true, inputs: {{{SETTINGS}, ignoreMissing: false}}}}
"""
    run = await started(stack, definition, "delete")

    async def is_being_deleted() -> bool:
        return "deletionTimestamp" in named(member, "configmaps", "settings")["metadata"]

    await eventually(is_being_deleted)
    assert by_path(await shown(stack, run), "state") == {"delete": "RUNNING"}
    live = named(member, "configmaps", "settings")
    member.put("configmaps", live | {"metadata": live["metadata"] | {"finalizers": []}})
    found = await ended(stack, run)
    assert found["state"] == "SUCCEEDED", found
    outputs = by_path(found, "outputs")
    assert (outputs["delete"], outputs["again"]) == ({"deleted": True}, {"deleted": False})
    assert by_path(found, "error")["missing"]["code"] == "not_found"
    assert member.objects("configmaps") == []
    lines = [line["message"] for line in found["logs"]["nodes"]]
    assert lines == ["ConfigMap default/settings is being deleted, and has the finalizers example.com/kept."]
