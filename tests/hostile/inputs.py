"""Hostile records, indexes, manifests, schemas and changes of watches, as strategies of hypothesis."""

import base64
import gzip
import json
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.releases.strategies import YAMLISH, scalars, texts
from tests.releases.test_release import RECORD, secret


def nested(depth: int, *, lists: bool = False) -> str:
    """As JSON: nothing in Python would write it."""
    return "[" * depth + "]" * depth if lists else '{"a":' * depth + "0" + "}" * depth


ODD_TEXTS = st.one_of(
    texts,
    st.sampled_from(["\0", "a\0b", "\x1b[2J", "1" * 20_000, "a" * 20_000, "../../a", "\u202e", "%00", "v1.0.0"]),
    st.sampled_from(
        ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z", "2026-13-45", "2026-01-01T00:00:00+99:99", "\u0661"]
    ),
)
ODD_NUMBERS = st.sampled_from([0, -1, 2**31, 2**32, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, 0.1])
ODD = st.one_of(
    scalars,
    ODD_TEXTS,
    ODD_NUMBERS,
    st.sampled_from([[], {}, [[]], {"": {}}, [None], [[[[]]]] * 50, {str(n): n for n in range(300)}]),
    st.recursive(
        ODD_NUMBERS | ODD_TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD_TEXTS, inner, max_size=4),
        max_leaves=12,
    ),
)
RAW = st.sampled_from(
    [
        *(nested(depth) for depth in (90, 101, 199, 254, 900, 5000)),
        *(nested(depth, lists=True) for depth in (199, 900, 9000)),
        *("NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, '"\\ud800"', '"\\u0000"', '{"a":1,"a":[]}', "", "{"),
    ]
)
"""What takes a value's place in the text."""
HUGE = ("[" + "{}," * 10_000_000 + "0]", "[" + "[]," * 3_000_000 + "0]", '[""' + ',""' * 600_000 + "]")
"""A few kilobytes, when packed."""
PLACES = (
    *(("config",), ("config", "a"), ("version",), ("name",), ("namespace",), ("info",), ("info", "status")),
    *(("info", "first_deployed"), ("info", "last_deployed"), ("info", "description"), ("chart",), ("manifest",)),
    *(("chart", "metadata"), ("chart", "metadata", "name"), ("chart", "metadata", "version"), ("hooks",)),
    *(("chart", "metadata", "appVersion"), ("more",)),
)
_MARK = "instead of this"


def _with(found: Any, path: tuple[str, ...], value: Any) -> Any:
    return value if not path else found | {path[0]: _with(found.get(path[0], {}), path[1:], value)}


def _text(place: tuple[str, ...], instead: str) -> bytes:
    return json.dumps(_with(RECORD, place, _MARK)).replace(f'"{_MARK}"', instead).encode()


RECORD_TEXTS = st.one_of(
    st.builds(lambda place, value: json.dumps(_with(RECORD, place, value)).encode(), st.sampled_from(PLACES), ODD),
    st.builds(_text, st.sampled_from(PLACES), RAW),
    st.builds(str.encode, RAW),
    st.binary(max_size=100),
)
RECORDS = st.one_of(
    RECORD_TEXTS.map(lambda text: base64.b64encode(gzip.compress(text, 1))),
    RECORD_TEXTS.map(base64.b64encode),
    st.sampled_from([base64.b64encode(gzip.compress(_text(("config",), huge), 9)) for huge in HUGE]),
    RECORD_TEXTS.map(lambda text: base64.b64encode(gzip.compress(text, 1)[:-9])),
    st.binary(max_size=50),
).map(secret)
"""Secrets that pose as records of releases."""

BOMBS = (
    "\n".join(
        ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
        + [f"{c}: &{c} [{', '.join([f'*{p}'] * 10)}]" for p, c in zip("abcdefghi", "bcdefghij", strict=True)]
    ),
    *("a: &a\n  b: *a\n", "a: &a [*a]\n", "<<: {<<: {<<: {a: 1}}}\n", "<<: [[]]\n", "? {a: b}\n: c\n", "? [a]\n: b\n"),
    *("!!python/object/apply:os.abort []\n", "!!binary '='\n", "!!float a\n", "!!int 0x\n", "!!set {a, b}\n"),
    *("version: 0x" + "f" * 5000 + "\n", "a: " + "1" * 5000 + "\n", "a: 1:" + "59:" * 3000 + "1\n", "a: 0b2\n"),
    *("[" * 5000, "- " * 5000, "{" * 5000, "a:\n" + " " * 100_000 + "b: 1\n", "[],\n" * 100_000, "#" * 100_000),
    *(
        "\ufeffa: 1\n",
        "%YAML 9.9\n---\na\n",
        "--- a\n--- b\n",
        "a: !<tag:x,2000:y> b\n",
        "a: |9999\n  b\n",
        "\x00",
        "\x85",
    ),
    "a: [" + "[]," * 300_000 + "]\n",
)
YAML_TEXTS = st.one_of(
    st.sampled_from(BOMBS),
    st.text(st.sampled_from([*"{}[]:,-?&*!|>'\"%@`#\n \t\\a0x", "\u2028", "\x85", "\0"]), max_size=60),
    st.lists(st.sampled_from(YAMLISH), max_size=12).map("\n".join),
)

ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "version": ODD | st.just("1.0.0"),
        "urls": ODD | st.just(["web.tgz"]),
        "name": ODD,
        "digest": ODD,
        "appVersion": ODD,
        "description": ODD,
        "deprecated": ODD,
    },
)
INDEXES = st.one_of(
    YAML_TEXTS.map(str.encode),
    st.binary(max_size=100),
    YAML_TEXTS.map(lambda text: f"entries:\n  web:\n  - version: 1.0.0\n    urls: [a]\n    more: x\n{text}".encode()),
    st.builds(
        lambda names, entries: yaml.safe_dump({"entries": dict.fromkeys(names, entries)}, allow_unicode=True).encode(
            "utf-8", "surrogatepass"
        ),
        st.lists(ODD_TEXTS, max_size=3),
        st.lists(ENTRIES, max_size=4) | ODD,
    ),
)
"""Contents of an index.yaml."""

OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["Secret", "SecretList", "ConfigMap", "List", "CustomResourceDefinition"]) | ODD,
        "apiVersion": st.sampled_from(["v1", "apps/v1", "a/b/c", ""]) | ODD,
        "metadata": st.fixed_dictionaries({}, optional={"name": ODD, "namespace": ODD, "annotations": ODD}) | ODD,
        "data": ODD,
        "stringData": ODD,
        "items": ODD,
        "spec": ODD,
    },
)
MANIFESTS = st.one_of(
    YAML_TEXTS,
    st.lists(OBJECTS, max_size=3).map(lambda found: yaml.safe_dump_all(found, allow_unicode=True)),
    st.lists(YAML_TEXTS, max_size=4).map("\n---\n".join),
)
"""What a chart renders."""

DOUBLING: dict[str, Any] = {
    "definitions": {f"d{n}": {"allOf": [{"$ref": f"#/definitions/d{n + 1}"}] * 2} for n in range(32)} | {"d32": {}},
    "$ref": "#/definitions/d0",
}
SUBSCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["object", "string", "number", "any", ["null", "null"], 7]),
                "pattern": st.sampled_from(["(a+)+$", "(", "^(?:a|a)*$", "\\p{L}", "a{1000000}", "(?=a)b", "\0"]),
                "multipleOf": st.sampled_from([0, 1e-300, 2**64, "a"]),
                "minimum": ODD,
                "enum": ODD,
                "const": ODD,
                "$ref": st.sampled_from(
                    ["#", "#/definitions/d", "#/$defs/", "http://127.0.0.1:1/", "file:///dev/zero"]
                ),
                "$schema": st.sampled_from(["http://json-schema.org/draft-07/schema#", "x:", 7, "\0"]),
                "required": ODD,
            },
        ),
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from(["replicas", "a", "\0"]), inner, max_size=3),
            "allOf": st.lists(inner, max_size=3),
            "not": inner,
            "items": inner,
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.sampled_from(["(", "(a+)+$", ".*"]), inner, max_size=2),
        },
    ),
    max_leaves=6,
)
SCHEMAS = st.one_of(
    st.just(json.dumps(DOUBLING)),
    SUBSCHEMAS.map(json.dumps),
    RAW,
    ODD.map(json.dumps),
)
"""Texts of a values.schema.json."""

LABELS = st.fixed_dictionaries({}, optional={"name": ODD | st.just("shop"), "version": ODD, "status": ODD})
METADATA = st.fixed_dictionaries(
    {"name": ODD_TEXTS | st.sampled_from(["a", "sh.helm.release.v1.shop.v3", "sh.helm.release.v1..v1"])},
    optional={
        "namespace": ODD_TEXTS | st.just("default") | ODD,
        "resourceVersion": st.just("7") | ODD,
        "labels": LABELS | ODD,
    },
)
CHANGES = st.one_of(
    st.builds(
        lambda kind, metadata: json.dumps({"type": kind, "object": {"metadata": metadata}}).encode(),
        st.sampled_from(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "", 7]),
        METADATA | METADATA.map(lambda found: found | {"namespace": "default", "resourceVersion": "7"}) | ODD,
    ),
    RAW.map(str.encode),
    st.binary(max_size=60),
)
"""Lines of a watch."""
