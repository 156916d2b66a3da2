"""The context of every command that talks to a server: the client, the output and the terminal."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cli import versions
from cli.contexts import Context, choose
from cli.failure import Failure
from cli.output import Output
from cli.summary import MANY
from cli.terminal import tell

if TYPE_CHECKING:
    from cli.client import Client


class Session:
    def __init__(
        self,
        *,
        output: Output,
        quiet: bool,
        verbose: bool = False,
        context: str | None = None,
        server: str | None = None,
        token: str | None = None,
        organization: str | None = None,
    ) -> None:
        self.output = output
        self.quiet = quiet
        self.verbose = verbose
        self._given = (context, server, token, organization)

    @cached_property
    def context(self) -> Context:
        return choose(*self._given)

    @property
    def named_organization(self) -> str | None:
        """The organization that was given by option or environment, not that of the context."""
        return self._given[-1]

    @property
    def organization(self) -> str | None:
        return self.context.organization

    @cached_property
    def client(self) -> "Client":
        from cli.client import Client

        client = Client(self.context.server, self.context.token)
        versions.compare(client, quiet=self.quiet)
        return client

    def ask(self, document: str, **variables: Any) -> Any:
        """Returns the data of a query. Its variables include the organization if the query declares one."""
        return self.client.ask(document, self._variables(document, variables))

    def pages(
        self,
        document: str,
        *,
        most: int | None = None,
        size: int | None = None,
        at: Sequence[str] = (),
        **variables: Any,
    ) -> Iterator[Any]:
        return self.client.pages(document, self._variables(document, variables), most=most, size=size, at=at)

    def mutate(self, mutation: str, payload: str = "", /, **given: Any) -> Any:
        return self.client.mutate(mutation, payload, given)

    def tell(self, text: str) -> None:
        """Prints a message that is not the answer itself, except with --quiet."""
        tell(text, quiet=self.quiet)

    def tell_wait(self, doing: str, clusters: int) -> None:
        """Prints what is in progress, if many clusters make it slow."""
        if clusters > MANY:
            self.tell(f"{doing} on {clusters} clusters...")

    def tell_none(self, begin: str, *narrowed: object) -> None:
        """Prints that a list is empty: that nothing matches the filter, or else how to start."""
        self.tell("Nothing matches." if any(narrowed) else begin)

    def find(self, document: str, missing: str, next_step: str, **variables: Any) -> Any:
        """Returns the object that a query asks for.

        Raises:
            Failure: It does not exist, with the message `missing`.
        """
        (found,) = self.ask(document, **variables).values()
        if found is None:
            raise Failure(missing, next_step)
        return found

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()

    def _variables(self, document: str, given: dict[str, Any]) -> dict[str, Any]:
        return given | ({"organization": self.organization} if "$organization" in document else {})
