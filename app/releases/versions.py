"""Orders and selects versions by the rules of semantic versioning."""

from collections.abc import Iterable
from typing import Any

from semver import Version

from app.releases.canonical import plain_version, same_version


def parsed(version: str) -> Version | None:
    """Parses a version as leniently as Helm does (`1.2` is 1.2.0). Returns None if it is not a semantic version."""
    try:
        return Version.parse(plain_version(version), optional_minor_and_patch=True)
    except ValueError:
        return None


def precedence(version: Version) -> tuple[Any, ...]:
    """A key that orders versions: 1.10.0 after 1.9.0, and 1.0.0-rc.1 before 1.0.0. Build metadata does not count."""
    major, minor, patch = version.major, version.minor, version.patch
    if not version.prerelease:
        return major, minor, patch, (1,)
    parts = version.prerelease.split(".")
    return major, minor, patch, (0, *((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts))


def newest_stable(versions: Iterable[str]) -> str | None:
    """Returns the newest version that is not a pre-release, as it is written, or None."""
    stable = [(found, text) for text in versions if (found := parsed(text)) is not None and not found.prerelease]
    return max(stable)[1] if stable else None


def find(versions: Iterable[str], wanted: str) -> str | None:
    """Returns the version that equals the wanted one, as it is written: `v1.0.0` and `1.0.0` are equal."""
    return next((version for version in versions if same_version(version, wanted)), None)


def newest_first(versions: Iterable[str]) -> list[str]:
    """Returns all versions, newest first. Those that are not semantic versions come last."""
    lowest = Version(0, 0, 0, prerelease="0")
    return sorted(versions, key=lambda text: (parsed(text) is not None, parsed(text) or lowest, text), reverse=True)
