import subprocess
import sys

import pytest
import yaml

from app.charts.index import Offer, read_index
from app.core.errors import ValidationFailed

URL = "https://charts.example/stable/index.yaml"
GOOD = {"version": "1.0.0", "urls": ["web-1.0.0.tgz"]}


def read(**entries: object) -> list[Offer]:
    return read_index(yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode(), URL)


def test_an_entry_is_read_with_all_its_fields() -> None:
    full = GOOD | {"appVersion": 2.5, "description": "Serves.", "deprecated": True, "digest": "sha256:ABC"}
    assert read(web=[full | {"created": "2026-01-01T00:00:00Z", "home": "https://x"}]) == [
        Offer(
            name="web",
            version="1.0.0",
            app_version="2.5",
            description="Serves.",
            deprecated=True,
            url="https://charts.example/stable/web-1.0.0.tgz",
            digest="abc",
        )
    ]


def test_fields_that_an_entry_lacks_are_empty() -> None:
    assert read(web=[GOOD]) == [Offer("web", "1.0.0", url="https://charts.example/stable/web-1.0.0.tgz")]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("web.tgz", "https://charts.example/stable/web.tgz"),
        ("charts/web.tgz", "https://charts.example/stable/charts/web.tgz"),
        ("./web.tgz", "https://charts.example/stable/web.tgz"),
        ("../web.tgz", "https://charts.example/web.tgz"),
        ("/web.tgz", "https://charts.example/web.tgz"),
        ("//other.example/web.tgz", "https://other.example/web.tgz"),
        ("https://other.example/web.tgz?a=b", "https://other.example/web.tgz?a=b"),
    ],
)
def test_an_address_is_relative_to_the_index(written: str, url: str) -> None:
    assert [offer.url for offer in read(web=[GOOD | {"urls": [written, "https://second.example"]}])] == [url]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "web",
        5,
        [],
        {},
        {"version": "1.0.0"},
        {"urls": ["a"]},
        GOOD | {"version": None},
        GOOD | {"version": ""},
        GOOD | {"version": "1.0.0\0"},
        GOOD | {"urls": []},
        GOOD | {"urls": None},
        GOOD | {"urls": "web.tgz"},
        GOOD | {"urls": {"a": "b"}},
        GOOD | {"urls": 5},
        GOOD | {"urls": [None]},
        GOOD | {"urls": [["a"]]},
        GOOD | {"urls": ["a\0b"]},
        GOOD | {"urls": ["http://[::1"]},
    ],
)
def test_an_invalid_entry_is_skipped(entry: object) -> None:
    assert [offer.version for offer in read(web=[entry, GOOD, entry])] == ["1.0.0"]


@pytest.mark.parametrize("entries", [None, "web", 5, {"version": "1.0.0"}])
def test_a_chart_without_a_list_of_versions_is_skipped(entries: object) -> None:
    assert [offer.name for offer in read(bad=entries, web=[GOOD])] == ["web"]


def test_names_and_texts_that_postgres_cannot_store_are_cleaned_or_skipped() -> None:
    [offer] = read(**{"a\0b": [GOOD], "web": [GOOD | {"description": "a\0b", "appVersion": "\0", "digest": "\0A"}]})
    assert (offer.name, offer.description, offer.app_version, offer.digest) == ("web", "ab", "", "a")


def test_of_two_entries_for_one_version_the_first_counts() -> None:
    offers = read(web=[GOOD | {"description": "first"}, GOOD | {"description": "second"}])
    assert [offer.description for offer in offers] == ["first"]


def test_a_version_written_as_a_number_keeps_its_digits() -> None:
    assert [offer.version for offer in read(web=[GOOD | {"version": 1.5}])] == ["1.5"]


def test_an_index_without_charts_is_valid() -> None:
    assert read() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"text",
        b"- a",
        b"entries:",
        b"entries: [a]",
        b"apiVersion: v1",
        b"a: [",
        b"<html></html>",
        b"\xff\xfe\x00",
        b"\x00",
        b"[" * 200_000,
        b"entries: {? [a] : 1}",
        b"a: &a [x, x]\nb: &b [*b]\nentries: {}",
    ],
)
def test_content_that_is_not_an_index_is_refused(content: bytes) -> None:
    with pytest.raises(ValidationFailed) as caught:
        read_index(content, URL)
    assert caught.value.code == "repository_malformed"
    assert caught.value.message == "https://charts.example/stable/index.yaml is not the index of a chart repository."


def test_ten_thousand_versions_are_read() -> None:
    lines = [f"  - {{version: 1.0.{number}, urls: [web-{number}.tgz]}}" for number in range(10_000)]
    assert len(read_index("\n".join(["entries:", "  web:", *lines]).encode(), URL)) == 10_000


MANY = """
from pathlib import Path
from app.charts.index import read_index
from app.core.errors import ValidationFailed
try:
    read_index(b"[" + b"[]," * (2 * 2**20) + b"]", "https://charts.example/index.yaml")
except ValidationFailed:
    most = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    print(int(most.split()[1]) // 2**10)
"""
"""What `getrusage` gives counts the memory of the process that started this one."""


def test_an_index_of_millions_of_values_takes_little_memory() -> None:
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 400, "MiB"


@pytest.mark.parametrize("written", ["1" * 20_000, f"0x{'f' * 5000}"])
def test_an_entry_with_an_invalid_version_is_skipped(written: str) -> None:
    index = f"entries:\n  web:\n  - version: {written}\n    urls: [a.tgz]\n  - version: 1.0.0\n    urls: [b.tgz]\n"
    assert [offer.version for offer in read_index(index.encode(), URL)] == ["1.0.0"]
