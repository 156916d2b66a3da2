"""Release records, as Helm writes them and as nobody should."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases.record import UnreadableRecordError, read_record
from app.releases.release import Observed
from app.releases.storage import MAX_RECORD_BYTES
from tests.releases.strategies import documents, texts

RECORD: dict[str, Any] = {
    "name": "shop",
    "namespace": "default",
    "version": 3,
    "info": {
        "status": "deployed",
        "first_deployed": "2026-01-02T03:04:05.123456789+02:00",
        "last_deployed": "2026-01-02T03:04:05.123456789+02:00",
        "deleted": "",
        "description": "Upgrade complete",
    },
    "chart": {"metadata": {"name": "web", "version": "1.2.3", "appVersion": "9"}, "templates": []},
    "config": {"a": 1},
    "manifest": "kind: ConfigMap\n",
}


def secret(packed: bytes) -> dict[str, Any]:
    """A Secret whose data is this, in base64 as all data of Secrets is."""
    return {
        "metadata": {"name": "sh.helm.release.v1.shop.v3", "namespace": "default"},
        "type": "helm.sh/release.v1",
        "data": {"release": base64.b64encode(packed).decode()},
    }


def written(record: Any, *, zipped: bool = True) -> dict[str, Any]:
    """As Helm writes it."""
    text = json.dumps(record).encode()
    return secret(base64.b64encode(gzip.compress(text) if zipped else text))


@pytest.mark.parametrize("zipped", [True, False], ids=["gzipped", "from before Helm compressed"])
def test_a_record_is_read_as_helm_wrote_it(zipped: bool) -> None:
    assert read_record(written(RECORD, zipped=zipped)) == Observed(
        name="shop",
        namespace="default",
        revision=3,
        status="deployed",
        chart_name="web",
        chart_version="1.2.3",
        app_version="9",
        values={"a": 1},
        updated_at=datetime.fromisoformat("2026-01-02T03:04:05.123456+02:00"),
        description="Upgrade complete",
        manifest="kind: ConfigMap\n",
    )


def test_optional_fields_that_a_record_lacks_are_empty() -> None:
    least = {"name": "shop", "version": 1, "info": {"status": "failed"}}
    least["chart"] = {"metadata": {"name": "web", "version": "1"}}
    found = read_record(written(least))
    assert found == Observed("shop", "default", 1, "failed", "web", "1")
    assert (found.values, found.updated_at, found.description, found.manifest) == ({}, None, None, "")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5Z", datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)),
        ("2026-01-02T03:04:05.12345678-05:30", datetime.fromisoformat("2026-01-02T03:04:05.123456-05:30")),
    ],
)
def test_moments_are_read_with_the_digits_that_go_writes(text: str, moment: datetime | None) -> None:
    record = RECORD | {"info": RECORD["info"] | {"last_deployed": text}}
    assert read_record(written(record)).updated_at == moment


@given(
    values=documents(),
    name=texts,
    revision=st.integers(1, 10**6),
    status=st.sampled_from(["deployed", "failed", "uninstalling"]),
    zipped=st.booleans(),
)
def test_every_record_comes_back(values: Any, name: str, revision: int, status: str, zipped: bool) -> None:
    record = RECORD | {"config": values, "version": revision, "info": {"status": status}, "name": name}
    found = read_record(written(record, zipped=zipped))
    assert (found.values, found.revision, found.status, found.name) == (values, revision, status, name)


def broken() -> dict[str, dict[str, Any]]:
    whole = gzip.compress(json.dumps(RECORD).encode())
    changed = bytearray(whole)
    changed[-6] ^= 1  # in the checksum
    without = {
        key: {inner: value for inner, value in RECORD.items() if inner != key}
        for key in ("name", "version", "info", "chart")
    }
    return {
        "no data": {"metadata": {"name": "a"}},
        "data is null": {"metadata": {"name": "a"}, "data": None},
        "no release in data": {"metadata": {"name": "a"}, "data": {}},
        "release is a number": {"metadata": {"name": "a"}, "data": {"release": 1}},
        "no base64 outside": {"metadata": {"name": "a"}, "data": {"release": "abc"}},
        "not ASCII outside": {"metadata": {"name": "a"}, "data": {"release": "ü"}},
        "no base64 inside": secret(b"abc"),
        "empty": secret(b""),
        "gzip cut off": secret(base64.b64encode(whole[:-20])),
        "gzip without its checksum": secret(base64.b64encode(whole[:-4])),
        "gzip changed": secret(base64.b64encode(bytes(changed))),
        "gzip of noise": secret(base64.b64encode(b"\x1f\x8b\x08" + b"\xff" * 50)),
        "gzip's first bytes alone": secret(base64.b64encode(b"\x1f\x8b\x08")),
        "no JSON": secret(base64.b64encode(gzip.compress(b"{"))),
        "JSON of another kind": written([1]),
        "null": written(None),
        "revision is a word": written(RECORD | {"version": "three"}),
        "time is a word": written(RECORD | {"info": RECORD["info"] | {"last_deployed": "yesterday"}}),
        "info is a list": written(RECORD | {"info": []}),
        "chart is null": written(RECORD | {"chart": None}),
        "no UTF-8": secret(base64.b64encode(gzip.compress(b'{"name": "\xff"}'))),
        "too deep": secret(base64.b64encode(gzip.compress(b"[" * 100_000))),
        "values are a list": written(RECORD | {"config": [1]}),
        "values are text": written(RECORD | {"config": "a: 1"}),
        "name is a number": written(RECORD | {"name": 5}),
        "status is null": written(RECORD | {"info": {"status": None}}),
        "chart version is null": written(
            RECORD | {"chart": {"metadata": {"name": "web", "version": None}}},
        ),
        **{f"no {key}": written(record) for key, record in without.items()},
    }


@pytest.mark.parametrize("case", sorted(broken()))
def test_data_that_is_not_a_record_is_unreadable(case: str) -> None:
    name = broken()[case]["metadata"]["name"]
    with pytest.raises(UnreadableRecordError, match=rf"^Secret {name} holds no Helm release that can be read: "):
        read_record(broken()[case])


def test_a_record_that_unpacks_to_too_much_is_refused_before_it_does() -> None:
    bomb = gzip.compress(b" " * (MAX_RECORD_BYTES + 1), compresslevel=1)
    assert len(bomb) < 2**20
    with pytest.raises(UnreadableRecordError, match=rf"it unpacks to more than {MAX_RECORD_BYTES} bytes$"):
        read_record(secret(base64.b64encode(bomb)))


def test_a_record_that_unpacks_to_just_the_limit_is_read() -> None:
    text = json.dumps(RECORD).encode()
    found = read_record(secret(base64.b64encode(gzip.compress(text.ljust(MAX_RECORD_BYTES), compresslevel=1))))
    assert found.name == "shop"


def test_a_release_does_not_show_its_manifest_in_logs() -> None:
    assert "ConfigMap" not in repr(read_record(written(RECORD)))
