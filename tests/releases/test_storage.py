"""The names and the packing of Helm's release Secrets."""

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases.storage import SECRET_NAME, packed, secret_name, secret_path, unpacked


@given(st.from_regex(r"[a-z0-9]([-.a-z0-9]{0,50}[a-z0-9])?", fullmatch=True), st.integers(1, 999_999_999))
def test_a_secrets_name_has_the_release_and_the_revision(release: str, revision: int) -> None:
    found = SECRET_NAME.fullmatch(secret_name(release, revision))
    assert found is not None
    assert (found["name"], int(found["revision"])) == (release, revision)


def test_a_secrets_path_is_one_of_the_kubernetes_api() -> None:
    path = secret_path("shop", secret_name("web", 2))
    assert path == "/api/v1/namespaces/shop/secrets/sh.helm.release.v1.web.v2"


@given(st.binary().filter(lambda record: not record.startswith(b"\x1f\x8b\x08")))
def test_a_packed_record_is_unpacked_unchanged(record: bytes) -> None:
    assert unpacked(packed(record)) == record


def test_a_record_that_is_cut_off_is_refused() -> None:
    cut = gzip.compress(b"{}")[:-4]
    with pytest.raises(ValueError, match="it is cut off"):
        unpacked(_as_data(cut))


def _as_data(content: bytes) -> str:
    return base64.b64encode(base64.b64encode(content)).decode()
