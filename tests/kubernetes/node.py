"""A node for a member, on which pods really run: containerd, a scheduler and a kubelet.

containerd and the kubelet run in PID and mount namespaces of their own. When these end, for whatever reason, all pods
and mounts end with them. No registry is asked: the only image is `IMAGE`, and it holds busybox.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import platform
import secrets
import shlex
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .binaries import CNI_FOLDER
from .credentials import write_private
from .process import HOST, POLL_INTERVAL, Port, Process, StartFailed

if TYPE_CHECKING:
    import aiohttp

    from .binaries import NodeBinaries
    from .member import Member

IMAGE = "polyhelm.test/busybox:1"
NAME = "localhost"
"""The API server asks the kubelet for logs under this name."""
CGROUPS = Path("/sys/fs/cgroup")
APPLETS = ("sh", "cat", "sleep", "touch")
NAMESPACES = ("--pid", "--mount", "--fork", "--kill-child", "--mount-proc")
PATIENCE = 60.0
"""Seconds until the node has to be ready, and until it has to be gone."""


def obstacle() -> str | None:
    """Why this machine can have no node, whatever is installed; None where it can."""
    if os.geteuid() != 0:
        return "real pods need root: run the tests as root"
    tried = subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"real pods need namespaces, which this machine refuses to root: {tried.stderr.strip()}"
    if not os.access(CGROUPS, os.W_OK) or CGROUPS.stat().st_dev == Path("/").stat().st_dev:
        return f"real pods need cgroups, which this machine does not have at {CGROUPS}"
    return None


class Node:
    """A node of a member that has controllers. It lasts as long as the block."""

    def __init__(self, member: Member, folder: Path, programs: NodeBinaries) -> None:
        self._member = member
        self._folder = folder
        self._programs = programs
        self._socket = folder / "containerd.sock"
        self._kubeconfig = folder / "kubeconfig.yaml"
        self._cgroup = f"polyhelm-{secrets.token_hex(4)}"
        self._scheduler = Process(self._scheduler_command(), folder / "kube-scheduler.log")
        self._runtime = Process(self._runtime_command(), folder / "node.log")

    async def __aenter__(self) -> Self:
        """Raises StartFailed."""
        self._folder.mkdir(parents=True)
        write_private(self._kubeconfig, self._member.kubeconfig)
        self._configure()
        for folder in self._cgroups():
            folder.mkdir()
        try:
            self._scheduler.start()
            self._runtime.start()
            await self._import(busybox(self._programs.busybox))
            await self._until_ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(self._runtime.stop(grace=0), self._scheduler.stop(grace=0))
        async with asyncio.timeout(PATIENCE):
            while not all(map(_removed, self._cgroups())):  # noqa: ASYNC110 - pods end in their time
                await asyncio.sleep(POLL_INTERVAL)

    def _cgroups(self) -> list[Path]:
        """The node's own cgroup, in each hierarchy: another node on this machine would remove pods it does not know."""
        if (CGROUPS / "cgroup.controllers").exists():
            return [CGROUPS / self._cgroup]
        hierarchies = [folder for folder in CGROUPS.iterdir() if folder.is_dir() and not folder.is_symlink()]
        return [folder / self._cgroup for folder in hierarchies]

    def _configure(self) -> None:
        folder = self._folder
        (folder / "cni").mkdir()
        (folder / "cni" / "10-pods.conflist").write_text(json.dumps(self._network()))
        (folder / "kubelet.yaml").write_text(json.dumps(self._kubelet()))
        (folder / "containerd.toml").write_text(f"""\
version = 2
root = "{folder}/images"
state = "{folder}/containers"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{self._socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_FOLDER}"
    conf_dir = "{folder}/cni"
""")

    def _network(self) -> dict[str, Any]:
        """Each pod is linked with the machine alone, and the links go with the pods."""
        subnet = f"10.{secrets.randbelow(100) + 100}.{secrets.randbelow(256)}.0/24"
        addresses = {"type": "host-local", "dataDir": f"{self._folder}/addresses", "ranges": [[{"subnet": subnet}]]}
        return {"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "ptp", "ipam": addresses}]}

    def _kubelet(self) -> dict[str, Any]:
        free = Port()
        free.close()  # the kubelet does not share its port
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": HOST,
            "port": free.number,
            "healthzPort": 0,
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self._cgroup}",
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "makeIPTablesUtilChains": False,
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "podLogsDir": f"{self._folder}/logs",
            "resolvConf": "",
            "serializeImagePulls": False,
            # A machine whose disk is nearly full must keep the image and the pods.
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "1Mi"},
        }

    def _scheduler_command(self) -> list[str | Path]:
        kubeconfig = f"--kubeconfig={self._kubeconfig}"
        return [self._programs.scheduler, kubeconfig, "--leader-elect=false", "--secure-port=0"]

    def _runtime_command(self) -> list[str | Path]:
        """A shell is the first process in the namespace, because it reaps what containers leave.

        Nothing of the machine changes: what the programs write outside of the folder is in memory and ends with them,
        and the network plugin finds packet forwarding enabled, so that it does not enable it.
        """
        containerd = [str(self._programs.containerd), "--config", f"{self._folder}/containerd.toml"]
        kubelet = [
            str(self._programs.kubelet),
            f"--kubeconfig={self._kubeconfig}",
            f"--config={self._folder}/kubelet.yaml",
            f"--root-dir={self._folder}/kubelet",
            f"--cert-dir={self._folder}/kubelet/pki",
            f"--hostname-override={NAME}",
        ]
        script = f"""\
mount -t tmpfs tmpfs /run && mkdir -p /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni || exit 1
mkdir -p /var/log/containers && mount -t tmpfs tmpfs /var/log/containers || exit 1
echo 1 > /run/forwarding && mount --bind /run/forwarding /proc/sys/net/ipv4/ip_forward || exit 1
{shlex.join(containerd)} &
until [ -S {shlex.quote(str(self._socket))} ]; do sleep 0.1; done
{shlex.join(kubelet)}
"""
        return ["unshare", *NAMESPACES, "sh", "-c", script]

    async def _import(self, archive: bytes) -> None:
        """Give the node an image from an OCI archive."""
        path = self._folder / "image.tar"
        path.write_bytes(archive)
        ctr: list[str | Path] = [self._programs.ctr, "--address", self._socket, "--namespace", "k8s.io"]
        command = [*ctr, "images", "import", "--snapshotter", "native", path]
        async with asyncio.timeout(PATIENCE):
            while True:
                importing = await asyncio.create_subprocess_exec(
                    *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
                )
                output, _ = await importing.communicate()
                if importing.returncode == 0:
                    return
                if not self._runtime.running:
                    raise StartFailed(f"containerd ended; {output.decode()}\n{self._log()}")
                await asyncio.sleep(POLL_INTERVAL)

    async def _until_ready(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                async with self._member.session() as session:
                    while not await _is_ready(session):
                        if not self._runtime.running:
                            raise StartFailed(f"the node ended:\n{self._log()}")
                        await asyncio.sleep(POLL_INTERVAL)
        except TimeoutError:
            raise StartFailed(f"the node was not ready in {PATIENCE:g} s:\n{self._log()}") from None

    def _log(self) -> str:
        return (self._folder / "node.log").read_text(errors="replace")[-4000:]


async def _is_ready(session: aiohttp.ClientSession) -> bool:
    async with session.get(f"/api/v1/nodes/{NAME}") as response:
        conditions = (await response.json())["status"].get("conditions", []) if response.status == 200 else []
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)


def _removed(cgroup: Path) -> bool:
    """Remove a cgroup with those below it, as far as they are empty; whether it is gone."""
    if not cgroup.exists():
        return True
    below = sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True)
    for folder in [*below, cgroup]:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def busybox(program: Path) -> bytes:
    """An OCI archive of `IMAGE`: a static busybox, which waits unless a pod has another command."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(program, "bin/busybox")
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname, link.mode = tarfile.SYMTYPE, "busybox", 0o777
            tar.addfile(link)
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(folder)
    blobs: dict[str, bytes] = {}

    def stored(kind: str, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    archived = stored("layer.v1.tar", layer.getvalue())
    machine = platform.machine()
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
        "os": "linux",
        "config": {"Entrypoint": ["/bin/sleep", "1000000000"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [archived["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": stored("config.v1+json", json.dumps(config).encode()),
        "layers": [archived],
    }
    named = stored("manifest.v1+json", json.dumps(manifest).encode())
    named["annotations"] = {"io.containerd.image.name": IMAGE, "org.opencontainers.image.ref.name": "1"}
    index = {"schemaVersion": 2, "manifests": [named]}
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode(), **blobs}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
