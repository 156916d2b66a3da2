"""Hostile kubeconfigs, sent to the API as anybody may: refused in words, with nothing run, read or connected."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.canary import Pipe, listening
from tests.hostile.kubeconfigs import ADDRESSES, KUBECONFIGS, at
from tests.stack import HERE, Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
ERROR = "code message path"


async def refusals(stack: Stack, kubeconfigs: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Registers each; gives the code and the words of each refusal, and sees that nothing was kept."""
    found = {}
    for case, kubeconfig in kubeconfigs.items():
        answer: dict[str, Any] = await stack.register("hostile", kubeconfig)
        assert answer.get("path") == ["kubeconfig"], (case, answer)
        found[case] = (answer["code"], answer["message"])
    kept = await stack.data("{ clusters { nodes { name } } events { nodes { kind } } }")
    assert kept["clusters"]["nodes"] == []
    assert "cluster.registered" not in {event["kind"] for event in kept["events"]["nodes"]}
    return found


async def test_each_hostile_kubeconfig_is_refused_without_running_reading_or_connecting(
    new_stack: NewStack, tmp_path: Path
) -> None:
    """Even where this machine may be connected to."""
    pipe, mark = Pipe(tmp_path / "pipe"), tmp_path / "mark"
    async with listening() as canary, new_stack(working=False, allowed_networks=HERE) as stack:

        def armed(kubeconfig: str) -> str:
            for name, value in (("port", canary.port), ("pipe", pipe.path), ("mark", mark)):
                kubeconfig = kubeconfig.replace(f"{{{name}}}", str(value))
            return kubeconfig

        told = await refusals(stack, {case: armed(kubeconfig) for case, (kubeconfig, _) in KUBECONFIGS.items()})
        assert canary.heard == []
    assert told == {case: expected for case, (_, expected) in KUBECONFIGS.items()}
    assert len(told) >= 40
    assert not pipe.is_open
    assert not mark.exists()


async def test_no_address_of_this_machine_or_its_cloud_is_connected_to(new_stack: NewStack) -> None:
    async with listening() as canary, new_stack(working=False, allowed_networks="") as stack:
        hosts = {host: host.replace("{port}", str(canary.port)) for host in ADDRESSES}
        told = await refusals(stack, {host: at(armed) for host, armed in hosts.items()})
        assert canary.heard == []
    for host, words in ADDRESSES.items():
        code, message = told[host]
        assert message.endswith(words), (host, message)
        assert code == ("cluster_unreachable" if "canonical" in words else "cluster_address_refused")


async def test_the_canaries_detect_a_program_file_or_connection(tmp_path: Path, new_stack: NewStack) -> None:
    """A connection and an open file are seen, so that their absence says something."""
    pipe = Pipe(tmp_path / "pipe")
    async with listening() as canary, new_stack(working=False, allowed_networks=HERE) as stack:
        answer = await stack.register("honest", at(f"127.0.0.1:{canary.port}"))
        assert answer["code"] == "cluster_unreachable"
        assert canary.heard

    async def is_seen() -> bool:
        return pipe.is_open

    reading = asyncio.create_task(asyncio.to_thread(pipe.path.read_bytes))
    await eventually(is_seen, 20)
    assert await reading == b""


@pytest.mark.parametrize("case", ["exec", "token from a file", "HTTP proxy"])
def test_each_hostile_kubeconfig_names_a_canary(case: str) -> None:
    assert any(place in KUBECONFIGS[case][0] for place in ("{port}", "{pipe}", "{mark}"))
