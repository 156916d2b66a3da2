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
    (listed,) = (await working("operation", "ls", "fleet/shop", "-o", "json")).data
    assert (listed["id"], listed["kind"], listed["state"]) == (answer["operation"]["id"], "CREATE", "RUNNING")
    done = await working("operation", "cancel", listed["id"])
    assert (done.code, done.words[0]) == (2, "Error: This has to be confirmed, and nobody is there to ask.")
    assert (await working("operation", "cancel", listed["id"], "--yes")).words == [
        "paris: install cancelled",
        "The create has ended: CANCELLED.",
    ]
    done = await working("operation", "cancel", listed["id"], "--yes")
    assert (done.code, done.words[0]) == (1, "Error: The operation has already ended: CANCELLED.")
    done = await working("operation", "cancel", "nothing", "--yes")
    assert (done.code, done.words[0]) == (1, "Error: There is no operation 'nothing'.")
