"""A Polyhelm with real members, and what is done on them by hand beside it."""

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.client import Client
from tests.contract.helm import Helm
from tests.kubernetes.member import Member
from tests.sample_charts import archive, chart_files
from tests.stack import Stack, eventually


@dataclass(frozen=True)
class Hand:
    """What somebody does by hand on one member: Helm in the test's namespace, and plain requests."""

    member: Member
    helm: Helm
    client: Client
    namespace: str
    has_controllers: bool = False

    async def __call__(self, verb: str, *arguments: str) -> str:
        return await self.helm(verb, *arguments, "--namespace", self.namespace)

    async def try_to(self, verb: str, *arguments: str) -> bool:
        """The same, where Helm may refuse; whether it did it."""
        code, _, _ = await self.helm.run(verb, *arguments, "--namespace", self.namespace)
        return code == 0

    def chart(self, version: str = "1.0.0", *, name: str = "web") -> str:
        """A folder with the test chart, as Polyhelm has it."""
        folder = self.helm.home / f"{name}-{version}"
        for path, content in chart_files(name, version).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        return str(folder)

    async def listed(self) -> dict[str, Any]:
        """What `helm list` tells, by the release's name."""
        told = json.loads(await self("list", "--all", "--output", "json"))
        return {release["name"]: release for release in told}

    async def values(self, release: str) -> dict[str, Any]:
        """What `helm get values` tells."""
        told: dict[str, Any] | None = json.loads(await self("get", "values", release, "--output", "json"))
        return told or {}

    async def history(self, release: str) -> list[tuple[int, str, str]]:
        """Revision, status and description, as `helm history` tells them."""
        told = json.loads(await self("history", release, "--output", "json"))
        return [(revision["revision"], revision["status"], revision["description"]) for revision in told]

    async def find(self, path: str) -> Any:
        """An object in the namespace, as `configmaps/shop` of the core API, or `apis/<group>/<version>/...` where it is
        in another; None where there is none."""
        status, found = await self.client.get(self._path(path))
        assert status in (200, 404), found
        return found if status == 200 else None

    async def config(self, release: str) -> Any:
        """The values that the test chart's ConfigMap was rendered with."""
        found = await self.find(f"configmaps/{release}")
        return found and json.loads(found["data"]["values"])

    async def apply(self, path: str, body: Any) -> None:
        """Makes an object in the namespace, and the namespace where it is missing."""
        status, told = await self.client.post("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        assert status in (201, 409), told
        status, told = await self.client.post(self._path(path), body)
        assert status == 201, told

    async def edit_record(
        self, release: str, revision: int, change: Callable[[dict[str, Any]], None], status: str | None = None
    ) -> None:
        """Changes what Helm's own record of a revision says, and the status label beside it."""
        path = self._path(f"secrets/sh.helm.release.v1.{release}.v{revision}")
        answer, secret = await self.client.get(path)
        assert answer == 200, secret
        record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
        change(record)
        packed = base64.b64encode(gzip.compress(json.dumps(record).encode()))
        patch: dict[str, Any] = {"data": {"release": base64.b64encode(packed).decode()}}
        if status is not None:
            patch["metadata"] = {"labels": {"status": status}}
        answer, told = await self.client.patch(path, patch)
        assert answer == 200, told

    async def mark(self, release: str, revision: int, status: str) -> None:
        """Makes a revision look as if a Helm in that state had been killed."""

        def change(record: dict[str, Any]) -> None:
            record["info"]["status"] = status

        await self.edit_record(release, revision, change, status)

    def _path(self, path: str) -> str:
        if not path.startswith("apis/"):
            return f"/api/v1/namespaces/{self.namespace}/{path}"
        apis, group, version, rest = path.split("/", 3)
        return f"/{apis}/{group}/{version}/namespaces/{self.namespace}/{rest}"

    async def clean_up(self) -> None:
        """Removes the namespace with what is in it; where there are no controllers, that is Secrets and ConfigMaps."""
        path = f"/api/v1/namespaces/{self.namespace}"
        if not self.has_controllers:
            for kind in ("secrets", "configmaps"):
                await self.client.delete(f"{path}/{kind}")
        status, found = await self.client.delete(path)
        if status == 200 and not self.has_controllers:
            found["spec"]["finalizers"] = []
            await self.client.put(f"{path}/finalize", found)


@dataclass(frozen=True)
class Fleet:
    """Real members registered as one group of a Polyhelm, with the test chart uploaded. `namespace` and `release` are
    the test's own."""

    stack: Stack
    group_id: str
    namespace: str
    release: str
    hands: Mapping[str, Hand]

    async def create(self, **given: Any) -> Any:
        return await self.stack.create(**{"namespace": self.namespace, "releaseName": self.release} | given)

    async def deployed(self, **given: Any) -> str:
        """Creates a deployment, waits until it is on every target, and gives its id."""
        answer = await self.create(**given)
        assert answer["__typename"] == "DeploymentPayload", answer
        operation = await self.stack.settled(answer)
        assert operation["state"] == "SUCCEEDED", operation
        return str(answer["deployment"]["id"])

    async def updated(self, deployment_id: str, **given: Any) -> Any:
        """Updates a deployment; the operation once it has ended."""
        answer = await self.stack.update(deployment_id, **given)
        assert answer["__typename"] == "DeploymentPayload", answer
        return await self.stack.settled(answer)

    async def reconciled(self, deployment_id: str, **given: Any) -> Any:
        """Reconciles a deployment; the operation once it has ended."""
        answer = await self.stack.reconcile(deployment_id, **given)
        assert answer["__typename"] == "DeploymentPayload", answer
        return await self.stack.settled(answer)

    async def targets(self, deployment_id: str, *fields: str) -> dict[str, Any]:
        """These fields of each target; the value itself where it is one field, a tuple where they are more."""
        told = await self.stack.targets(deployment_id)
        return {name: _picked(target, fields) for name, target in told.items()}

    async def until(self, deployment_id: str, cluster: str, **expected: Any) -> Any:
        """The target, once these fields of it are as expected; a failure that shows how they are when that takes too
        long."""
        found: dict[str, Any] = {}

        async def is_so() -> Any:
            target = (await self.stack.targets(deployment_id)).get(cluster, {})
            found.update({field: target.get(field) for field in expected})
            return [target] if found == expected else None

        try:
            [target] = await eventually(is_so)
        except AssertionError:
            assert found == expected
            raise
        return target

    async def operation(self, answer: Any) -> Any:
        """The operation of a payload as it is now, without waiting for its end."""
        query = """query ($id: ID!) { operation(id: $id) {
          kind state results { clusterName action state error { code message output attempts nextSteps advice } }
        } }"""
        return (await self.stack.data(query, id=answer["operation"]["id"]))["operation"]


def _picked(target: Mapping[str, Any], fields: tuple[str, ...]) -> Any:
    return target[fields[0]] if len(fields) == 1 else tuple(target[field] for field in fields)


def outcomes(operation: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Action and state of an operation's results, by the cluster's name."""
    return {result["clusterName"]: (result["action"], result["state"]) for result in operation["results"]}


def values_reason(path: str, desired: Any, actual: Any, message: str) -> dict[str, Any]:
    return {"code": "VALUES", "message": message, "path": path, "desired": desired, "actual": actual}


async def upload_files(stack: Stack, files: Mapping[str, str], name: str) -> None:
    """Packages a chart from its files and uploads it."""
    answer = await stack.upload(base64.b64encode(archive(files, root=name)).decode())
    assert "digest" in answer, answer
