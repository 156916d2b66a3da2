"""The request of a promotion."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.commands.deployments import find_deployment
from cli.session import Session

Unverified = Annotated[
    bool,
    typer.Option("--unverified", help="Promote the generation although it is not known to work on all its clusters."),
]


def promotion(
    session: Session, source: str, to: str, generation: int | None, unverified: bool, removable: Sequence[str]
) -> dict[str, Any]:
    """Returns the input that promotes a deployment to another one, if that is not changed in the meantime.

    Raises:
        Failure: One of them does not exist.
    """
    destination = find_deployment(session, to)
    given = {
        "id": destination["id"],
        "expectedGeneration": destination["generation"],
        "source": find_deployment(session, source)["id"],
        "generation": generation,
        "unverified": unverified,
    }
    return given | ({"allowCrdVersionRemoval": list(removable)} if removable else {})
