"""Where the binaries of a control plane come from, and Helm's with them.

A folder named by `KUBEBUILDER_ASSETS` (what envtest uses) is taken as it is. Otherwise the modules under `tools/`,
which pin every version, are built with Go into a cache outside the tree, once for each version of these modules.
"""

from __future__ import annotations

import abc
import fcntl
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).parent / "tools"
ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
HELM_VARIABLE = "POLYHELM_HELM"
NEEDED_GO = (1, 26)
CNI_FOLDER = Path("/usr/lib/cni")
DEBIAN = {
    "containerd": Path("/usr/bin/containerd"),
    "runc": Path("/usr/sbin/runc"),
    "containernetworking-plugins": CNI_FOLDER / "ptp",
    "busybox-static": Path("/bin/busybox"),
    "util-linux": Path("/usr/bin/unshare"),
}
"""What a node needs besides the programs that are built here: Debian's package -> a file of it."""
_INTERPRETER = 3
"""The kind of an ELF program header, PT_INTERP."""


class BinariesMissing(Exception):  # noqa: N818 - it says what is the case, and is caught to skip tests
    """There are no binaries and no way to build them; the message tells the reader what to install."""


@dataclass(frozen=True)
class Binaries:
    """The programs of a control plane."""

    etcd: Path
    api_server: Path
    controller_manager: Path


@dataclass(frozen=True)
class NodeBinaries:
    """The programs of a node: Kubernetes' own, and those of the operating system."""

    scheduler: Path
    kubelet: Path
    containerd: Path
    ctr: Path
    busybox: Path


