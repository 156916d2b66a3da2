"""Attempts of callers who are not signed in are counted, and reported together."""

from typing import Any

import pytest
from sqlmodel import col, select

from app.tables.events import Event
from tests.identity.asking import NOWHERE, asked, filled
from tests.identity.test_permissions import MINIMAL, OPEN
from tests.stack import Stack, eventually


async def test_callers_who_are_not_signed_in_are_counted_and_leave_one_event(quiet: Stack) -> None:
    for _ in range(2):
        for mutation, given in MINIMAL.items():
            answer = await asked(quiet, mutation, filled(given, NOWHERE), None)
            assert "errors" in answer or answer["data"][mutation]["code"] == OPEN[mutation]
    before = await quiet.services.database.rows(select(Event.position).where(col(Event.organization_id).is_(None)))
    assert before == []
    await quiet.services.anonymous_attempts.close()
    query = "{ events(installation: true) { nodes { kind message data origin { outcome given } } } }"
    (event,) = (await quiet.data(query))["events"]["nodes"]
    count = 2 * len(MINIMAL)
    assert event["kind"] == "mutation.refused"
    assert event["message"] == f"{count} attempts of callers who are not signed in were refused."
    assert event["origin"] == {"outcome": "REFUSED", "given": None}
    told = event["data"]
    assert (told["count"], sum(told["attempts"].values()), told["addresses"]) == (count, count, {"127.0.0.1": count})
    assert len(told["attempts"]) <= 21


async def test_the_event_about_anonymous_callers_comes_within_a_minute_and_from_no_request(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.events.anonymous_attempts._EVERY_SECONDS", 0.01)
    await asked(quiet, "createClusterGroup", {"name": "edge", "members": []}, None)
    query = "{ events(installation: true) { nodes { origin { mutation address requestId } } } }"
    nowhere = {"origin": {"mutation": None, "address": None, "requestId": None}}

    async def told() -> Any:
        return (await quiet.data(query))["events"]["nodes"]

    assert await eventually(told) == [nowhere]
