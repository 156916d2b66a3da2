"""A hostile API server: whatever it answers to whichever request of ours ends in an error of that cluster alone."""

import asyncio
import json
import logging
import random
import tracemalloc
from collections import ChainMap
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.clusters.member import Answer, Member
from app.clusters.release_records import Listing
from app.core.errors import ActionError
from app.releases.error_codes import ActionCode
from app.releases.record import UnreadableRecordError
from simulator import Member as SimulatedMember
from tests.hostile.answers import CONTENT, HARMLESS, TRANSPORT, Hostile, body, spoiled
from tests.hostile.api_server import HostileApiServer, Right, answer
from tests.hostile.requests import KINDS, MOST_WORDS, OURS, Kind, furnish, unknown

TIMEOUT = 1.0
LONGEST = 20.0
"""Seconds that a request may take here, on a busy machine as well: it has two times `TIMEOUT` for its answer."""
SPOILT = 100
MOST_MEMORY = 200 * 2**20
BY_NAME = {kind.name: kind for kind in KINDS}
CONNECTIONS = ("proof of a new connection", "sign of life", "version", "watch")
"""Kinds of requests that are sent and read in four ways; all others are sent as `version` is."""


@asynccontextmanager
async def hostile(paris: SimulatedMember) -> AsyncIterator[HostileApiServer]:
    furnish(paris)
    async with HostileApiServer(paris.kubeconfig) as server:
        yield server


def uid_of(member: SimulatedMember) -> str:
    [found] = [each for each in member.objects("namespaces") if each["metadata"]["name"] == "kube-system"]
    return str(found["metadata"]["uid"])


async def outcome(kind: Kind, member: Member) -> Any:
    """What asking gives, or the error of the cluster that it ends in; any other error fails."""
    async with asyncio.timeout(LONGEST):
        try:
            return await kind.ask(member)
        except (ActionError, UnreadableRecordError) as error:
            return error


def problem(found: Any) -> str | None:
    """Why this can't be kept or shown."""
    if isinstance(found, ActionError):
        found = f"{found.message}{found.output or ''}"
        return "its words" if "\0" in found or len(found) > MOST_WORDS else None
    if isinstance(found, Listing):
        found = [(head.name, head.namespace, head.status) for head in found.heads]
    if isinstance(found, Answer):
        json.dumps(found.body).encode()  # what a chart looks up goes to Helm alone
        return None
    text = str(found)
    return "what it gives" if "\0" in text or len(text) > 100 * MOST_WORDS else None


async def outcomes(
    server: HostileApiServer,
    kind: Kind,
    uid: str,
    answers: Iterable[tuple[Any, Hostile]],
    timeout: float = LONGEST,
) -> dict[Any, Any]:
    """What asking gives, by the answer to the last request of this kind that it makes."""
    found: dict[Any, Any] = {}
    kept = server.member(timeout=timeout, uid=uid)
    async with kept:
        for name, given in answers:
            server.spoil(kind.takes, given)
            member = server.member(timeout=timeout, uid=uid) if kind.is_asked_of_new_connections else kept
            found[name] = await outcome(kind, member)
            assert server.hits or timeout == TIMEOUT, (kind.name, name)
            if member is not kept:
                await member.close()
    return found


