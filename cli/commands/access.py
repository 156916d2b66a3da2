"""`polyhelm login` and `polyhelm context`: signing in, and choosing a server."""

import socket
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from cli import contexts, names
from cli.command import failing
from cli.contexts import Context
from cli.failure import Failure, usage
from cli.output import Format, Output, fields
from cli.terminal import tell

context = typer.Typer(help="Servers that you have signed in to.", no_args_is_help=True)

ContextName = Annotated[
    str, typer.Argument(help="A context's name.", autocompletion=names.context_names, metavar="CONTEXT")
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="The output format.")]

_WHO = "{ viewer { name admin } memberships { organization role } }"


def login(
    server: Annotated[str, typer.Argument(help="The server's address.", envvar="POLYHELM_SERVER", metavar="SERVER")],
    token: Annotated[
        str | None, typer.Option(help="An API token. Prompts for it by default.", envvar="POLYHELM_TOKEN")
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user", "-u", help="Sign in with this user name and a password from a prompt. Stores a new API token."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the context.", show_default="the server's host")] = None,
    organization: Annotated[
        str | None, typer.Option(help="The default organization of the context.", envvar="POLYHELM_ORGANIZATION")
    ] = None,
) -> None:
    """Sign in to a server and make it the current context."""
    with failing():
        address = contexts.normalized(server)
        if user is not None:
            token = _token_of(address, user, _asked("Password", "password", "Type it, or pass it on standard input."))
        elif token is None:
            token = _asked("API token", "token", "Pass it with --token, in POLYHELM_TOKEN or on standard input.")
        given = Context(address, token, organization)
        who = _who(given)
        organizations = {membership["organization"]: membership["role"] for membership in who["memberships"]}
        if organization is not None and organization not in organizations:
            raise usage(
                f"{who['viewer']['name']} does not belong to an organization {organization!r}.",
                f"Name one of: {', '.join(organizations) or 'none yet'}",
            )
        name = name or urlsplit(address).netloc
        contexts.save(contexts.load().with_context(name, given))
        if contexts.is_exposed(address):
            tell("Note: plain HTTP exposes the token to the network. Prefer https://.")
        tell(f"Signed in as {who['viewer']['name']} at {address}, context {name}.")
        if len(organizations) > 1 and organization is None:
            tell(f"You belong to {', '.join(organizations)}. Choose one with --organization.")


@context.command("ls")
def ls(output: OutputOption = Format.TABLE) -> None:
    """List contexts. The current one is marked with a star."""
    with failing():
        known = contexts.load()
        rows = [_row(name, each) for name, each in known.contexts.items()]
        if not rows:
            tell(f"There are no contexts. {contexts.SIGN_IN}")
        columns = {
            "CURRENT": lambda row: "*" if row["name"] == known.current else "",
            "NAME": lambda row: row["name"],
            "SERVER": lambda row: row["server"],
            "ORGANIZATION": lambda row: row["organization"],
        }
        Output(output).listing(rows, columns, name=lambda row: str(row["name"]))


@context.command("show")
def show(
    name: Annotated[
        str | None, typer.Argument(help="Default: the current context.", autocompletion=names.context_names)
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show a context without its token."""
    with failing():
        known = contexts.load()
        name = name or known.current
        if name is None:
            raise usage("There is no current context.", contexts.SIGN_IN)
        row = _row(name, known.get(name))
        answer = Output(output)
        if answer.is_table:
            answer.text(fields({key.capitalize(): value for key, value in row.items()}))
        else:
            answer.data(row, [name])


@context.command("use")
def use(
    name: ContextName,
    organization: Annotated[str | None, typer.Option(help="Change the default organization of the context.")] = None,
) -> None:
    """Switch to a context."""
    with failing():
        known = contexts.load().using(name)
        if organization is not None:
            known = known.with_context(name, replace(known.get(name), organization=organization))
        contexts.save(known)
        tell(f"Switched to context {name}.")


@context.command("rm")
def rm(name: ContextName) -> None:
    """Delete a context and its stored token. The token stays valid; `polyhelm token revoke` revokes it."""
    with failing():
        contexts.save(contexts.load().without(name))
        tell(f"Context {name} deleted.")


def _asked(prompt: str, what: str, next_step: str) -> str:
    """Reads a secret without showing it."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True, err=True)).strip()
    answer = sys.stdin.readline().strip()
    if not answer:
        raise usage(f"No {what} was given.", next_step)
    return answer


def _token_of(server: str, user: str, password: str) -> str:
    """Creates an API token of the user for this machine, and replaces its previous one."""
    from cli.client import Client

    client = Client(server, None)
    name = f"polyhelm login on {socket.gethostname()}"[:100]
    try:
        client.mutate("signIn", "", {"name": user, "password": password})
        with suppress(Failure):
            client.mutate("revokeApiToken", "", {"name": name})
        made = client.mutate("createApiToken", "... on ApiTokenPayload { token }", {"name": name})
        client.mutate("signOut", "", {})
        return str(made["token"])
    finally:
        client.close()


def _who(given: Context) -> Any:
    from cli.client import Client

    client = Client(given.server, given.token)
    try:
        who = client.ask(_WHO, {})
    finally:
        client.close()
    if who["viewer"] is None:
        raise Failure(f"{given.server} does not accept the token.", "It may have been revoked. Ask for another one.")
    return who


def _row(name: str, context: Context) -> dict[str, str | None]:
    return {"name": name, "server": context.server, "organization": context.organization}
