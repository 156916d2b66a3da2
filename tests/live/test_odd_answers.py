"""Members that answer oddly: watches that end at once, answers that are no lists, slow answers, records withheld."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise

import pytest

from simulator import Member
from tests.faults import Failure, Hang, Proxy, Request, Wrong, gone, html, listing, null, status, watches
from tests.live import hands
from tests.live.serving import Served
from tests.live.test_trouble import watched
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

SECRETS = "/api/v1/secrets$"
RECORD = "/namespaces/default/secrets/sh.helm.release"
EXPIRED_EVENT = (
    b'{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
    b'"message":"too old resource version: 1 (2)","reason":"Expired","code":410}}\n'
)


def is_list(request: Request) -> bool:
    return not watches(request)


def list_times(proxy: Proxy) -> list[float]:
    """When the member is listed from now on."""
    times: list[float] = []

    def note(request: Request) -> bool:
        if is_list(request):
            times.append(time.monotonic())
        return False

    proxy.fault(status(500), path=SECRETS, where=note)
    return times


async def length(found: list[float], least: int) -> None:
    async def is_reached() -> bool:
        return len(found) >= least

    await eventually(is_reached)


@pytest.mark.parametrize("failure", [gone(), Wrong(200, EXPIRED_EVENT)], ids=["a status", "an event"])
async def test_after_watches_that_end_in_410_a_member_is_listed_again_with_growing_pauses(
    new_stack: NewStack,
    served: Served,
    simulated: Callable[[str], Member],
    failure: Failure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reconcilers.observer.timeouts._BETWEEN_LISTS", 0.5)
    paris = simulated("paris")
    async with (
        Proxy(paris.kubeconfig) as proxy,
        new_stack(unreachable_after=120, confirm_every=240) as stack,
        watched(stack, served, paris=proxy.kubeconfig) as targets,
    ):
        times = list_times(proxy)
        proxy.fault(failure, path=SECRETS, where=watches)
        proxy.reset()
        await length(times, 3)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert gaps[0] > 0.45
        assert gaps[1] > 0.95
        hands.upgrade(paris, "shop", {"a": 1})
        found = await targets.next()
        assert (found["status"], found["revision"]) == ("STALE", 2)  # and it never was UNKNOWN


OTHER_ITEMS = listing(
    "SecretList", [{"kind": "Pod", "metadata": {"name": "a", "namespace": "b", "resourceVersion": "1"}}]
)
NO_LISTS = {
    "null": null(),
    "a Status": status(200),
    "HTML": html(),
    "a list of pods": listing(),
    "a list of all Secrets": listing(
        "SecretList", [{"metadata": {"name": "a", "namespace": "b", "resourceVersion": "1"}}]
    ),
    "items of another kind": OTHER_ITEMS,
}


@pytest.mark.parametrize("case", NO_LISTS)
async def test_an_answer_that_is_not_a_list_is_not_an_observation(
    stack: Stack, served: Served, simulated: Callable[[str], Member], case: str
) -> None:
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy, watched(stack, served, paris=proxy.kubeconfig) as targets:
        proxy.fault(NO_LISTS[case], path=SECRETS)
        proxy.reset()
        found = await targets.next()
        assert (found["status"], found["revision"], found["helmStatus"]) == ("UNKNOWN", 1, "DEPLOYED")
        proxy.heal()
        proxy.reset()
        await targets.until(status="DEPLOYED", revision=1)


async def test_a_member_that_is_slow_within_the_limit_keeps_its_status(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    """Answers take three fifths of what they may, as 6 s of 10."""
    paris = simulated("paris")
    async with (
        new_stack(unreachable_after=6, member_timeout=4, confirm_every=5) as stack,
        watched(stack, served, paris=paris.kubeconfig) as targets,
    ):
        paris.faults.latency = 2.4
        for _ in range(4):  # signs of life, and the end of a watch
            before = paris.requests.total()
            await eventually(lambda before=before: more(paris, before))  # type: ignore[misc]
        hands.upgrade(paris, "shop", {"a": 1})
        found = await targets.next()
        assert (found["status"], found["revision"]) == ("STALE", 2)  # and it never was UNKNOWN


async def more(member: Member, before: int) -> bool:
    return member.requests.total() > before


async def test_a_member_that_hangs_after_a_cut_is_unknown_in_time(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    """tests/reconcilers/test_patience.py has the limit for the next try and for the pause before it."""
    paris = simulated("paris")
    async with (
        Proxy(paris.kubeconfig) as proxy,
        new_stack(unreachable_after=8, member_timeout=6) as stack,
        watched(stack, served, paris=proxy.kubeconfig) as targets,
    ):
        proxy.fault(Hang())
        proxy.reset()
        await targets.until(status="UNKNOWN")


async def test_a_member_that_comes_back_is_reachable_once_what_it_lists_is_written_down(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    """The member has six seconds, so that a busy machine does not make it UNKNOWN before it hangs."""
    paris = simulated("paris")
    async with (
        Proxy(paris.kubeconfig) as proxy,
        new_stack(unreachable_after=6, member_timeout=4) as stack,
        watched(stack, served, paris=proxy.kubeconfig) as targets,
    ):
        proxy.fault(Hang())
        proxy.reset()
        await targets.until(status="UNKNOWN")
        hands.upgrade(paris, "shop", {"a": 1})
        proxy.heal()
        times = list_times(proxy)
        withheld = proxy.fault(status(503), path=RECORD)
        await length(times, 2)
        assert withheld.hits
        proxy.heal()
        while (found := await targets.next())["status"] == "UNKNOWN":  # for another reason
            pass
        assert (found["status"], found["revision"]) == ("STALE", 2)  # and it never was DEPLOYED


async def test_a_record_that_one_member_withholds_delays_no_other_member(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris, lima = simulated("paris"), simulated("lima")
    async with (
        Proxy(paris.kubeconfig) as proxy,
        new_stack(unreachable_after=60, member_timeout=50) as stack,
        watched(stack, served, paris=proxy.kubeconfig, lima=lima.kubeconfig) as targets,
    ):
        names = [f"other-{number}" for number in range(80)]
        withheld = proxy.fault(Hang(), path=RECORD)
        for name in names:
            hands.copy(paris, "shop", name)
        await withheld.hit()
        hands.upgrade(lima, "shop", {"a": 1})
        found = await targets.until(clusterName="lima", status="STALE", revision=2)
        assert found["cluster"] == {"reachability": "REACHABLE"}
