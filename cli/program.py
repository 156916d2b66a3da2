"""All commands over the API, added to a program."""

import typer

from cli.command import Commands, remote
from cli.commands import access, apply, completion, fleet, reconciliation
from cli.commands.charts import chart
from cli.commands.clusters import cluster
from cli.commands.deployments import deploy
from cli.commands.groups import group
from cli.commands.repositories import repo
from cli.commands.roles import role
from cli.commands.secrets import secret
from cli.commands.tokens import token
from cli.commands.users import user

assert apply  # it adds its commands to those of `deploy`


def add_commands(program: typer.Typer) -> None:
    completion.prepare()
    program.command("login")(access.login)
    program.add_typer(access.context, name="context", cls=Commands)
    remote(program, "status")(fleet.status)
    remote(program, "events")(fleet.events)
    remote(program, "reconcile")(reconciliation.reconcile)
    for name, commands in (
        ("deploy", deploy),
        ("cluster", cluster),
        ("group", group),
        ("repo", repo),
        ("chart", chart),
        ("secret", secret),
        ("role", role),
        ("token", token),
        ("user", user),
    ):
        program.add_typer(commands, name=name, cls=Commands)
    program.command("completion")(completion.completion)
