"""Encrypted data that was changed in the database is not used."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from app.core.encryption import TamperedError
from app.tables.clusters import Cluster
from simulator import Member
from tests.stack import Stack, eventually


async def test_a_swapped_ciphertext_is_not_used_and_reported_to_administrators(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    for name in ("paris", "berlin"):
        await quiet.register(name, simulated(name).kubeconfig)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(
            text(
                "UPDATE cluster SET credentials = (SELECT credentials FROM cluster WHERE name = 'berlin')"
                " WHERE name = 'paris'"
            )
        )
    async with quiet.services.database.reading() as session:
        paris = (await session.exec(select(Cluster).where(Cluster.name == "paris"))).one()
    for _ in range(3):
        with pytest.raises(TamperedError):
            quiet.services.members.of(paris)
    query = '{ events(installation: true, kinds: ["encryption"]) { nodes { kind message origin { outcome } data } } }'

    async def told() -> Any:
        return (await quiet.data(query))["events"]["nodes"]

    assert await eventually(told) == [
        {
            "kind": "encryption.tampered",
            "message": f"The encrypted data of cluster:{paris.id} was changed in the database, or belongs to another"
            " row. It was not used.",
            "origin": {"outcome": "REFUSED"},
            "data": {"row": f"cluster:{paris.id}"},
        }
    ]
