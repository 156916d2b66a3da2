"""Archives that are no plain chart are refused before Helm sees them."""

import gzip
import io
import tarfile
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.charts.package import open_package
from app.charts.unpacking import MAX_ENTRIES, Limits
from app.core.errors import ValidationFailed
from tests.charts.servers import digest
from tests.sample_charts import SCHEMA, archive, chart_files

LIMITS = Limits(packed=2**20, unpacked=8 * 2**20)
CHART = chart_files()


def tarred(*entries: tarfile.TarInfo | tuple[str, bytes], chart: Mapping[str, str] = CHART) -> bytes:
    """A good chart with more entries behind it, not compressed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, text in chart.items():
            add(tar, f"web/{path}", text.encode())
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                add(tar, *entry)
    return packed.getvalue()


def add(tar: tarfile.TarFile, path: str, content: bytes) -> None:
    info = tarfile.TarInfo(path)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def with_entries(*entries: tarfile.TarInfo | tuple[str, bytes], chart: Mapping[str, str] = CHART) -> bytes:
    return gzip.compress(tarred(*entries, chart=chart))


def raw_entry(path: str, kind: bytes, size: int, *, sparse: int | None = None) -> bytes:
    """An entry with a header that tarfile would not write. One that is `sparse` has this size once it is unpacked, and
    512 bytes in the archive."""
    info = tarfile.TarInfo(path)
    info.type = kind
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = number(size)
    if sparse is not None:
        header[386:434] = number(0) + number(512) + number(sparse) + number(0)
        header[483:495] = number(sparse)
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    return bytes(header) + (bytes(512) if sparse is not None else b"")


def number(value: int) -> bytes:
    """A field of a header, in base 256."""
    return bytes([0o377 if value < 0 else 0o200]) + (value % 256**11).to_bytes(11, "big")


@pytest.mark.parametrize(
    "entries",
    [
        raw_entry("web/templates/", tarfile.DIRTYPE, -(10**11)),
        raw_entry("web/charts/db-1.0.0.tgz", tarfile.GNUTYPE_SPARSE, 512, sparse=2**20),
        raw_entry("web/", tarfile.DIRTYPE, -(10**11))
        + raw_entry("web/charts/db-1.0.0.tgz", tarfile.GNUTYPE_SPARSE, 512, sparse=10**11),
    ],
    ids=["a negative size", "a sparse file", "a sparse file of 100 GB behind a negative size"],
)
def test_an_entry_that_is_not_as_large_as_it_says_is_refused(entries: bytes) -> None:
    with pytest.raises(ValidationFailed) as refused:
        open_package(gzip.compress(entries + tarred()), LIMITS)
    assert refused.value.code == "chart_malformed"
    assert refused.value.message.endswith("is sparse or has a negative size.")


def wanting(name: str) -> dict[str, str]:
    """A chart that has another one as its dependency."""
    return CHART | {"Chart.yaml": f"{CHART['Chart.yaml']}dependencies: [{{name: {name}}}]\n"}


def nested(name: str, *entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    """A packed chart of this name, with more entries, which name their own folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        add(tar, f"{name}/Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n".encode())
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                add(tar, *entry)
    return gzip.compress(packed.getvalue(), compresslevel=1)


