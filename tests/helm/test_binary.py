"""Which Helm is used, by scripts that say they are one."""

import sysconfig
from pathlib import Path

import pytest

from app.helm.binary import HelmBinary, HelmMissingError, HelmVersion, find_helm


@pytest.fixture
def along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the Helm that is installed along would be; the PATH has nothing else."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    real = sysconfig.get_path
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(scripts) if name == "scripts" else real(name))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return scripts / "helm"


def make(path: Path, version: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n[ \"$1\" = version ] && echo '{version}'\n")
    path.chmod(0o755)
    return path


def test_the_configured_helm_is_used_whatever_its_version(along: Path, tmp_path: Path) -> None:
    make(along, "v3.17.3")
    make(tmp_path / "bin" / "helm", "v3.22.0")
    named = make(tmp_path / "named", "v3.9.0")
    assert find_helm(named) == HelmBinary(named, HelmVersion("3.9.0"), "POLYHELM_HELM names it")


@pytest.mark.parametrize("version", ["3.18.4", "3.18.10", "3.22.0", "4.0.0", "3.19.0+gabc"])
def test_without_a_configured_helm_a_new_one_on_the_path_is_used(along: Path, tmp_path: Path, version: str) -> None:
    make(along, "v3.17.3")
    on_path = make(tmp_path / "bin" / "helm", f"v{version}")
    assert find_helm(None) == HelmBinary(on_path, HelmVersion(version), "it is the first on the PATH")


@pytest.mark.parametrize("version", ["v3.18.3", "v3.9.9", "v2.17.0", "no version"])
def test_an_old_helm_on_the_path_is_not_used(along: Path, tmp_path: Path, version: str) -> None:
    make(along, "v3.17.3")
    make(tmp_path / "bin" / "helm", version)
    assert find_helm(None) == HelmBinary(
        along, HelmVersion("3.17.3"), "the PATH has no Helm from 3.18.4; this one is bundled"
    )


def test_the_packaged_helm_is_used_if_the_path_has_none(along: Path) -> None:
    make(along, "v3.17.3")
    assert find_helm(None).path == along


def test_the_packaged_helm_may_be_the_one_on_the_path(along: Path, tmp_path: Path) -> None:
    make(along, "v3.17.3")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "helm").symlink_to(along)
    assert find_helm(None).path == along


def test_a_broken_helm_on_the_path_is_not_used(along: Path, tmp_path: Path) -> None:
    make(along, "v3.17.3")
    broken = make(tmp_path / "bin" / "helm", "v3.22.0")
    broken.write_text("#!/bin/sh\nexit 1\n")
    assert find_helm(None).path == along


def test_a_missing_helm_is_an_error_that_says_how_to_install_it(along: Path) -> None:
    with pytest.raises(HelmMissingError) as caught:
        find_helm(None)
    assert str(caught.value) == (
        "No Helm was found. Put Helm 3.20.2 or newer on the PATH, or name one in POLYHELM_HELM."
    )


@pytest.mark.parametrize("content", [None, "#!/bin/sh\nexit 3\n", "no program"])
def test_a_configured_helm_that_does_not_run_is_an_error_with_its_path(
    along: Path, tmp_path: Path, content: str | None
) -> None:
    make(along, "v3.17.3")
    named = tmp_path / "named"
    if content is not None:
        named.write_text(content)
        named.chmod(0o755)
    with pytest.raises(
        HelmMissingError, match=rf"^{named} does not run as Helm: .* Name another one in POLYHELM_HELM\.$"
    ):
        find_helm(named)


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("3.17.3", "CVE-2025-53547, CVE-2026-35206"),
        ("3.18.4", "CVE-2026-35206"),
        ("3.20.1", "CVE-2026-35206"),
        ("3.20.2", None),
        ("3.22.0", None),
        ("4.0.0", None),
    ],
)
def test_the_warning_names_the_vulnerabilities_of_the_version(version: str, known: str | None) -> None:
    warning = HelmBinary(Path("helm"), HelmVersion(version), "").warning
    assert (warning is None) == (known is None)
    assert warning is None or warning.startswith(f"Helm {version} has known vulnerabilities ({known}).")


def test_versions_are_compared_as_numbers() -> None:
    assert HelmVersion("3.9.0") < HelmVersion("3.10.0") < HelmVersion("v3.10.1") < HelmVersion("4.0.0-rc.1")
    assert HelmVersion("noise") < HelmVersion("0.0.1")