async def test_every_kind_of_request_is_made_as_it_is_listed(simulated: Callable[[str], SimulatedMember]) -> None:
    paris = simulated("paris")
    for kind in KINDS:
        async with hostile(paris) as server, server.member(timeout=5, uid=uid_of(paris)) as member:
            found = await outcome(kind, member)
            assert not isinstance(found, Exception), (kind.name, found)
            assert any(kind.takes(*request) for *request, _ in server.asked), kind.name
            assert unknown(server.asked) == []
            assert {agent for *_, agent in server.asked} == {OURS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_whatever_is_answered_ends_in_an_error_of_the_cluster(
    simulated: Callable[[str], SimulatedMember],
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
    pytestconfig: pytest.Config,
) -> None:
    """All wrong answers, and the right one with single values of other types: the same ones each time, and some that
    depend on `--seed`."""
    paris = simulated("paris")
    right: list[Right] = []

    def keep(found: Right) -> Any:
        right.append(found)
        return answer(found.status, found.body)

    async with hostile(paris) as server:
        harmless = await outcomes(server, kind, uid_of(paris), [*HARMLESS.items(), ("right", keep)])
        wrong = await outcomes(server, kind, uid_of(paris), CONTENT.items())
        values = [] if kind.is_text else list(spoiled(right[0]))
        chosen = sampled(values, pytestconfig.getoption("seed"))
        spoilt = await outcomes(server, kind, uid_of(paris), enumerate(chosen))
    assert {name: each for name, each in harmless.items() if isinstance(each, Exception)} == {}
    assert {name for name, each in wrong.items() if not isinstance(each, Exception)} <= set(
        CONTENT if kind.is_text else kind.takes_as_well
    )
    assert [each for each in (*wrong.values(), *spoilt.values()) if problem(each)] == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def sampled(found: list[Hostile], seed: int) -> list[Hostile]:
    random.Random(0).shuffle(found)
    fixed, others = found[:SPOILT], found[SPOILT:]
    return fixed + random.Random(seed).sample(others, min(len(others), SPOILT // 4))


@pytest.mark.parametrize("kind", [BY_NAME[name] for name in CONNECTIONS], ids=lambda kind: kind.name)
async def test_invalid_answers_end_in_an_error_in_bounded_time_and_memory(
    simulated: Callable[[str], SimulatedMember],
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.clusters.member._SILENCE", -TIMEOUT)
    paris = simulated("paris")

    async def asked(name: str, given: Hostile) -> dict[Any, Any]:
        async with few, HostileApiServer(paris.kubeconfig) as server:
            return await outcomes(server, kind, uid_of(paris), [(name, given)], TIMEOUT)

    furnish(paris)
    few = asyncio.Semaphore(4)
    tracemalloc.start()
    found = dict(ChainMap(*await asyncio.gather(*(asked(*each) for each in TRANSPORT.items()))))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    taken = {name for name, each in found.items() if not isinstance(each, Exception)}
    if kind.name == "watch":
        assert taken <= {"a watch without end", "gzip that is cut off"}  # as far as they are right
    elif kind.name != "sign of life":  # to which a new connection that has proven itself is as good
        assert taken == set()
    assert most < MOST_MEMORY
    assert [each for each in found.values() if problem(each)] == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("items", [0, 500])
async def test_a_list_without_end_is_given_up(
    simulated: Callable[[str], SimulatedMember], monkeypatch: pytest.MonkeyPatch, items: int
) -> None:
    monkeypatch.setattr("app.clusters.release_records._MOST_HEADS", 5000)
    item = {
        "metadata": {
            "name": "sh.helm.release.v1.shop.v3",
            "namespace": "default",
            "resourceVersion": "7",
            "labels": {"owner": "helm", "name": "shop", "version": "3", "status": "deployed"},
        }
    }
    page = {"kind": "PartialObjectMetadataList", "metadata": {"resourceVersion": "9", "continue": "more"}}
    paris = simulated("paris")
    async with hostile(paris) as server:
        endless = body(json.dumps(page | {"items": [item] * items}).encode())
        found = await outcomes(server, BY_NAME["list of all releases"], uid_of(paris), [("endless", endless)])
        assert found["endless"].code == ActionCode.CLUSTER_UNEXPECTED_ANSWER
        assert server.hits <= 11


async def test_a_list_that_takes_too_long_is_given_up(
    simulated: Callable[[str], SimulatedMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.clusters.release_records._LIST_SECONDS", 0.0)
    paris = simulated("paris")
    async with hostile(paris) as server:
        endless = body(b'{"kind":"SecretList","metadata":{"resourceVersion":"9","continue":"more"},"items":[]}')
        found = await outcomes(server, BY_NAME["list of all releases"], uid_of(paris), [("endless", endless)])
        assert (found["endless"].code, server.hits) == (ActionCode.CLUSTER_UNEXPECTED_ANSWER, 1)
