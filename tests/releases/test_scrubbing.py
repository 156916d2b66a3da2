import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases.manifest import shown
from app.releases.references import HIDDEN
from app.releases.scrubbing import WITHHELD, Scrubber

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIAnothersecret\n-----END PRIVATE KEY-----\n"


@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=6).filter(lambda text: len(text.strip()) >= 6))
def test_a_secret_is_found_in_every_form_that_words_quote_it_in(secret: str) -> None:
    scrubber = Scrubber([secret])
    for form in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), quote(secret, safe="")):
        cleaned = scrubber.clean(f"before {form} after")
        assert HIDDEN in cleaned or cleaned == WITHHELD
        assert secret not in scrubber.clean(f"before {form} after").replace(HIDDEN, "")
    cleaned = scrubber.clean(f"data: {base64.b64encode(secret.encode()).decode()}")
    assert cleaned.startswith(f"data: {HIDDEN}") or cleaned == WITHHELD


@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=12), before=st.binary(max_size=5))
def test_a_secret_is_found_within_something_that_is_encoded_as_a_whole(secret: str, before: bytes) -> None:
    if len(secret.strip()) < 12:
        return
    encoded = base64.b64encode(before + secret.encode() + b"after").decode()
    cleaned = Scrubber([secret]).clean(encoded)
    if cleaned == WITHHELD:
        return
    assert HIDDEN in cleaned
    assert len(cleaned.replace(HIDDEN, "")) <= (len(before) + len(b"after")) * 4 / 3 + 12


def test_each_line_of_a_long_secret_is_found_alone() -> None:
    cleaned = Scrubber([PEM]).clean('error at line 2: "MC4CAQAwBQYDK2Vw" is no key')
    assert cleaned == f'error at line 2: "{HIDDEN}" is no key'


@pytest.mark.parametrize(
    ("secret", "words", "cleaned"),
    [
        ("on", "install on paris failed: only", f"install {HIDDEN} paris failed: only"),
        ("5432", "port 5432 of 15432", f"port {HIDDEN} of 15432"),
        ("", "nothing", "nothing"),
        ("  ", "a  b", "a  b"),
        ("abc+def/ghi=", "abc%2Bdef%2Fghi%3D", HIDDEN),
        ("it's-quoted", "'it''s-quoted'", f"'{HIDDEN}'"),
    ],
)
def test_a_short_secret_is_taken_out_where_it_stands_alone(secret: str, words: str, cleaned: str) -> None:
    assert Scrubber([secret]).clean(words) == cleaned


def test_a_scrubber_shows_nothing_of_what_it_knows() -> None:
    assert "hunter2" not in repr(Scrubber(["hunter2"]))
    assert Scrubber([]).clean("as it was") == "as it was"


MANIFEST = """---
# Source: web/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: web
data:
  password: aHVudGVyMg==
stringData:
  user: root
---
# Source: web/templates/deployment.yaml
kind: Deployment
metadata:
  name: Secret-looking
  annotations: {a: "b"}
"""


def test_a_manifest_is_shown_without_what_kubernetes_secrets_hold() -> None:
    assert shown(MANIFEST) == MANIFEST.replace("aHVudGVyMg==", HIDDEN).replace("root", HIDDEN)
    assert shown("kind: ConfigMap\ndata:\n  a: b\n") == "kind: ConfigMap\ndata:\n  a: b\n"
    listed = "kind: List\nitems:\n- kind: Secret\n  data: {a: aHVudGVyMg==}\n"
    assert "aHVudGVyMg" not in shown(listed)
    assert shown('{"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}') == f"kind: Secret\ndata:\n  a: {HIDDEN}\n"


def test_a_document_that_can_not_be_read_and_may_hold_a_secret_is_hidden_whole() -> None:
    assert shown("---\n# Source: x\nkind: Secret\ndata: [hunter2\n") == f"---\n# Source: x\n# {HIDDEN}\n"
    assert shown("---\nkind: Map\ndata: [hunter2\n") == "---\nkind: Map\ndata: [hunter2\n"


SECRETS = {
    "a list of Secrets": "kind: SecretList\nitems:\n- metadata: {name: web}\n  data: {a: aHVudGVyMg==}\n",
    "a list of anything": "kind: List\nitems:\n- kind: Secret\n  stringData: {a: aHVudGVyMg==}\n",
    "a kind with escapes": 'kind: "\\x53ecret"\ndata: {a: aHVudGVyMg==}\n',
    "a kind on two lines": 'kind: "Sec\\\n  ret"\ndata: {a: aHVudGVyMg==}\n',
    "a kind in base64": "kind: !!binary U2VjcmV0\ndata: {a: aHVudGVyMg==}\n",
    "JSON with escapes": '{"kind": "\\u0053ecret", "data": {"a": "aHVudGVyMg=="}}',
    "a second document": "kind: Map\n---\r\nkind: Secret\ndata: {a: aHVudGVyMg==}\n",
    "after a document's end": "kind: Map\n...\nkind: Secret\ndata: {a: aHVudGVyMg==}\n",
}


@pytest.mark.parametrize("document", SECRETS.values(), ids=SECRETS.keys())
def test_a_kubernetes_secret_is_one_however_its_kind_is_written(document: str) -> None:
    assert "aHVudGVyMg" not in shown(document)
    assert HIDDEN in shown(document)


def test_a_secret_in_pieces_hides_the_whole_document() -> None:
    document = "kind: Pod\nargs: [correct, horse, battery]\n"
    assert shown(document, Scrubber(["correct horse battery"])) == f"# {HIDDEN}\n"
