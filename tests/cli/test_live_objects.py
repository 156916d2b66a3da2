"""`polyhelm tree`, `describe` and `logs`."""

from collections.abc import Callable

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.logs.test_logs import running_pods
from tests.resources.pods import at, event
from tests.stack import Stack


async def test_objects_and_logs_of_a_deployment_are_shown(
    stack: Stack, working: Polyhelm, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await running_pods(stack, paris, "shop-1", "shop-2")
    [pod, _] = sorted(paris.objects("pods"), key=lambda each: str(each["metadata"]["name"]))
    paris.put("events", event(pod, "BackOff", "it\x1b[2J crashes", "2026-11-30T12:00:00Z"))
    tree = await working.fine("tree", "fleet/shop", "--cluster", "paris")
    assert [line.split()[0] for line in tree][:2] == ["OBJECT", "Deployment/shop"]
    assert {"Pod/shop-1", "Pod/shop-2", "web"} <= {line.split()[0] for line in tree}
    described = await working.fine("describe", "fleet/shop", "Pod/shop-1")
    assert described[0].startswith("Pod/shop-1 is HEALTHY")
    assert described[-1].endswith("it\\u001b[2J crashes")
    yaml = await working.fine("describe", "fleet/shop", "Pod/shop-1", "--yaml")
    assert "kind: Pod" in yaml
    paris.logs.write(at("shop-1"), "first \x1b]0;title\x07")
    paris.logs.write(at("shop-2"), "second")
    assert await working.fine("logs", "fleet/shop", "--tail", "5") == [
        "shop-1/web first \\u001b]0;title\\u0007",
        "shop-2/web second",
    ]
    assert await working.fine("logs", "fleet/shop/shop-2", "--since", "10m", "--search", "sec") == ["second"]
    for name in ("shop-1", "shop-2"):
        paris.logs.restart(at(name))
    assert await working.fine("logs", "fleet/shop/shop-2", "--previous", "-f") == ["second"]
    silent = await working("logs", "fleet/shop", "--search", "absent")
    assert (silent.out, silent.words) == ("", ["There are no log lines. `polyhelm tree` shows the pods."])
    refused = await working("logs", "fleet/shop", "--since", "soon")
    assert "Invalid duration: 'soon'." in refused.err
