"""Chooses the Helm binary: the configured one, else one on the PATH that is new enough, else the one that is installed
with Polyhelm."""

import re
import shutil
import subprocess
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, total_ordering
from pathlib import Path

_VULNERABILITIES = {
    "CVE-2025-53547": "3.18.4",  # `helm dependency update` writes through a symbolic link Chart.lock
    "CVE-2026-35206": "3.20.2",  # unpacking a chart can write outside of its folder
}
"""Vulnerabilities of Helm 3, and the release that fixed each."""
OLDEST_ON_PATH = "3.18.4"
"""The oldest Helm on the PATH that is used."""
OLDEST_WITHOUT_WARNING = "3.20.2"


class HelmMissingError(Exception):
    """There is no usable Helm. The message states how to get one."""


@total_ordering
@dataclass(frozen=True)
class HelmVersion:
    text: str

    @property
    def _parts(self) -> tuple[int, ...]:
        match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.text)
        return tuple(map(int, match.groups())) if match else (0, 0, 0)

    def __lt__(self, other: "HelmVersion") -> bool:
        return self._parts < other._parts

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class HelmBinary:
    path: Path
    version: HelmVersion
    chosen_because: str

    @property
    def warning(self) -> str | None:
        if self.version >= HelmVersion(OLDEST_WITHOUT_WARNING):
            return None
        known = ", ".join(cve for cve, fixed in _VULNERABILITIES.items() if self.version < HelmVersion(fixed))
        return (
            f"Helm {self.version} has known vulnerabilities ({known}). Polyhelm checks every chart itself, never"
            " unpacks one with Helm and never runs `helm dependency update`, so it is not affected. To remove"
            f" them, put Helm {OLDEST_WITHOUT_WARNING} or newer on the PATH, or name one in POLYHELM_HELM."
        )


def find_helm(named: Path | None) -> HelmBinary:
    """Finds Helm. Runs `helm version` once for each path, so call it only at start.

    Raises:
        HelmMissingError: if the configured Helm does not run, or there is none at all.
    """
    if named is not None:
        return HelmBinary(named, _version(named), "POLYHELM_HELM names it")
    along = Path(sysconfig.get_path("scripts")) / "helm"
    on_path = shutil.which("helm")
    if on_path and Path(on_path).resolve() != along.resolve():
        with suppress(HelmMissingError):
            version = _version(Path(on_path))
            if version >= HelmVersion(OLDEST_ON_PATH):
                return HelmBinary(Path(on_path), version, "it is the first on the PATH")
    if along.exists():
        return HelmBinary(along, _version(along), f"the PATH has no Helm from {OLDEST_ON_PATH}; this one is bundled")
    raise HelmMissingError(
        f"No Helm was found. Put Helm {OLDEST_WITHOUT_WARNING} or newer on the PATH, or name one in POLYHELM_HELM."
    )


@cache
def _version(path: Path) -> HelmVersion:
    try:
        done = subprocess.run(
            [str(path), "version", "--template", "{{.Version}}"], capture_output=True, timeout=30, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise HelmMissingError(f"{path} does not run as Helm: {error}. Name another one in POLYHELM_HELM.") from error
    return HelmVersion(done.stdout.strip().removeprefix("v"))
