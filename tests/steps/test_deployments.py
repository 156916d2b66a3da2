"""`deploy` and `reconcile` on simulated members."""

import base64
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlmodel import col, select

from app.identity.credentials import viewer_by_id
from app.steps.context import StepContext
from app.steps.deployments import deploy, reconcile
from app.tables.identity import Organization, Role, User
from schema.relay.ids import row_id
from simulator import Member
from tests.automation.test_runs import ended, save, shown, start, started
from tests.delivery.asking import approve, paris_first, register, rollout_of, until_verified
from tests.identity.callers import token_of
from tests.sample_charts import archive, chart_files, packaged
from tests.stack import SIMPLE_RESULT, Stack, eventually
from tests.steps.test_objects import by_path

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
RELEASE = """
name: release
parameters: {properties: {version: {type: string}, replicas: {type: integer, default: 2}}}
steps:
  - name: release
    type: deploy
    inputs: {deployment: web, version: 2.0.0, values: {replicas: "${{ parameters.replicas }}"}}
"""
GENERATIONS = """query ($id: ID!) { node(id: $id) { ... on Deployment {
  generation operations(first: 10) { nodes { kind } } } } }"""
BROKEN = '{{ if .Values.broken }}{{ fail "It is broken." }}{{ end }}'
START = f"... on WorkflowRunPayload {{ run {{ id }} }} {SIMPLE_RESULT}"


async def deployed(stack: Stack, simulated: Callable[[str], Member], **given: Any) -> tuple[str, dict[str, Member]]:
    """The deployment `web` with version 1.0.0 of a chart, which also has version 2.0.0."""
    members = {name: simulated(name) for name in ("paris", "berlin")}
    await register(stack, members)
    await stack.upload(packaged(version="2.0.0"))
    return await stack.deployed(releaseName="web", version="1.0.0", **given), members