def packing(*entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    """A good chart that has such a one packed in charts/."""
    return with_entries(("web/charts/db-1.0.0.tgz", nested("db", *entries)))


def matryoshka(depth: int) -> bytes:
    return nested("a", *([("a/charts/a.tgz", matryoshka(depth - 1))] if depth else []))


def special(kind: bytes, path: str = "web/templates/a", target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, target
    return info


def with_files(**changed: str | None) -> bytes:
    """A good chart in which files are others, or missing; `__` stands for a dot."""
    files: dict[str, str | None] = dict(CHART)
    files.update((path.replace("__", "."), text) for path, text in changed.items())
    return archive({path: text for path, text in files.items() if text is not None})


def with_metadata(**changed: str | None) -> bytes:
    fields = {"apiVersion": "v2", "name": "web", "version": "1.0.0"} | changed
    return with_files(Chart__yaml="".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None))


def long_names(count: int) -> bytes:
    """Headers that each give a longer name to the next one, which is such a header again."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for _ in range(count):
            info = special(tarfile.GNUTYPE_LONGNAME, "././@LongLink")
            info.size = 6
            tar.addfile(info, io.BytesIO(b"web/a\0"))
    return packed.getvalue()


WHOLE = archive(CHART)
PLAIN = gzip.decompress(WHOLE)
UNFOLDS = (
    "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(12))
    + "apiVersion: v2\nname: web\nversion: 1.0.0\ndescription: *m\n"
)
DUPLICATE, MISSING = "chart_duplicate", "chart_dependency_missing"
OUTSIDE, LINK, MALFORMED, LARGE = "chart_path_outside", "chart_link", "chart_malformed", "chart_too_large"
REFUSED = {
    "path that climbs": (with_entries(("web/../../etc/passwd", b"a")), OUTSIDE),
    "path that climbs and comes back": (with_entries(("web/a/../b", b"a")), OUTSIDE),
    "path that climbs at once": (with_entries(("../a", b"a")), OUTSIDE),
    "path that is only dots": (with_entries(("..", b"a")), OUTSIDE),
    "absolute path": (with_entries(("/etc/passwd", b"a")), OUTSIDE),
    "absolute path behind a dot": (with_entries((".//etc/passwd", b"a")), OUTSIDE),
    "path of Windows": (with_entries(("web\\..\\a", b"a")), OUTSIDE),
    "drive of Windows": (with_entries(("C:/a", b"a")), OUTSIDE),
    "long path that climbs": (with_entries((f"web/{'a/' * 100}../../b", b"a")), OUTSIDE),
    "symbolic link": (with_entries(special(tarfile.SYMTYPE, target="/etc/passwd")), LINK),
    "symbolic link within": (with_entries(special(tarfile.SYMTYPE, target="config.yaml")), LINK),
    "symbolic link as Chart.yaml": (with_entries(special(tarfile.SYMTYPE, "web/Chart.yaml", "/etc/passwd")), LINK),
    "hard link": (with_entries(special(tarfile.LNKTYPE, target="web/Chart.yaml")), LINK),
    "character device": (with_entries(special(tarfile.CHRTYPE)), LINK),
    "block device": (with_entries(special(tarfile.BLKTYPE)), LINK),
    "pipe": (with_entries(special(tarfile.FIFOTYPE)), LINK),
    "two folders": (with_entries(("other/Chart.yaml", b"a")), MALFORMED),
    "file beside the folder": (with_entries(("README.md", b"a")), MALFORMED),
    "no folder": (gzip.compress(tarred(("Chart.yaml", CHART["Chart.yaml"].encode()), chart={})), MALFORMED),
    "no Chart.yaml": (with_files(Chart__yaml=None), MALFORMED),
    "Chart.yaml further below": (archive(CHART, root="a/web"), MALFORMED),
    "nothing within": (gzip.compress(tarred(chart={})), MALFORMED),
    "empty": (b"", MALFORMED),
    "not a gzip": (PLAIN, MALFORMED),
    "zip": (b"PK\x03\x04" + b"\0" * 100, MALFORMED),
    "gzip of no tar": (gzip.compress(b"apiVersion: v2\n" * 100), MALFORMED),
    "gzip of nothing": (gzip.compress(b""), MALFORMED),
    "cut off": (WHOLE[:-30], MALFORMED),
    "without its checksum": (WHOLE[:-8], MALFORMED),
    "changed": (WHOLE[:-6] + bytes([WHOLE[-6] ^ 1]) + WHOLE[-5:], MALFORMED),
    "tar cut off": (gzip.compress(PLAIN[: PLAIN.index(b"apiVersion") + 10]), MALFORMED),
    "more in a second gzip stream": (
        gzip.compress(PLAIN.rstrip(b"\0")) + gzip.compress(tarred(("/etc/passwd", b"a"), chart={})),
        MALFORMED,
    ),
    "noise behind its end": (WHOLE + b"noise", MALFORMED),
    "names of names of names": (gzip.compress(long_names(2000)), MALFORMED),
    "broken Chart.yaml": (with_files(Chart__yaml="name: [web"), MALFORMED),
    "Chart.yaml is a list": (with_files(Chart__yaml="- name: web"), MALFORMED),
    "Chart.yaml is empty": (with_files(Chart__yaml=""), MALFORMED),
    "Chart.yaml nested too deep": (with_files(Chart__yaml="a: " + "[" * 200_000), MALFORMED),
    "Chart.yaml that unfolds": (
        with_files(Chart__yaml=UNFOLDS),
        MALFORMED,
    ),
    "no apiVersion": (with_metadata(apiVersion=None), MALFORMED),
    "apiVersion of tomorrow": (with_metadata(apiVersion="v3"), MALFORMED),
    "no name": (with_metadata(name=None), MALFORMED),
    "empty name": (with_metadata(name="' '"), MALFORMED),
    "name that is a number": (with_metadata(name="5"), MALFORMED),
    "name that is an option": (with_metadata(name="--post-renderer"), MALFORMED),
    "name that is a path": (with_metadata(name="../web"), MALFORMED),
    "name with U+0000": (with_metadata(name=r'"a\0b"'), MALFORMED),
    "name with a line break": (with_metadata(name=r'"a\nb"'), MALFORMED),
    "name too long": (with_metadata(name="a" * 251), MALFORMED),
    "no version": (with_metadata(version=None), MALFORMED),
    "version that is a number": (with_metadata(version="1.0"), MALFORMED),
    "version that is an option": (with_metadata(version="-1.0.0"), MALFORMED),
    "version with U+0000": (with_metadata(version=r'"1.0.0\0"'), MALFORMED),
    "library chart": (with_metadata(type="library"), "chart_not_installable"),
    "broken schema": (with_files(values__schema__json="{"), MALFORMED),
    "schema that is no UTF-8": (
        with_entries(("web/values.schema.json", b'{"title": "\xff"}')),
        MALFORMED,
    ),
    "schema too deep to be written again": (
        with_files(values__schema__json='{"a":' * 300 + "1" + "}" * 300),
        MALFORMED,
    ),
    "schema nested too deep": (with_files(values__schema__json="[" * 100_000), MALFORMED),
    "broken schema of a chart within": (with_entries(("web/charts/db/values.schema.json", b"{")), MALFORMED),
    "too large": (gzip.compress(tarred(), compresslevel=0) + b"\0" * LIMITS.packed, LARGE),
    "unpacks to too much": (with_entries(("web/a", b"\0" * (LIMITS.unpacked + 1))), LARGE),
    "unpacks to too much in many files": (
        with_entries(*((f"web/{n}", b"\0" * 2**20) for n in range(9))),
        LARGE,
    ),
    "unpacks to too much behind its end": (gzip.compress(PLAIN + b"\0" * (LIMITS.unpacked + 2**20)), LARGE),
    "values.yaml too large": (with_files(values__yaml="#" * (2 * 2**20 + 1)), LARGE),
    "Chart.yaml too large": (with_files(Chart__yaml=CHART["Chart.yaml"] + "#" * 2 * 2**20), LARGE),
    "Chart.yaml twice": (with_entries(("web/Chart.yaml", b"name: other")), DUPLICATE),
    "Chart.yaml twice by another way": (with_entries(("./web//./Chart.yaml", b"name: other")), DUPLICATE),
    "values.yaml in capitals too": (with_entries(("web/VALUES.yaml", b"a: b")), DUPLICATE),
    "template twice": (with_entries(("web/templates/config.yaml", b"a: b")), DUPLICATE),
    "very long name": (with_entries((f"web/{'a' * 1000}", b"a")), "chart_path_too_long"),
    "very many folders": (with_entries((f"web/{'a/' * 500}b", b"a")), "chart_path_too_long"),
    "dependency in a folder": (with_metadata(dependencies="[{name: db, repository: 'file:///etc'}]"), MISSING),
    "dependency beside it": (with_metadata(dependencies="[{name: db, repository: 'file://../db'}]"), MISSING),
    "dependency from elsewhere": (with_metadata(dependencies="[{name: db, repository: 'http://a.example'}]"), MISSING),
    "dependency of another name": (
        with_entries(("web/charts/db/Chart.yaml", b"name: cache"), chart=wanting("db")),
        MISSING,
    ),
    "dependency without a name": (with_metadata(dependencies="[{}]"), MISSING),
    "dependency that is text": (with_metadata(dependencies="[db]"), MISSING),
    "link in a packed chart": (packing(special(tarfile.SYMTYPE, "db/templates/a", "/etc/passwd")), LINK),
    "device in a packed chart": (packing(special(tarfile.CHRTYPE, "db/a")), LINK),
    "path that climbs in a packed chart": (packing(("db/../../a", b"a")), OUTSIDE),
    "absolute path in a packed chart": (packing(("/etc/passwd", b"a")), OUTSIDE),
    "two folders in a packed chart": (packing(("other/Chart.yaml", b"a")), MALFORMED),
    "Chart.yaml twice in a packed chart": (packing(("db/Chart.yaml", b"a")), DUPLICATE),
    "packed chart that is none": (with_entries(("web/charts/db.tgz", b"noise")), MALFORMED),
    "packed chart with broken Chart.yaml": (
        with_entries(("web/charts/db.tgz", archive({"Chart.yaml": "name: ["}, root="db"))),
        MALFORMED,
    ),
    "packed chart with Chart.yaml that unfolds": (
        with_entries(("web/charts/db.tgz", archive({"Chart.yaml": UNFOLDS}, root="db"))),
        MALFORMED,
    ),
    "broken schema of a packed chart": (packing(("db/values.schema.json", b"{")), MALFORMED),
    "bomb in a packed chart": (packing(("db/a", b"\0" * LIMITS.unpacked)), LARGE),
    "bombs in many packed charts": (
        with_entries(*((f"web/charts/{n}.tgz", nested("db", ("db/a", b"\0" * 2**20))) for n in range(9))),
        LARGE,
    ),
    "too many entries in packed charts": (
        with_entries(
            *(
                (f"web/charts/{n}.tgz", nested("db", *(special(tarfile.DIRTYPE, f"db/{m}") for m in range(3400))))
                for n in range(3)
            )
        ),
        LARGE,
    ),
    "charts packed in charts without end": (with_entries(("web/charts/a.tgz", matryoshka(7))), LARGE),
    "schema too large": (with_files(values__schema__json=" " * (2 * 2**20 + 1)), LARGE),
    "too many entries": (
        with_entries(*(special(tarfile.DIRTYPE, f"web/{n}") for n in range(MAX_ENTRIES))),
        LARGE,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_invalid_archive_is_refused_with_a_code(case: str) -> None:
    content, code = REFUSED[case]
    with pytest.raises(ValidationFailed) as caught:
        open_package(content, LIMITS)
    assert (caught.value.code, caught.value.path) == (code, ("archive",))


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("path that climbs", "The entry 'web/../../etc/passwd' leads outside the chart's directory."),
        ("symbolic link", "The entry 'web/templates/a' is a link or a device. Charts contain only files."),
        ("two folders", "The archive has several top-level directories. A chart has one."),
        ("no Chart.yaml", "The archive has no Chart.yaml in its directory. Package the chart with `helm package`."),
        ("library chart", "This is a library chart, which cannot be installed."),
        ("version that is a number", "Chart.yaml must have a `version` as text."),
        ("unpacks to too much", "The archive unpacks to more than 8,388,608 bytes."),
        ("too many entries", "The archive has more than 10,000 entries."),
        ("values.yaml too large", "values.yaml has more than 2,097,152 bytes."),
        ("Chart.yaml twice", "The archive has 'Chart.yaml' twice, or with different case."),
        (
            "dependency in a folder",
            "Chart.yaml requires the chart 'db', which is not in charts/. Run `helm dependency update`, then package"
            " the chart.",
        ),
        ("charts packed in charts without end", "Archives are nested more than 5 levels deep."),
        ("broken schema", "The chart's values.schema.json is not valid JSON."),
    ],
)
def test_the_error_says_what_is_wrong(case: str, message: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        open_package(REFUSED[case][0], LIMITS)
    assert caught.value.message == message


def test_a_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    """A kilobyte for each megabyte; unpacked whole it would be a gigabyte."""
    head = tarred()[:-1024]
    info = tarfile.TarInfo("web/a")
    info.size = 2**30
    unpacked = head + info.tobuf() + b"\0" * (2 * LIMITS.unpacked)
    content = gzip.compress(unpacked)
    assert len(content) < LIMITS.unpacked // 400
    with pytest.raises(ValidationFailed) as caught:
        open_package(content, LIMITS)
    assert caught.value.code == "chart_too_large"


def test_a_valid_chart_is_read_completely() -> None:
    files = chart_files(schema=SCHEMA, values="replicas: 1 # ü\n") | {"icon.png": "x"}
    content = archive(files)
    package = open_package(content, LIMITS)
    assert (package.name, package.version, package.app_version, package.description) == (
        "web",
        "1.0.0",
        "2.0",
        "A test.",
    )
    assert (package.digest, package.content) == (digest(content), content)
    assert (package.default_values, package.readme) == ("replicas: 1 # ü\n", "# web\n")
    assert (package.values_schema, package.has_remote_schema) == (SCHEMA, False)


def test_optional_fields_that_a_chart_lacks_are_empty() -> None:
    package = open_package(archive({"Chart.yaml": "apiVersion: v1\nname: web\nversion: 1.0.0\n"}), LIMITS)
    assert (package.default_values, package.readme, package.values_schema) == ("", None, None)
    assert (package.app_version, package.description, package.has_remote_schema) == (None, None, False)


@pytest.mark.parametrize("word", ["2024-01-01", "2024-01-01T00:00:00Z", "=", "1:30:00x"])
def test_an_app_version_is_kept_as_it_is_written(word: str) -> None:
    assert open_package(with_metadata(appVersion=word), LIMITS).app_version == word


def test_text_that_postgres_cannot_store_is_cleaned() -> None:
    chart = {"Chart.yaml": CHART["Chart.yaml"]}
    content = gzip.compress(tarred(("web/values.yaml", b"a: \x00\xff\n"), ("web/README.md", b"\x00\xff"), chart=chart))
    package = open_package(content, LIMITS)
    assert (package.default_values, package.readme) == ("a: \ufffd\n", "\ufffd")
    assert open_package(with_metadata(description=r'"a\0b"'), LIMITS).description == "ab"


def test_what_is_harmless_is_taken() -> None:
    directories = [special(tarfile.DIRTYPE, path) for path in ("web", "web/", "./web/templates/")]
    content = with_entries(
        *directories,
        ("./web/templates/a.yaml", b"a"),
        ("web/charts/db-1.0.0.tgz", archive(chart_files("db"), root="db")),
        ("web/charts/cache/Chart.yaml", b"apiVersion: v2\nname: cache\nversion: 1.0.0\n"),
        ("web/charts/cache/values.yaml", b"- no map"),
        (f"web/{'long/' * 40}name", b"a"),
        ("web/a..b/..c", b"a"),
        ("web/ü: a", b"a"),
    )
    assert open_package(content, LIMITS).name == "web"
    assert open_package(archive(CHART, root="another"), LIMITS).name == "web"


def test_a_global_pax_header_is_skipped() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "a"}) as tar:
        for path, text in CHART.items():
            add(tar, f"web/{path}", text.encode())
    assert open_package(gzip.compress(packed.getvalue()), LIMITS).name == "web"


def test_a_remote_schema_is_reported_wherever_it_is() -> None:
    remote = b'{"properties": {"a": {"$ref": "https://example.com/a.json"}}}'
    assert open_package(with_entries(("web/values.schema.json", remote)), LIMITS).has_remote_schema
    assert open_package(with_entries(("web/charts/db/values.schema.json", remote)), LIMITS).has_remote_schema
    assert open_package(packing(("db/values.schema.json", remote)), LIMITS).has_remote_schema
    assert open_package(
        packing(("db/charts/a.tgz", nested("a", ("a/values.schema.json", remote)))), LIMITS
    ).has_remote_schema
    file = b'{"$ref": "file:///etc/passwd"}'
    assert open_package(packing(("db/values.schema.json", file)), LIMITS).has_remote_schema


@pytest.mark.parametrize(
    "entry",
    [("web/charts/db/Chart.yaml", b"name: db\n"), ("web/charts/db-1.0.0.tgz", archive(chart_files("db"), root="db"))],
)
def test_dependencies_that_are_in_the_archive_are_accepted(entry: tuple[str, bytes]) -> None:
    assert open_package(with_entries(entry, chart=wanting("db")), LIMITS).name == "web"


@settings(max_examples=200)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    header=st.booleans(),
)
def test_a_damaged_archive_is_read_as_a_chart_or_refused(changes: list[tuple[int, int]], header: bool) -> None:
    damaged = bytearray(PLAIN)
    for place, byte in changes:
        damaged[place % 512 if header else place] = byte
    try:
        package = open_package(gzip.compress(bytes(damaged), compresslevel=1), LIMITS)
    except ValidationFailed:
        return
    assert package.name
