"""What an API server says when it refuses, in both encodings."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.helm.status import status_object

WORDS = (
    'configmaps is forbidden: User "viewer" cannot list resource "configmaps" in API group "" in the namespace "web-1"'
)
# What an API server of Kubernetes 1.34 has answered to a GET with `Accept: application/vnd.kubernetes.protobuf`.
PROTOBUF = base64.b64decode(
    "azhzAAoMCgJ2MRIGU3RhdHVzEqgBCgYKABIAGgASB0ZhaWx1cmUacWNvbmZpZ21hcHMgaXMgZm9yYmlkZGVuOiBVc2VyICJ2aWV3"
    "ZXIiIGNhbm5vdCBsaXN0IHJlc291cmNlICJjb25maWdtYXBzIiBpbiBBUEkgZ3JvdXAgIiIgaW4gdGhlIG5hbWVzcGFjZSAid2Vi"
    "LTEiIglGb3JiaWRkZW4qFAoAEgAaCmNvbmZpZ21hcHMoADIAMJMDGgAiAA=="
)


def test_a_refusal_in_protobuf_says_the_same_as_one_in_json() -> None:
    found = status_object(PROTOBUF)
    assert found == {"kind": "Status", "message": WORDS, "reason": "Forbidden"}
    answer = {"kind": "Status", "message": WORDS, "reason": "Forbidden", "code": 403}
    assert status_object(json.dumps(answer).encode()) == answer


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>", b"[]", b'{"kind": "Pod"}', b"k8s\0", b"k8s\0\xff\xff", PROTOBUF[:40], b"k8s\0\x0a\x0a\x0a"],
)
def test_an_answer_that_is_not_a_refusal_has_no_message(body: bytes) -> None:
    assert status_object(body) == {}


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read_as_a_refusal(tail: bytes) -> None:
    assert status_object(b"k8s\0" + tail).get("kind", "Status") == "Status"