async def test_a_step_changes_a_deployment_and_waits_until_its_targets_have_it(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment, _ = await deployed(stack, simulated)
    definition = (
        RELEASE + "  - {name: again, type: deploy, inputs: {deployment: web, group: fleet, waitFor: HEALTHY}}\n"
    )
    found = await ended(stack, await started(stack, definition, "release"))
    assert found["state"] == "SUCCEEDED", found
    outputs = by_path(found, "outputs")
    states = [(each["cluster"], each["status"]) for each in outputs["release"]["targets"]]
    assert (outputs["release"]["generation"], states) == (2, [("berlin", "DEPLOYED"), ("paris", "DEPLOYED")])
    assert outputs["again"]["generation"] == 2
    assert {each["health"] for each in outputs["again"]["targets"]} == {"HEALTHY"}
    node = (await stack.data(GENERATIONS, id=deployment))["node"]
    assert node == {"generation": 2, "operations": {"nodes": [{"kind": "UPDATE"}, {"kind": "CREATE"}]}}


async def test_what_a_deployment_refuses_fails_the_step_with_its_code(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    await deployed(stack, simulated)
    definition = """
name: refused
steps:
  - {name: unknown, type: deploy, continueOnError: true, inputs: {deployment: shop}}
  - {name: elsewhere, type: reconcile, continueOnError: true, inputs: {deployment: web, group: other}}
  - {name: version, type: deploy, continueOnError: true, inputs: {deployment: web, version: 9.9.9}}
  - {name: target, type: reconcile, continueOnError: true, inputs: {deployment: web, targets: [tokyo]}}
"""
    found = await ended(stack, await started(stack, definition, "refused"))
    errors = by_path(found, "error")
    assert errors["unknown"]["message"] == "There is no deployment 'shop'."
    assert errors["elsewhere"]["message"] == "There is no deployment 'web' in the group other."
    assert {path: error["code"] for path, error in errors.items()} == {
        "unknown": "deployment_not_found",
        "elsewhere": "deployment_not_found",
        "version": "chart_version_not_found",
        "target": "invalid_input",
    }


async def test_a_step_has_the_permissions_of_its_starter_at_its_time(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    await deployed(stack, simulated)
    await save(stack, RELEASE.replace("steps:\n", "steps:\n  - {name: wait, type: signal, inputs: {signal: go}}\n"))
    token = await token_of(stack, Role.DEPLOYER)
    run = (await stack.mutate("startWorkflow", START, token, workflow="release", parameters={}))["run"]["id"]
    given = {"user": "deployer-of-default", "role": "VIEWER", "organization": "default"}
    await stack.mutate("setRole", "__typename", **given)
    await stack.mutate("signalWorkflow", "__typename", run=run, signal="go")
    found = await ended(stack, run)
    assert (found["state"], found["error"]["code"]) == ("FAILED", "forbidden"), found


async def test_a_failure_on_a_target_fails_the_step_and_names_it(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment, _ = await deployed(stack, simulated)
    files = chart_files("web", "3.0.0") | {"templates/broken.yaml": BROKEN}
    await stack.upload(base64.b64encode(archive(files, root="web")).decode())
    broken = RELEASE.replace("2.0.0", "3.0.0").replace("values:", "overrides: {paris: {broken: true}}, values:")
    found = await ended(stack, await started(stack, broken, "release"))
    assert found["state"] == "FAILED", found
    assert found["error"]["code"] == "operation_failed"
    assert found["error"]["message"].startswith("It has failed on paris: ")
    assert "It is broken." in found["error"]["message"]
    repair = """
name: repair
steps:
  - {name: fix, type: deploy, inputs: {deployment: web, overrides: {paris: {broken: false}}}}
  - {name: check, type: reconcile, inputs: {deployment: web, targets: [paris]}}
"""
    found = await ended(stack, await started(stack, repair, "repair"))
    assert found["state"] == "SUCCEEDED", found
    assert [each["cluster"] for each in by_path(found, "outputs")["check"]["targets"]] == ["paris"]
    kinds = [each["kind"] for each in (await stack.data(GENERATIONS, id=deployment))["node"]["operations"]["nodes"]]
    assert kinds == ["RECONCILE", "UPDATE", "UPDATE", "CREATE"]


async def test_a_newer_change_supersedes_the_step(stack: Stack, simulated: Callable[[str], Member]) -> None:
    deployment, members = await deployed(stack, simulated, wait=True)
    members["paris"].faults.stuck = True
    run = await started(stack, RELEASE, "release")

    async def waits() -> bool:
        lines = [line["message"] for line in (await shown(stack, run))["logs"]["nodes"]]
        return "Waiting for Helm on the targets." in lines

    await eventually(waits)
    await stack.update(deployment, values={"replicas": 5})
    found = await ended(stack, run)
    members["paris"].faults.stuck = False
    assert (found["error"]["code"], found["error"]["message"]) == (
        "superseded",
        "Generation 3 of web has replaced generation 2.",
    )


async def test_a_step_waits_for_a_rollout_and_fails_with_it(stack: Stack, simulated: Callable[[str], Member]) -> None:
    deployment, _ = await deployed(stack, simulated)
    await until_verified(stack, deployment)
    await stack.update(deployment, strategy=paris_first())
    run = await started(stack, RELEASE, "release")
    approver = await token_of(stack, Role.APPROVER)

    async def waits() -> Any:
        found = await rollout_of(stack, deployment)
        return found if found and found["generation"] == 2 and found["phase"] == "WAITING" else None

    rollout = await eventually(waits)
    assert (await shown(stack, run))["state"] == "RUNNING"
    await approve(stack, rollout, 1, approver)
    found = await ended(stack, run)
    assert (found["state"], by_path(found, "outputs")["release"]["rollout"]) == ("SUCCEEDED", "SUCCEEDED"), found

    run = (await start(stack, "release", {"replicas": 4}))["run"]["id"]

    async def waits_again() -> Any:
        found = await rollout_of(stack, deployment)
        return found if found and found["generation"] == 3 and found["phase"] == "WAITING" else None

    rollout = await eventually(waits_again)
    await approve(stack, rollout, 1, approver, verb="rejectWave")
    found = await ended(stack, run)
    assert (found["state"], found["error"]["code"]) == ("FAILED", "rollout_failed"), found
    assert found["error"]["message"].startswith("The rollout of web is ")


@pytest.mark.parametrize("change", ["deploy", "reconcile"])
async def test_an_attempt_that_is_executed_again_changes_the_deployment_once(
    new_stack: NewStack, simulated: Callable[[str], Member], change: str
) -> None:
    async with new_stack() as stack:
        deployment, _ = await deployed(stack, simulated)
        inputs = {"deployment": "web"} | ({"version": "2.0.0"} if change == "deploy" else {})
        statement = select(Organization).where(col(Organization.name) == "default")
        async with stack.services.database.reading() as session:
            organization = (await session.exec(statement)).one()
            user = (await session.exec(select(User).where(col(User.name) == "admin"))).one()
        starter = await viewer_by_id(stack.services.database, user.id, organization.id, None)
        assert starter is not None
        run = await started(stack, "name: log\nsteps:\n  - {name: a, type: log, inputs: {message: Hi.}}\n", "log")
        await ended(stack, run)
        given = (stack.services, organization.id, starter, row_id(run, "WorkflowRun"), "release", 1)
        function = {"deploy": deploy, "reconcile": reconcile}[change]
        first = await function(StepContext(*given, version=2), inputs)
        again = await function(StepContext(*given, version=2, executions=2), inputs)
        assert again["generation"] == first["generation"] == (2 if change == "deploy" else 1)
        kinds = [each["kind"] for each in (await stack.data(GENERATIONS, id=deployment))["node"]["operations"]["nodes"]]
        assert kinds == (["UPDATE", "CREATE"] if change == "deploy" else ["RECONCILE", "RECONCILE", "CREATE"])
