"""Checks that query a real Prometheus, which scrapes the metrics of Polyhelm itself."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from simulator import Member
from tests.delivery.asking import check, register, results, until_phase, until_verified
from tests.delivery.prometheus import AUTHORIZATION, PASSWORD, PrometheusMissingError, prometheus
from tests.live.serving import served
from tests.stack import Stack

CREDENTIALS = {"name": "Authorization", "secret": "prometheus", "key": "authorization", "prefix": ""}
REACHED = 'up{job="polyhelm"}'


@pytest_asyncio.fixture(loop_scope="session")
async def address(new_stack: Callable[..., AbstractAsyncContextManager[Stack]], tmp_path: Path) -> AsyncIterator[str]:
    """A Prometheus that scrapes an API."""
    try:
        async with (
            new_stack(working=False) as scraped,
            served(scraped) as url,
            prometheus(tmp_path, urlsplit(url).netloc) as found,
        ):
            yield found
    except PrometheusMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest_asyncio.fixture(loop_scope="session")
async def stack(
    address: str, new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member]
) -> AsyncIterator[Stack]:
    async with new_stack(unreachable_after=60, member_timeout=60, plain_http_hosts=address) as opened:
        await register(opened, {"paris": simulated("paris")})
        answer = await opened.mutate(
            "createSecret", "__typename", name="prometheus", data={"authorization": AUTHORIZATION}
        )
        assert answer == {"__typename": "SecretPayload"}
        yield opened


async def test_results_of_queries_pass_and_fail_and_wrong_queries_are_errors(stack: Stack, address: str) -> None:
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)

    def asked(name: str, query: str, **given: Any) -> dict[str, Any]:
        spec = {"url": f"http://{address}", "query": query, "secretHeaders": [CREDENTIALS]}
        return check(name, prometheus=spec | given)

    found = await results(
        stack,
        shop,
        asked("vector", REACHED, passes="result[0] == 1.0"),
        asked("labels", REACHED, passes="samples.all(s, s.labels.job == 'polyhelm')"),
        asked("metrics", "count(polyhelm_pool_taken) > bool 0", passes="result[0] == 1.0"),
        asked("scalar", "scalar(vector(0.5)) + 1", passes="result[0] < 1.0", fails="result[0] > 1.0"),
        asked("none", "absent(up)", passes="size(result) == 0"),
        asked("not-a-number", "vector(0) / 0", passes="result[0] == null"),
        asked("range", f"{REACHED}[5m]", passes="true"),
        asked("syntax", "sum(", passes="true"),
        asked("anonymous", REACHED, passes="true", secretHeaders=[]),
    )
    passed = "The condition `passes` is true"
    assert {name: found[name] for name in ("vector", "labels", "metrics", "none", "not-a-number")} == {
        "vector": ("PASSED", f"{passed} (1)."),
        "labels": ("PASSED", f"{passed} (1)."),
        "metrics": ("PASSED", f"{passed} (1)."),
        "none": ("PASSED", f"{passed} (the query has no result)."),
        "not-a-number": ("PASSED", f"{passed} (NaN)."),
    }
    assert found["scalar"] == ("FAILED", "The condition `fails` is true (1.5).")
    assert found["range"] == ("ERROR", "The result of the query is a matrix, not a vector or a scalar.")
    verdict, message = found["syntax"]
    assert (verdict, message[:42]) == ("ERROR", 'Prometheus answers: invalid parameter "que')
    assert found["anonymous"] == ("ERROR", "The answer has the status 401.")
    assert PASSWORD not in str(found)
    await until_phase(stack, shop, "FAILED")
