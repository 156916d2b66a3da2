"""A dry run tells what would be done on every member, and writes nothing: to Postgres, to Redis, to any member."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import yaml
from aiohttp import web

from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, upload_files, values_reason
from tests.real.test_failures import FRAGILE
from tests.real.writes import Ledger, keys
from tests.sample_charts import archive, chart_files, packaged

pytestmark = pytest.mark.xdist_group("kubernetes")

NAMES = ("berlin", "paris", "tokyo")


def plans(answer: Any) -> dict[str, Any]:
    """The plan of a dry run by cluster; it has nothing but a plan."""
    assert answer["__typename"] == "DeploymentPayload", answer
    assert (answer["deployment"], answer["operation"], answer["abandoned"]) == (None, None, [])
    return {plan["clusterName"]: plan for plan in answer["plan"]["targets"]}


def summary(answer: Any) -> dict[str, tuple[str, str]]:
    return {name: (plan["action"], plan["status"]) for name, plan in plans(answer).items()}


def added(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]


def removed(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line.startswith("-") and not line.startswith("---")]


@asynccontextmanager
async def at_work(fleet: Fleet) -> AsyncIterator[None]:
    """Worker and observer, for a while: afterwards nothing happens but what is asked for."""
    services = fleet.stack.services
    async with running(run_worker(services), run_observer(services)):
        yield


async def test_a_dry_run_of_a_creation_plans_an_install_on_every_member_and_writes_nothing(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet(working=False) as fleet:
        ledger = await Ledger.of(fleet)
        answer = await fleet.create(
            values={"name": "shop"}, valueOverrides=[{"cluster": "tokyo", "values": {"name": "mise"}}], dryRun=True
        )
        told = plans(answer)
        assert list(told) == sorted(NAMES)
        for name, plan in told.items():
            called = "mise" if name == "tokyo" else "shop"
            assert (plan["action"], plan["status"], plan["error"]) == ("INSTALL", "NOT_INSTALLED", None)
            assert [reason["code"] for reason in plan["reasons"]] == ["ABSENT"]
            assert plan["desiredValues"] == {"name": called}
            rendered = yaml.safe_load(plan["manifest"])
            assert (rendered["kind"], rendered["metadata"]["name"]) == ("ConfigMap", fleet.release)
            assert yaml.safe_load(rendered["data"]["values"]) == {"name": called, "replicas": 1}
            assert added(plan["manifestDiff"]) == [f"+{line}" for line in plan["manifest"].strip().splitlines()]
            assert removed(plan["manifestDiff"]) == []
        await ledger.assert_nothing_was_written()


async def test_dry_runs_of_update_reconcile_and_delete_plan_each_target_and_write_nothing(new_fleet: NewFleet) -> None:
    async with new_fleet(working=False) as fleet:
        paris, tokyo = fleet.hands["paris"], fleet.hands["tokyo"]
        async with at_work(fleet):
            deployment_id = await fleet.deployed(values={"name": "shop"})
            await fleet.stack.upload(packaged(version="1.1.0"))
            await paris("upgrade", fleet.release, paris.chart(), "--set", "name=other")
            await tokyo("uninstall", fleet.release)
            await fleet.until(deployment_id, "paris", status="STALE", helmStatus="DEPLOYED")
            await fleet.until(deployment_id, "tokyo", status="NOT_INSTALLED")
        ledger = await Ledger.of(fleet)

        answer = await fleet.stack.reconcile(deployment_id, dryRun=True)
        assert summary(answer) == {
            "berlin": ("NONE", "DEPLOYED"),
            "paris": ("UPGRADE", "STALE"),
            "tokyo": ("INSTALL", "NOT_INSTALLED"),
        }
        told = plans(answer)
        assert (told["berlin"]["reasons"], told["berlin"]["manifest"], told["berlin"]["manifestDiff"]) == (
            [],
            None,
            None,
        )
        assert told["paris"]["reasons"] == [
            values_reason("name", "shop", "other", 'name: wanted "shop", found "other"')
        ]
        assert removed(told["paris"]["manifestDiff"]) == [r'-  values: "{\"name\":\"other\",\"replicas\":1}"']
        assert added(told["paris"]["manifestDiff"]) == [r'+  values: "{\"name\":\"shop\",\"replicas\":1}"']

        answer = await fleet.stack.update(
            deployment_id, version="1.1.0", targets=["berlin", "paris"], values={"name": "boutique"}, dryRun=True
        )
        assert summary(answer) == {
            "berlin": ("UPGRADE", "STALE"),
            "paris": ("UPGRADE", "STALE"),
            "tokyo": ("NONE", "NOT_INSTALLED"),
        }
        assert [
            (reason["code"], reason["desired"], reason["actual"]) for reason in plans(answer)["berlin"]["reasons"]
        ] == [
            ("CHART_VERSION", "1.1.0", "1.0.0"),
            ("VALUES", "boutique", "shop"),
        ]
        assert added(plans(answer)["berlin"]["manifestDiff"])[-1] == (
            r'+  values: "{\"name\":\"boutique\",\"replicas\":1}"'
        )

        answer = await fleet.stack.delete(deployment_id, dryRun=True)
        assert summary(answer) == {
            "berlin": ("UNINSTALL", "STALE"),
            "paris": ("UNINSTALL", "STALE"),
            "tokyo": ("NONE", "NOT_INSTALLED"),
        }
        assert [reason["code"] for reason in plans(answer)["berlin"]["reasons"]] == ["ORPHAN"]
        assert plans(answer)["berlin"]["desiredValues"] == {}
        await ledger.assert_nothing_was_written()


async def test_a_refusal_in_a_dry_run_is_reported_in_the_words_of_the_api_server_and_nothing_is_written(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"], members["berlin"], working=False) as fleet:
        for hand in fleet.hands.values():
            await hand.apply("configmaps", {"metadata": {"name": "there-already"}})
        await upload_files(fleet.stack, chart_files("fragile") | FRAGILE, "fragile")
        ledger = await Ledger.of(fleet)
        overrides = [
            {"cluster": "paris", "values": {"second": "Not_A_Name"}},
            {"cluster": "berlin", "values": {"strict": True}},
        ]
        told = plans(await fleet.create(chart="charts/fragile", valueOverrides=overrides, dryRun=True))
        refused, broken = told["paris"]["error"], told["berlin"]["error"]
        words = 'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name"'
        assert refused["code"] == "cluster_refused"
        assert refused["message"].startswith(f"The API server would refuse ConfigMap Not_A_Name: {words}")
        assert refused["output"].startswith(words)
        assert broken["code"] == "chart_not_rendered"
        assert "a colour is needed" in broken["message"]
        assert {plan["action"] for plan in told.values()} == {"INSTALL"}
        await ledger.assert_nothing_was_written()


async def test_a_member_that_can_not_be_asked_has_an_error_in_the_plan_beside_the_others(new_fleet: NewFleet) -> None:
    async with new_fleet(member_timeout=6, working=False) as fleet:
        async with at_work(fleet):
            deployment_id = await fleet.deployed(targets=["paris", "berlin"])
        with fleet.hands["berlin"].member.suspended():
            told = plans(await fleet.stack.update(deployment_id, values={"name": "shop"}, dryRun=True))
        assert (told["paris"]["action"], told["paris"]["error"]) == ("UPGRADE", None)
        berlin = told["berlin"]
        assert (berlin["action"], berlin["status"], berlin["manifest"]) == ("NONE", "UNKNOWN", None)
        assert [reason["code"] for reason in berlin["reasons"]] == ["UNREACHABLE"]
        assert berlin["error"]["code"] == "cluster_unreachable"
        assert berlin["error"]["message"] == "The API server did not answer within 6 s."


async def test_a_chart_version_that_has_to_be_pulled_is_not_kept_by_a_dry_run(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with (
        repository("1.0.0", "1.1.0") as (host, offered),
        new_fleet(members["paris"], working=False, plain_http_hosts=host) as fleet,
    ):
        fields = "... on ChartRepositoryPayload { chartRepository { id } }"
        answer = await fleet.stack.mutate("addChartRepository", fields, name="remote", url=f"http://{host}")
        assert "chartRepository" in answer, answer
        ledger = await Ledger.of(fleet)
        told = plans(await fleet.create(chart="remote/web", version="1.0.0", dryRun=True))
        assert (told["paris"]["action"], told["paris"]["error"]) == ("INSTALL", None)
        assert yaml.safe_load(told["paris"]["manifest"])["metadata"]["name"] == fleet.release
        await ledger.assert_nothing_was_written()

        async with at_work(fleet):
            deployment_id = await fleet.deployed(chart="remote/web", version="1.0.0")
        ledger = await Ledger.of(fleet)
        told = plans(await fleet.stack.update(deployment_id, version="1.1.0", dryRun=True))
        assert [reason["desired"] for reason in told["paris"]["reasons"]] == ["1.1.0"]
        assert told["paris"]["error"] is None
        offered.clear()
        answer = await fleet.stack.update(deployment_id, version="3.0.0", dryRun=True)
        assert (answer["__typename"], answer["code"]) == ("NotFound", "chart_version_not_found")
        await ledger.assert_nothing_was_written()


async def test_a_request_that_is_no_dry_run_is_noticed_by_every_one_of_these_checks(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"], working=False) as fleet:
        ledger = await Ledger.of(fleet)
        async with at_work(fleet):
            deployment_id = await fleet.deployed()
            await fleet.stack.settled(await fleet.stack.delete(deployment_id))
        assert {"operation", "event", "sequences"} <= await ledger.changed_rows()
        assert await keys(fleet) != ledger.keys
        writes = await ledger.stores["paris"].writes()
        secret = f"sh.helm.release.v1.{fleet.release}.v1"
        assert ("ADDED", "Namespace", "", fleet.namespace) in writes
        assert ("ADDED", "Secret", fleet.namespace, secret) in writes
        assert ("DELETED", "ConfigMap", fleet.namespace, fleet.release) in writes


@asynccontextmanager
async def repository(*versions: str) -> AsyncIterator[tuple[str, dict[str, bytes]]]:
    """A chart repository over HTTP: its host and port, and what it offers, by version."""
    offered = {version: archive(chart_files("web", version)) for version in versions}

    async def index(request: web.Request) -> web.Response:
        entries = [{"name": "web", "version": version, "urls": [f"web-{version}.tgz"]} for version in offered]
        return web.Response(text=yaml.safe_dump({"apiVersion": "v1", "entries": {"web": entries}}))

    async def chart(request: web.Request) -> web.Response:
        return web.Response(body=offered[request.match_info["version"]])

    application = web.Application()
    application.add_routes([web.get("/index.yaml", index), web.get("/web-{version}.tgz", chart)])
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"127.0.0.1:{runner.addresses[0][1]}", offered
    finally:
        await runner.cleanup()
