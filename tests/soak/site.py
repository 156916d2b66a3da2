"""A member of the soak, with all that is in between and what is done on it by hand."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.contract.client import Client
from tests.contract.helm import Helm
from tests.faults import Line, Proxy
from tests.faults.records import Revision, releases_of
from tests.kubernetes.process import HOST
from tests.sample_charts import chart_files

SECRETS = "/api/v1/namespaces/{}/secrets"


@dataclass(frozen=True)
class Site:
    """Polyhelm reaches the member through the line, and then the proxy; the tests do so directly."""

    name: str
    proxy: Proxy
    line: Line
    client: Client
    helm: Helm
    namespace: str

    @property
    def kubeconfig(self) -> str:
        return self.proxy.through(self.proxy.server.replace(f":{self.proxy.port}", f":{self.line.port}", 1))

    async def releases(self) -> dict[str, list[Revision]]:
        """What is in the soak's namespace: the revisions of each release, oldest first."""
        code, found = await self.client.get(SECRETS.format(self.namespace), labelSelector="owner=helm")
        assert code == 200, found
        return {name: revisions for (_, name), revisions in releases_of(found["items"]).items()}

    async def by_helm(self, verb: str, release: str, *options: str) -> bool:
        """Whether Helm did it, run by somebody else."""
        code, _, _ = await self.helm.run(verb, release, *options, "--namespace", self.namespace)
        return code == 0

    async def delete_newest(self, release: str) -> bool:
        """Deletes the Secret with the newest revision, as with kubectl."""
        found = (await self.releases()).get(release)
        if not found:
            return False
        code, _ = await self.client.delete(self._record(release, found[-1].number))
        return code == 200

    async def relabel_newest(self, release: str) -> bool:
        """Has the newest revision's labels say what its body does not."""
        found = (await self.releases()).get(release)
        if not found:
            return False
        patch = {"metadata": {"labels": {"status": "failed"}}}
        code, _ = await self.client.patch(self._record(release, found[-1].number), patch)
        return code == 200

    def chart(self) -> str:
        """A folder with the chart, as somebody else has it."""
        for path, content in chart_files().items():
            (self.helm.home / "web" / path).parent.mkdir(parents=True, exist_ok=True)
            (self.helm.home / "web" / path).write_text(content)
        return str(self.helm.home / "web")

    async def clean_up(self) -> None:
        for kind in ("secrets", "configmaps"):
            await self.client.delete(f"/api/v1/namespaces/{self.namespace}/{kind}")

    async def heal(self) -> None:
        self.proxy.heal()
        await self.line.heal()

    def _record(self, release: str, number: int) -> str:
        return f"{SECRETS.format(self.namespace)}/{quote(f'sh.helm.release.v1.{release}.v{number}')}"


@asynccontextmanager
async def site(name: str, kubeconfig: str, folder: Path, namespace: str, helm: str) -> AsyncIterator[Site]:
    async with AsyncExitStack() as closing:
        proxy = await closing.enter_async_context(Proxy(kubeconfig))
        line = await closing.enter_async_context(Line((HOST, proxy.port)))
        client = await closing.enter_async_context(Client(kubeconfig))
        yield Site(name, proxy, line, client, Helm.at(folder, kubeconfig, helm), namespace)
