"""Secrets in everything that a chart can make of them, rendered by Helm: none is left in what is shown."""

import base64
import html
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.releases.manifest import shown
from app.releases.references import HIDDEN
from app.releases.scrubbing import WITHHELD, Scrubber
from tests.sample_charts import chart_files

Read = Callable[[str], str]


def unbase64(text: str) -> str:
    return base64.b64decode(text).decode()


# What templates make of a secret, and how to read it there.
DISGUISES: dict[str, tuple[str, Read]] = {
    "plain": ("{{ .Values.secret | toJson }}", str),
    "json": ("{{ .Values.secret | toJson | toJson }}", json.loads),
    "json-in-json": ("{{ .Values.secret | toJson | toJson | toJson }}", lambda text: json.loads(json.loads(text))),
    "json-of-all": ("{{ .Values | toJson | toJson }}", lambda text: json.loads(text)["secret"]),
    "quoted": ("{{ .Values.secret | quote | toJson }}", lambda text: yaml.safe_load(text)),
    "base64": ("{{ .Values.secret | b64enc }}", unbase64),
    "base64-twice": ("{{ .Values.secret | b64enc | b64enc }}", lambda text: unbase64(unbase64(text))),
    "base64-of-json": ("{{ .Values | toJson | b64enc }}", lambda text: json.loads(unbase64(text))["secret"]),
    "base64-within": (
        '{{ printf "user:%s@host" .Values.secret | b64enc }}',
        lambda text: unbase64(text)[len("user:") : -len("@host")],
    ),
    "base32": ("{{ .Values | toJson | b32enc }}", lambda text: json.loads(base64.b32decode(text))["secret"]),
    "hexadecimal": ('{{ printf "%x" .Values.secret | quote }}', lambda text: bytes.fromhex(text).decode()),
    "spaced": ('{{ printf "% x" .Values.secret | quote }}', lambda text: bytes.fromhex(text).decode()),
    "url": ("{{ .Values.secret | urlquery | toJson }}", unquote_plus),
    "html": ("{{ .Values.secret | html | toJson }}", html.unescape),
    "yaml-in-yaml": ("{{ .Values | toYaml | toJson }}", lambda text: yaml.safe_load(text)["secret"]),
    "letters": ('{{ splitList "" .Values.secret | join "," | toJson }}', lambda text: text[::2]),
    "upside-down": ('{{ splitList "" .Values.secret | reverse | join "" | toJson }}', lambda text: text[::-1]),
}
TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata: {name: all, annotations: {other: "stays"}}
data:
""" + "".join(f"  {name}: {written}\n" for name, (written, _) in DISGUISES.items())
AS_YAML = """apiVersion: v1
kind: ConfigMap
metadata: {name: yaml}
data:
{{ dict "of-values" .Values.secret "long" (printf "%s %s" (repeat 100 "long ") .Values.secret) | toYaml | indent 2 }}
"""

SECRETS = st.text(
    st.one_of(st.sampled_from("&<>'\"\\%{}[]:#,=+/ \nßé€😀"), st.characters(min_codepoint=33, max_codepoint=126)),
    min_size=10,
    max_size=60,
).filter(lambda text: sum(letter.isalnum() for letter in text) >= 8 and text == text.strip())


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disguises")
    for name, text in (chart_files() | {"templates/all.yaml": TEMPLATE, "templates/yaml.yaml": AS_YAML}).items():
        if name == "templates/config.yaml":
            continue
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def rendered(helm: Path, chart: Path, secret: str) -> str:
    command = [str(helm), "template", "web", str(chart), "--values", "-"]
    done = subprocess.run(
        command, input=json.dumps({"secret": secret}, ensure_ascii=False), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (secret, done.stderr)
    text: str = done.stdout
    return text


def data_of(manifest: str) -> dict[str, Any]:
    return {key: value for found in yaml.safe_load_all(manifest) if found for key, value in found["data"].items()}


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=SECRETS)
@example('p&ss<word>\'s "best" one')
@example('{"user": "root", "password": "a&b\\"c"}')
@example("-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\nBCIE&IAnother<secret\n-----END KEY-----")
@example("https://user:pass%26word@host.example/path?a=b&c=d")
@example("with words that are folded where a line of YAML becomes longer than it should be & more")
def test_a_secret_is_hidden_in_every_view_of_a_manifest(helm: Path, chart: Path, secret: str) -> None:
    manifest = rendered(helm, chart, secret)
    told = data_of(manifest)
    for name, (_, read) in DISGUISES.items():
        assert read(told[name]) == secret, name  # the disguise is one
    scrubber = Scrubber([secret])
    left = data_of(shown(manifest, scrubber))
    for name, value in left.items():
        assert value != told[name], name
        assert HIDDEN in value, name
        if value == HIDDEN or name not in DISGUISES:
            continue
        try:
            assert DISGUISES[name][1](value) != secret, name
        except ValueError:
            continue
    assert '"stays"' in shown(manifest, scrubber) or "other: stays" in shown(manifest, scrubber)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=SECRETS)
def test_a_secret_is_removed_from_texts_in_any_encoding(helm: Path, chart: Path, secret: str) -> None:
    scrubber = Scrubber([secret])
    for name, value in data_of(rendered(helm, chart, secret)).items():
        words = scrubber.clean(f"Error: execution error at (web/templates/all.yaml:1:4): {value}\n")
        assert words == WITHHELD or (HIDDEN in words and value not in words), name


def test_texts_without_a_secret_are_not_changed(helm: Path, chart: Path) -> None:
    manifest = rendered(helm, chart, "another one, which is not known")
    assert Scrubber(['p&ss<word>\'s "best" one', "on"]).clean(manifest) == manifest
