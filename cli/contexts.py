"""Contexts: the servers that the user has signed in to, by name, in a file that only its owner can read."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from cli.failure import Failure, usage

SIGN_IN = "Sign in: polyhelm login SERVER"


@dataclass(frozen=True)
class Context:
    """One server, with the user's token and default organization there."""

    server: str
    token: str
    organization: str | None = None


@dataclass(frozen=True)
class Contexts:
    """All contexts. `current` is the name of the default one."""

    current: str | None = None
    contexts: dict[str, Context] = field(default_factory=dict)

    def with_context(self, name: str, context: Context) -> "Contexts":
        """Returns the contexts with an additional one, which becomes the current one."""
        return Contexts(name, self.contexts | {name: context})

    def using(self, name: str) -> "Contexts":
        return replace(self, current=self._known(name))

    def without(self, name: str) -> "Contexts":
        rest = {other: context for other, context in self.contexts.items() if other != self._known(name)}
        return Contexts(None if self.current == name else self.current, rest)

    def get(self, name: str) -> Context:
        return self.contexts[self._known(name)]

    def _known(self, name: str) -> str:
        if name not in self.contexts:
            raise Failure(f"There is no context {name!r}.", "List contexts: polyhelm context ls")
        return name


def path() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "polyhelm" / "contexts.json"


def load() -> Contexts:
    try:
        stored = json.loads(path().read_text())
        contexts = {name: Context(**context) for name, context in stored["contexts"].items()}
        return Contexts(stored["current"], contexts)
    except FileNotFoundError:
        return Contexts()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(f"{path()} cannot be read: {error}", "Fix or remove the file, and sign in again.") from None


def save(contexts: Contexts) -> None:
    """Writes the file atomically, so that concurrent readers see the old or the new contexts. Only the owner can
    read it."""
    path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path().parent, prefix=".contexts-")  # with mode 0600
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(contexts), file, indent=2)
        file.write("\n")
    Path(draft).replace(path())


def choose(name: str | None, server: str | None, token: str | None, organization: str | None) -> Context:
    """Returns the connection of a command: from its options, or else from the named or the current context.

    A token is only sent to its own server. A server that is named without a token uses the token of a context for it,
    or none.
    """
    contexts = load()
    name = name or contexts.current
    stored = contexts.get(name) if name and not (server and token) else None
    if server is not None:
        server = normalized(server)
        if stored is None or stored.server != server:
            stored = next((context for context in contexts.contexts.values() if context.server == server), None)
    if server is None:
        if stored is None:
            raise usage("No server configured.", SIGN_IN)
        server = stored.server
    token = token or (stored.token if stored else None)
    if token is None:
        raise usage(f"There is no token for {server}.", f"Sign in: polyhelm login {server}")
    return Context(server, token, organization or (stored.organization if stored else None))


def is_exposed(server: str) -> bool:
    """Returns whether the token would be sent without encryption."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    return parts.scheme == "http" and host not in ("localhost", "::1") and not host.startswith("127.")


def normalized(server: str) -> str:
    """Returns a server's address without its common parts."""
    parts = urlsplit(server if "://" in server else f"https://{server}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise usage(f"{server!r} is not a valid server address.", "Use an address such as https://polyhelm.example.com")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/").removesuffix("/graphql")
