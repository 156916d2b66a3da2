"""Commands that talk to a server. They share options and report errors in the same way."""

import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer._click.exceptions import UsageError
from typer.core import TyperCommand, TyperGroup

from cli import names
from cli.failure import FAILED, NOT_CONVERGED, Failure
from cli.output import Format, Output
from cli.session import Session
from cli.terminal import tell

_PANEL = "Server and output"

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit with 2 if there are changes, 0 if there are none, and 1 on an error.")
]
ConfirmRemoval = Annotated[
    int | None,
    typer.Option(
        help=("The exact number of clusters that are removed. Required to remove all, or more than the server allows."),
        metavar="NUMBER",
    ),
]
AllowVersionRemoval = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-crd-version-removal",
        help=(
            "Allow this change to remove versions that are in use from this CustomResourceDefinition; repeatable."
            " For crdPolicy CREATE_REPLACE."
        ),
        metavar="NAME",
    ),
]
AtOnce = Annotated[
    bool,
    typer.Option("--at-once", help="Ignore the rollout strategy for this change; the stored strategy is not changed."),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Exit once the request is accepted, without waiting for the result.")
]
Timeout = Annotated[float, typer.Option(help="How many seconds to wait. Exits with 3 on a timeout.", min=0)]
ClusterName = Annotated[str, typer.Argument(help="A cluster's name.", autocompletion=names.clusters, metavar="CLUSTER")]
GroupName = Annotated[str, typer.Argument(help="A group's name.", autocompletion=names.groups, metavar="GROUP")]
DeploymentName = Annotated[
    str,
    typer.Argument(help="A deployment.", autocompletion=names.deployments, metavar="GROUP/RELEASE"),
]


class Role(StrEnum):
    VIEWER = "viewer"
    APPROVER = "approver"
    DEPLOYER = "deployer"
    ADMIN = "admin"


def _shared(
    output: Annotated[
        Format,
        typer.Option(
            "--output", "-o", help="The output format. Plans can be printed as `markdown`, too.", rich_help_panel=_PANEL
        ),
    ] = Format.TABLE,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the result and errors.", rich_help_panel=_PANEL)
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="List every cluster instead of summaries.", rich_help_panel=_PANEL),
    ] = False,
    context: Annotated[
        str | None,
        typer.Option(
            help="The context to use.",
            envvar="POLYHELM_CONTEXT",
            autocompletion=names.context_names,
            show_default="the current one",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option(help="The server's address.", envvar="POLYHELM_SERVER", rich_help_panel=_PANEL)
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="The API token.", envvar="POLYHELM_TOKEN", rich_help_panel=_PANEL)
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(help="The organization.", envvar="POLYHELM_ORGANIZATION", rich_help_panel=_PANEL),
    ] = None,
) -> Session:
    return Session(
        output=Output(output),
        quiet=quiet,
        verbose=verbose,
        context=context,
        server=server,
        token=token,
        organization=organization,
    )


_PLAIN = StrEnum("Format", {form.name: form.value for form in Format if form is not Format.MARKDOWN})  # type: ignore[misc]
_SHARED = list(inspect.signature(_shared, eval_str=True).parameters.values())
_SHARED_NAMES = {parameter.name for parameter in _SHARED}


def _names(parameter: inspect.Parameter) -> list[str]:
    (option,) = parameter.annotation.__metadata__
    return [*option.param_decls] or [f"--{parameter.name}"]


_IS_FLAG = {name: parameter.annotation.__origin__ is bool for parameter in _SHARED for name in _names(parameter)}
"""All names of the shared options, and whether each is a flag."""


class Commands(TyperGroup):
    """Moves shared options that precede the name of a command behind it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _moved(args))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        with _usage_errors(args):
            return super().resolve_command(ctx, args)


class OneCommand(TyperCommand):
    """A command that accepts each of its own options once, unless the option is repeatable. Otherwise one of two
    would be ignored."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _usage_errors(args):
            _, _, given = self.make_parser(ctx).parse_args(args=list(args))
            option: Any
            for option in given:
                is_own = option.param_type_name == "option" and option.name not in _SHARED_NAMES
                if is_own and not (option.multiple or option.is_flag) and given.count(option) > 1:
                    raise UsageError(f"{option.opts[0]} is given twice. It takes one value.", ctx)
            return super().parse_args(ctx, args)


class _usage_errors:  # noqa: N801 - it is written as a phrase: with _usage_errors(args)
    """With --exit-code, 2 means that something differs, so usage errors exit with 1."""

    def __init__(self, args: list[str]) -> None:
        self._args = args

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UsageError) and "--exit-code" in self._args:
            error.exit_code = FAILED


def _moved(args: list[str]) -> list[str]:
    """Returns the arguments with leading shared options moved behind the following word."""
    shared: list[str] = []
    own: list[str] = []
    at = 0
    while at < len(args) and args[at].startswith("-"):
        name, has_value = _named(args[at])
        end = at + (1 if has_value or _IS_FLAG.get(name, True) else 2)
        (shared if name in _IS_FLAG else own).extend(args[at:end])
        at = end
    return [*own, args[at], *shared, *args[at + 1 :]] if at < len(args) else own


def _named(word: str) -> tuple[str, bool]:
    """Returns an option's name, and whether its value is in the same word."""
    if word.startswith("--"):
        name, equals, _ = word.partition("=")
        return name, bool(equals)
    return word[:2], len(word) > 2


def remote(
    app: typer.Typer, name: str, *, markdown: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds a command: a function of a session and its own options, to which the shared options are added. Only with
    `markdown`, it accepts Markdown as the output format."""

    def add(body: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(body, eval_str=True)
        session_parameter, *own = [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in _all(signature)]
        assert session_parameter.annotation is Session

        def command(**given: Any) -> None:
            shared = {parameter.name: given.pop(parameter.name) for parameter in _SHARED}
            session = _shared(**shared | {"output": Format(shared["output"].value)})
            with failing(has_exit_code=bool(given.get("exit_code"))):
                try:
                    body(session, **given)
                finally:
                    session.close()

        parameters = [*own, *(_keyword_only(parameter, markdown=markdown) for parameter in _SHARED)]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        command.__doc__ = body.__doc__
        app.command(name, cls=OneCommand)(command)
        return body

    return add


def _keyword_only(parameter: inspect.Parameter, *, markdown: bool) -> inspect.Parameter:
    """A shared option as a parameter of a command. Without `markdown`, --output does not offer Markdown."""
    found = parameter.replace(kind=parameter.KEYWORD_ONLY)
    if parameter.name != "output" or markdown:
        return found
    (option,) = parameter.annotation.__metadata__
    return found.replace(annotation=Annotated[_PLAIN, option], default=_PLAIN(parameter.default.value))


class failing:  # noqa: N801 - it is written as a phrase: with failing()
    """Prints a `Failure` on standard error and exits with its code. With --exit-code, all failures exit with the
    code for errors, except timeouts."""

    def __init__(self, *, has_exit_code: bool = False) -> None:
        self._has_exit_code = has_exit_code

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Failure):
            report(error)
            is_plain = error.code == NOT_CONVERGED or not self._has_exit_code
            raise typer.Exit(error.code if is_plain else FAILED) from None


def report(failure: Failure) -> None:
    tell(f"Error: {failure.message}")
    for line in failure.details:
        tell(f"  {line}")
    if failure.next_step:
        tell(f"Next: {failure.next_step}")


def _all(signature: inspect.Signature) -> list[inspect.Parameter]:
    return list(signature.parameters.values())
