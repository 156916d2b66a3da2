"""The command line knows the enums of the API, although it imports nothing of the server."""

from enum import Enum

import pytest

from app.drift.states import DriftState
from app.health import health
from app.releases.status import TargetStatus
from app.rollouts.windows import OverrideRole, WindowKind
from app.tables import identity
from app.tables.secrets import SecretKind
from cli import command
from cli.commands import deployments, resources, secrets, windows


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        (command.Role, identity.Role),
        (deployments.Status, TargetStatus),
        (resources.Health, health.Health),
        (secrets.Kind, SecretKind),
        (windows.Kind, WindowKind),
        (windows.OverrideRole, OverrideRole),
    ],
    ids=["roles", "statuses", "healths", "kinds of secrets", "kinds of windows", "override roles"],
)
def test_the_command_line_offers_every_member_of_an_enum(offered: type[Enum], known: type[Enum]) -> None:
    assert set(offered.__members__) == set(known.__members__)


def test_the_command_line_offers_the_states_of_drift_that_an_object_can_have() -> None:
    assert set(resources.Drift.__members__) == set(DriftState.__members__) - {"OFF", "CONTESTED"}
