"""Frozen objects that are read from columns."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, cast

import pytest
from sqlalchemy import RowMapping
from sqlmodel import col

from app.core.facts import columns_of, fact, read
from app.tables.clusters import Cluster


@dataclass(frozen=True, slots=True)
class Place:
    name: str = fact(col(Cluster.name))
    has_region: bool = fact(col(Cluster.region).is_not(None))


def row(given: Mapping[str, Any]) -> RowMapping:
    return cast(RowMapping, given)


def test_each_field_selects_its_column_by_its_own_name() -> None:
    assert [column.name for column in columns_of(Place)] == ["name", "has_region"]
    assert [str(column.element) for column in columns_of(Place)] == ["cluster.name", "cluster.region IS NOT NULL"]


def test_facts_are_read_by_name_in_any_order_beside_other_columns_and_never_change() -> None:
    [place] = read(Place, [row({"other": 1, "has_region": True, "name": "paris"})])
    assert (place.name, place.has_region) == ("paris", True)
    with pytest.raises(FrozenInstanceError):
        place.name = "berlin"  # type: ignore[misc]


def test_a_field_without_a_column_is_refused() -> None:
    @dataclass(frozen=True)
    class Forgotten:
        region: str
        name: str = fact(col(Cluster.name))

    with pytest.raises(KeyError):
        columns_of(Forgotten)
    with pytest.raises(KeyError):
        read(Place, [row({"name": "paris"})])
