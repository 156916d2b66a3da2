"""Hostile inputs of every kind: the readers by themselves, and a short run of `python -m tests.hostile.fuzzing`."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from app.charts.index import read_index
from app.clusters.changes import read_changes
from app.core.errors import TemporaryError, ValidationFailed
from app.releases.manifest import MAX_OBJECTS, objects_in, shown
from app.releases.record import UnreadableRecordError, marked_failed, marked_superseded, next_revision, read_record
from app.releases.scrubbing import Scrubber
from app.tables.columns import now
from simulator import Simulator
from tests.hostile.fuzzing import Report, fuzzing
from tests.hostile.inputs import CHANGES, INDEXES, MANIFESTS, RECORDS
from tests.stack import Stack

ALWAYS_THE_SAME = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
LATE = 30.0
"""Seconds after which another organization's change is late, on a machine that does many other things as well."""


def kept(value: Any) -> str:
    """As Postgres keeps it: valid Unicode, without U+0000."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in text
    return text.encode().decode()


@ALWAYS_THE_SAME
@given(RECORDS)
def test_a_record_is_read_as_what_can_be_kept_or_is_unreadable(secret: dict[str, Any]) -> None:
    try:
        found = read_record(secret)
    except UnreadableRecordError as error:
        kept(str(error))
    else:
        kept([found.name, found.namespace, found.status, found.chart_name, found.chart_version, found.values])
        kept([found.app_version, found.description])
        assert 0 < found.revision < 2**31
        assert found.digest
    held = {**secret, "metadata": secret["metadata"] | {"resourceVersion": "1"}}
    for write in (marked_failed, marked_superseded, partial(next_revision, rewrite=str, description="", moment=now())):
        try:
            kept(write(held))
        except UnreadableRecordError as error:
            kept(str(error))


@ALWAYS_THE_SAME
@given(INDEXES)
def test_an_index_is_read_as_offers_that_can_be_kept_or_is_refused(content: bytes) -> None:
    try:
        offers = read_index(content, "https://example.com/charts/")
    except ValidationFailed as error:
        assert error.code == "repository_malformed"  # noqa: PT017
        return
    for offer in offers:
        kept([offer.name, offer.version, offer.app_version, offer.description, offer.url, offer.digest])
        assert max(len(offer.name), len(offer.version)) <= 250


@ALWAYS_THE_SAME
@given(MANIFESTS)
def test_a_manifest_is_shown_and_its_objects_are_listed_whatever_it_is(manifest: str) -> None:
    shown(manifest, Scrubber(["a secret of somebody"]))
    assert len(objects_in(manifest, "default")) <= MAX_OBJECTS


@ALWAYS_THE_SAME
@given(CHANGES)
def test_a_change_is_read_as_what_can_be_looked_up_or_ends_the_watch(line: bytes) -> None:
    try:
        changes = list(read_changes(line))
    except TemporaryError as error:
        kept(error.message)
        return
    for change in changes:
        assert 0 <= change.version < 2**63
        for name in change.unclear or ():
            assert 0 < len(kept(name)) <= 255


async def test_hostile_input_of_one_organization_is_reported_and_does_not_delay_another(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulator: Simulator, pytestconfig: pytest.Config
) -> None:
    """`--seed` repeats the inputs."""
    from_seed = pytestconfig.getoption("seed")
    report = Report(from_seed)
    began = time.monotonic()
    async with fuzzing(new_stack, simulator, report) as fuzzer:
        await fuzzer.round(from_seed)
    print(report, f"in {time.monotonic() - began:.1f} s", report.answers)
    assert report.problems == []
    assert min(report.given.values()) > 0
    assert report.waits
    assert max(report.waits) < LATE