@dataclass(frozen=True)
class Module(abc.ABC):
    """A Go module under `tools/` with the programs built from it."""

    name: str
    packages: dict[str, str]
    """The file to build -> its main package."""

    @property
    def folder(self) -> Path:
        return TOOLS / self.name

    def version(self, dependency: str) -> str:
        """The version of a dependency that go.mod pins, e.g. `1.34.4`."""
        found = re.search(rf"\b{re.escape(dependency)} v(\S+)", (self.folder / "go.mod").read_text())
        if found is None:
            raise LookupError(f"{self.folder}/go.mod does not pin {dependency}")
        return found[1]

    @abc.abstractmethod
    def linker_flags(self) -> str:
        """What the linker writes into the programs."""

    def digest(self) -> str:
        """Names the cache folder: the same digest means the same programs."""
        parts = [(self.folder / name).read_bytes() for name in ("go.mod", "go.sum")]
        parts += [self.linker_flags().encode(), repr(sorted(self.packages.items())).encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


class KubernetesModule(Module):
    def linker_flags(self) -> str:
        """Gives the API server its version: charts check it, and without it the server says v0.0.0-master."""
        version = self.version("k8s.io/kubernetes")
        major, minor, _ = version.split(".", 2)
        package = "k8s.io/component-base/version"
        return f"-s -w -X {package}.gitVersion=v{version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"


class HelmModule(Module):
    def linker_flags(self) -> str:
        """Gives Helm its version, and the version of Kubernetes that `helm template` and `lint` assume (else 1.20)."""
        _, minor, _ = self.version("k8s.io/client-go").split(".", 2)
        package = "helm.sh/helm/v3"
        flags = ["-s -w", f"-X {package}/internal/version.version=v{self.version(package)}"]
        for part in ("pkg/chartutil", "pkg/lint/rules"):
            flags += [f"-X {package}/{part}.k8sVersionMajor=1", f"-X {package}/{part}.k8sVersionMinor={minor}"]
        return " ".join(flags)


KUBERNETES = KubernetesModule(
    "kubernetes",
    {
        "etcd": "go.etcd.io/etcd/server/v3",
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    },
)
NODE = KubernetesModule(
    "node",
    {"kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler", "kubelet": "k8s.io/kubernetes/cmd/kubelet"},
)
HELM = HelmModule("helm", {"helm": "helm.sh/helm/v3/cmd/helm"})


def control_plane() -> Binaries:
    """Find the programs of a control plane; a first call may build them for minutes.

    Raises BinariesMissing.
    """
    folder = _named(KUBERNETES) or _built(KUBERNETES)
    return Binaries(folder / "etcd", folder / "kube-apiserver", folder / "kube-controller-manager")


def node() -> NodeBinaries:
    """Find the programs of a node; a first call may build some for minutes.

    Raises BinariesMissing.
    """
    absent = [package for package, path in DEBIAN.items() if not os.access(path, os.X_OK)]
    if "busybox-static" not in absent and not _is_static(DEBIAN["busybox-static"].read_bytes()):
        absent.append("busybox-static")  # the one of another package needs libraries, which the image does not have
    if absent:
        raise BinariesMissing(f"a node with real pods needs, on Debian: apt-get install {' '.join(absent)}")
    folder = _named(NODE) or _built(NODE)
    found = [DEBIAN["containerd"], DEBIAN["containerd"].with_name("ctr"), DEBIAN["busybox-static"]]
    return NodeBinaries(folder / "kube-scheduler", folder / "kubelet", *found)


def _is_static(program: bytes) -> bool:
    """Whether a program in ELF's format for 64 bits names no interpreter that would load libraries for it."""
    headers, size, count = (*struct.unpack_from("<Q", program, 32), *struct.unpack_from("<HH", program, 54))
    kinds = (struct.unpack_from("<I", program, headers + place * size)[0] for place in range(count))
    return _INTERPRETER not in kinds


def helm() -> Path:
    """Find a Helm that is newer than those on package registries; a first call may build it for a minute.

    Raises BinariesMissing.
    """
    if named := os.environ.get(HELM_VARIABLE):
        if not os.access(named, os.X_OK):
            raise BinariesMissing(f"{HELM_VARIABLE} names {named}, which can't be executed")
        return Path(named)
    return _built(HELM) / "helm"


def _named(module: Module) -> Path | None:
    """The folder that the environment names, if it names one."""
    named = os.environ.get(ASSETS_VARIABLE)
    if not named:
        return None
    if absent := [name for name in module.packages if not os.access(Path(named) / name, os.X_OK)]:
        raise BinariesMissing(f"{ASSETS_VARIABLE} names {named}, which has no {' and no '.join(absent)}")
    return Path(named)


def _built(module: Module) -> Path:
    """The folder with a module's programs, built by whichever process comes first while the others wait."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "polyhelm" / "kubernetes" / f"{module.name}-{module.digest()}"
    if folder.is_dir():
        return folder
    _check_go(module)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _build(module, folder)
    return folder


def _build(module: Module, folder: Path) -> None:
    """Build beside the folder, then rename: a folder that is there is complete, whenever a build was killed."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as scratch:
        output = Path(scratch) / "bin"
        output.mkdir()
        for name, package in module.packages.items():
            print(f"Building {name} with Go. This happens once and takes a while.", file=sys.stderr, flush=True)
            command = ["build", "-trimpath", "-ldflags", module.linker_flags(), "-o", str(output / name), package]
            built = _run_go(module, command)
            if built.returncode != 0:
                raise BinariesMissing(f"`go build` of {package} failed: {built.stderr[-2000:].strip()}")
        output.rename(folder)


def _check_go(module: Module) -> None:
    """Ask in the module's folder, where a Go that may fetch newer toolchains answers as the one that go.mod wants."""
    remedy = (
        f"install Go {NEEDED_GO[0]}.{NEEDED_GO[1]} or newer to build {', '.join(module.packages)} "
        f"with `python -m tests.kubernetes build`, or name what you have in {{}}"
    ).format(HELM_VARIABLE if module is HELM else f"{ASSETS_VARIABLE} (a folder)")
    if shutil.which("go") is None:
        raise BinariesMissing(f"there is no Go on the PATH: {remedy}")
    asked = _run_go(module, ["env", "GOVERSION"])
    found = re.match(r"go(\d+)\.(\d+)", asked.stdout)
    if found is None or (int(found[1]), int(found[2])) < NEEDED_GO:
        raise BinariesMissing(f"Go is too old ({(asked.stdout or asked.stderr).strip()}): {remedy}")


def _run_go(module: Module, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Without cgo no C compiler is needed; a workspace of the reader's must not mix into ours."""
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    command = ["go", *arguments]
    return subprocess.run(command, cwd=module.folder, env=environment, capture_output=True, text=True, check=False)
