"""`polyhelm operation`: what was asked for is listed and can be cancelled."""

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.operations.charts import with_hook
from tests.stack import eventually


async def test_an_operation_whose_hook_hangs_is_listed_and_cancelled(
    working: Polyhelm, members: dict[str, Member]
) -> None:
    stack, paris = working.stack, members["paris"]
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.upload(with_hook("pre-install"))
    paris.faults.stuck = True
    answer = await stack.create(releaseName="shop", chart="charts/pre-install", timeoutSeconds=600)

    async def hangs() -> bool:
        return bool(paris.objects("jobs", "batch"))

    await eventually(hangs)

    async def said() -> bool:
        shown = [await working.fine("status"), await working.fine("deploy", "get", "fleet/shop")]
        return all("hook" in line for lines in shown for line in lines if "paris" in line)

    await eventually(said)
    (listed,) = (await working("operation", "ls", "fleet/shop", "-o", "json")).data
    assert (listed["id"], listed["kind"], listed["state"]) == (answer["operation"]["id"], "CREATE", "RUNNING")
    done = await working("operation", "cancel", listed["id"])
    assert (done.code, done.words[0]) == (2, "Error: This requires confirmation, and there is no terminal.")
    assert (await working("operation", "cancel", listed["id"], "--yes")).words == [
        "paris: installation cancelled",
        "The create operation ended: CANCELLED.",
    ]
    done = await working("operation", "cancel", listed["id"], "--yes")
    assert (done.code, done.words[0]) == (1, "Error: The operation has already ended: CANCELLED.")
    done = await working("operation", "cancel", "nothing", "--yes")
    assert (done.code, done.words[0]) == (1, "Error: There is no operation 'nothing'.")


async def test_releases_that_force_leaves_behind_are_printed_with_their_objects_and_failures_with_advice(
    working: Polyhelm, members: dict[str, Member]
) -> None:
    stack, paris = working.stack, members["paris"]
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.upload(with_hook("pre-delete"))
    await stack.deployed(releaseName="shop", chart="charts/pre-delete", timeoutSeconds=2)
    paris.faults.stuck = True
    done = await working("deploy", "rm", "fleet/shop", "--yes")
    assert done.code == 1
    assert done.words[2].startswith("  paris: uninstallation failed: ")
    assert done.words[2].endswith(
        " Reconcile once the cause is gone. Repeat it without hooks (skipHooks) if a hook is the cause. Repeat it with"
        " force to leave behind what cannot be removed."
    )
    told = (await working("deploy", "get", "fleet/shop")).lines
    assert "Next steps:" in told
    assert told[-1].startswith("  paris: Reconcile once the cause is gone. Repeat it without hooks (skipHooks)")

    done = await working("deploy", "rm", "fleet/shop", "--yes", "--force")
    assert done.code == 0
    assert done.words[-3] == "fleet/shop removed."
    assert done.words[-2].startswith("Left behind: shop in namespace default of paris: ")
    assert done.words[-1] == "  Its objects: ConfigMap default/shop"
    assert (await working("deploy", "ls", "-o", "json")).data == []
