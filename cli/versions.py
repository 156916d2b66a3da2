"""Warns once if the server is older or newer than this program. The version is requested once a day, so that
commands stay fast."""

import json
import os
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.failure import Failure
from cli.terminal import tell

if TYPE_CHECKING:
    from cli.client import Client

_DAY = 86_400.0


def own() -> str:
    return version("polyhelm")


def compare(client: "Client", *, quiet: bool) -> None:
    """Does nothing if the version was requested today. Other problems with the server are reported by the command
    itself."""
    known = _known()
    entry = known.get(client.server, {})
    if quiet or time.time() - entry.get("asked", 0) < _DAY:
        return
    try:
        found = client.ask("{ version }", {})["version"]
    except Failure as failure:
        if failure.kind is not None or "version" not in failure.message:
            return
        found = None  # it does not have this field
    reported = (own(), found)
    if found != own() and entry.get("reported") != list(reported):
        tell(difference(found))
    _remember(known | {client.server: {"asked": time.time(), "reported": reported}})


def difference(server: str | None) -> str:
    """Returns the note about a server of another version. None stands for servers without the field `version`."""
    import semver

    mine = own()
    if server is None or semver.Version.parse(server) < semver.Version.parse(mine):
        return (
            f"Note: this polyhelm is {mine}, the server is older ({server or 'unknown version'}). Some commands may"
            " not work with it. Update the server, or install the matching version of polyhelm."
        )
    return f"Note: this polyhelm is {mine}, the server is newer ({server}). Update it: pip install polyhelm=={server}"


def _path() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "polyhelm" / "servers.json"


def _known() -> dict[str, Any]:
    try:
        known = json.loads(_path().read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(known: dict[str, Any]) -> None:
    with suppress(OSError):  # it is requested again the next time
        _path().parent.mkdir(parents=True, exist_ok=True)
        _path().write_text(json.dumps(known))
