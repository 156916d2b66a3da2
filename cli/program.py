"""Adds all commands over the API to a program, and ends a program."""

import os
import signal
import sys

import typer

from cli.command import Commands, remote
from cli.commands import (
    access,
    apply,
    compatibility,
    completion,
    differences,
    fleet,
    live,
    promotions,
    reconciliation,
    values,
)
from cli.commands.charts import chart
from cli.commands.clusters import cluster
from cli.commands.deployments import deploy
from cli.commands.drift import drift
from cli.commands.groups import group
from cli.commands.health_rules import health_rules
from cli.commands.ignore_rules import ignore_rules
from cli.commands.operations import operation
from cli.commands.plans import plan, plans
from cli.commands.repositories import repo
from cli.commands.resources import resources
from cli.commands.roles import role
from cli.commands.rollouts import rollout
from cli.commands.schedules import schedule
from cli.commands.secrets import secret
from cli.commands.services import service
from cli.commands.step_definitions import step
from cli.commands.tokens import token
from cli.commands.users import user
from cli.commands.windows import window
from cli.commands.workflows import workflow

assert apply and differences and promotions and values  # they add their commands to `deploy`


def run(program: typer.Typer) -> None:
    """Runs a program. If the reader of its output stops early (`| head`), it exits quietly with SIGPIPE, like other
    programs."""
    try:
        program()
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            _end_by_pipe()
        raise
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _end_by_pipe()


def _end_by_pipe() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)


def add_commands(program: typer.Typer) -> None:
    completion.prepare()
    program.command("login")(access.login)
    program.add_typer(access.context, name="context", cls=Commands)
    remote(program, "status")(fleet.status)
    remote(program, "resources")(resources)
    remote(program, "drift")(drift)
    remote(program, "tree")(live.tree)
    remote(program, "describe")(live.describe)
    remote(program, "logs")(live.logs)
    remote(program, "events")(fleet.events)
    remote(program, "compatibility")(compatibility.compatibility)
    remote(program, "reconcile")(reconciliation.reconcile)
    remote(program, "plan", markdown=True)(plan)
    for name, commands in (
        ("deploy", deploy),
        ("plans", plans),
        ("rollout", rollout),
        ("operation", operation),
        ("cluster", cluster),
        ("group", group),
        ("repo", repo),
        ("chart", chart),
        ("secret", secret),
        ("window", window),
        ("workflow", workflow),
        ("schedule", schedule),
        ("step", step),
        ("service", service),
        ("health-rules", health_rules),
        ("ignore-rules", ignore_rules),
        ("role", role),
        ("token", token),
        ("user", user),
    ):
        program.add_typer(commands, name=name, cls=Commands)
    program.command("completion")(completion.completion)
