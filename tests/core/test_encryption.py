"""Credentials at rest: bound to their row, under a ring of keys that nothing quotes."""

import base64
import multiprocessing
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.encryption import KEYS_FILE, KeyRing, KeyRingError, Sealed, TamperedError

ONE, TWO = bytes(range(32)), bytes(range(32, 64))
RING = KeyRing({"one": ONE})


def entry(key_id: str, key: bytes) -> str:
    return f"{key_id}:{base64.b64encode(key).decode()}"


@given(plain=st.binary(), row=st.text(st.characters(exclude_categories=["Cs"])))
def test_data_sealed_for_a_row_is_opened_for_that_row(plain: bytes, row: str) -> None:
    sealed = RING.seal(plain, row)
    assert sealed.key_id == "one"
    assert RING.open(sealed, row) == plain


def test_the_same_text_is_never_sealed_to_the_same_data() -> None:
    sealed = {RING.seal(b"s3cr3t", "cluster:1").data for _ in range(100)}
    assert len(sealed) == 100
    assert not any(b"s3cr3t" in data for data in sealed)


def test_data_of_one_row_is_not_opened_for_another() -> None:
    sealed = RING.seal(b"s3cr3t", "cluster:1")
    for row in ("cluster:2", "cluster:11", "chart_repository:1", ""):
        with pytest.raises(KeyRingError) as caught:
            RING.open(sealed, row)
        assert str(caught.value) == f"The credentials of {row} were changed or belong to another row."


def test_tampering_is_reported_with_its_row_and_what_browsers_send_is_not() -> None:
    ring = KeyRing({"one": ONE})
    rows: list[str] = []
    ring.on_tampering = rows.append
    sealed = ring.seal(b"s3cr3t", "cluster:1")
    for bound_to in ("cluster:2", "sign-in"):
        with pytest.raises(TamperedError):
            ring.open(sealed, bound_to)
    with pytest.raises(KeyRingError):
        ring.open(Sealed("gone", sealed.data), "cluster:1")
    assert ring.open(sealed, "cluster:1") == b"s3cr3t"
    assert rows == ["cluster:2"]


@given(place=st.integers(0, 12 + 6 + 16 - 1), change=st.integers(1, 255))
def test_a_changed_byte_is_reported(place: int, change: int) -> None:
    sealed = RING.seal(b"s3cr3t", "cluster:1")
    data = bytearray(sealed.data)
    data[place] ^= change
    with pytest.raises(KeyRingError, match=r"were changed or belong to another row\.$"):
        RING.open(Sealed(sealed.key_id, bytes(data)), "cluster:1")


@pytest.mark.parametrize("length", [0, 1, 7, 8, 11, 12, 13, 27])
def test_data_that_is_cut_off_is_reported(length: int) -> None:
    sealed = RING.seal(b"s3cr3t", "cluster:1")
    with pytest.raises(KeyRingError, match=r"were changed or belong to another row\.$"):
        RING.open(Sealed(sealed.key_id, sealed.data[:length]), "cluster:1")


def test_a_key_that_is_not_in_the_ring_is_named_and_what_to_do() -> None:
    with pytest.raises(KeyRingError) as caught:
        RING.open(KeyRing({"old": ONE}).seal(b"s3cr3t", "cluster:1"), "cluster:1")
    assert str(caught.value) == (
        "The credentials of cluster:1 were encrypted with the key 'old', which is not in POLYHELM_ENCRYPTION_KEYS."
        " Add it"
        " after the first key, then run `polyhelm rekey`."
    )


def test_another_key_of_the_same_id_opens_nothing() -> None:
    with pytest.raises(KeyRingError, match=r"were changed or belong to another row\.$"):
        KeyRing({"one": TWO}).open(RING.seal(b"s3cr3t", "cluster:1"), "cluster:1")


def test_keys_are_rotated_by_putting_a_new_one_first() -> None:
    before = KeyRing.parse(entry("one", ONE))
    after = KeyRing.parse(f"{entry('two', TWO)},{entry('one', ONE)}")
    old = before.seal(b"s3cr3t", "cluster:1")
    assert after.open(old, "cluster:1") == b"s3cr3t"
    new = after.seal(b"s3cr3t", "cluster:1")
    assert (after.current, new.key_id) == ("two", "two")
    only_new = KeyRing.parse(entry("two", TWO))
    assert only_new.open(new, "cluster:1") == b"s3cr3t"
    with pytest.raises(KeyRingError):
        only_new.open(old, "cluster:1")


@pytest.mark.parametrize(
    "text",
    [entry("one", ONE), f" {entry('one', ONE)} ", f"{entry('one', ONE)},", f",{entry('one', ONE)}\n"],
)
def test_blanks_and_empty_entries_do_not_matter(text: str) -> None:
    assert KeyRing.parse(text).open(RING.seal(b"a", "b"), "b") == b"a"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("hunter2", 1),
        ("one:", 1),
        ("one:hunter2", 1),
        ("one:hunter2hunter2hunter2hunter2hunt", 1),
        (f":{base64.b64encode(ONE).decode()}", 1),
        (entry("one", ONE[:31]), 1),
        (entry("one", ONE + b"a"), 1),
        (entry("one", ONE).rstrip("="), 1),
        (f"one:{ONE.hex()}", 1),
        (f"{entry('one', ONE)},{entry('one', TWO)}", 2),
        (f"{entry('one', ONE)},two:hunter2", 2),
        (f"{entry('one', ONE)};{entry('two', TWO)}", 1),
        ("one:üüü", 1),
    ],
)
def test_an_invalid_entry_is_reported_by_its_number_and_not_quoted(text: str, number: int) -> None:
    with pytest.raises(KeyRingError) as caught:
        KeyRing.parse(text)
    assert str(caught.value) == (
        f"Entry {number} of POLYHELM_ENCRYPTION_KEYS must be `id:base64`: a unique id and 32 bytes."
    )
    assert caught.value.__context__ is None or "hunter2" not in str(caught.value.__context__)


@pytest.mark.parametrize("text", ["", ",", " , "])
def test_an_empty_key_ring_is_refused(text: str) -> None:
    with pytest.raises(KeyRingError):
        KeyRing.parse(text)


def test_neither_a_ring_nor_an_error_shows_a_key() -> None:
    assert base64.b64encode(ONE).decode() not in f"{RING!r} {vars(RING)}"
    assert repr(ONE) not in f"{RING!r} {vars(RING)}"


def test_a_ring_is_made_where_there_is_none_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    sealed = KeyRing.kept_in(folder).seal(b"a", "b")
    assert sealed.key_id == "local-1"
    assert KeyRing.kept_in(folder).open(sealed, "b") == b"a"
    assert [path.name for path in folder.iterdir()] == [KEYS_FILE]
    assert stat.S_IMODE((folder / KEYS_FILE).stat().st_mode) == 0o600


def test_a_ring_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / KEYS_FILE).write_text(f"{entry('two', TWO)},{entry('one', ONE)}\n")
    ring = KeyRing.kept_in(tmp_path)
    assert ring.current == "two"
    assert ring.open(RING.seal(b"a", "b"), "b") == b"a"


def _seals(folder: str) -> tuple[str, bytes]:
    sealed = KeyRing.kept_in(Path(folder)).seal(b"a", "b")
    return sealed.key_id, sealed.data


def test_processes_that_begin_at_once_all_have_the_same_ring(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        sealed = pool.map(_seals, [str(tmp_path)] * 8, chunksize=1)
    ring = KeyRing.kept_in(tmp_path)
    assert [ring.open(Sealed(*parts), "b") for parts in sealed] == [b"a"] * 8
    assert [path.name for path in tmp_path.iterdir()] == [KEYS_FILE]


@pytest.mark.parametrize("attempt", range(10))
def test_threads_that_begin_at_once_all_have_the_same_ring(tmp_path: Path, attempt: int) -> None:
    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(_seals, [str(tmp_path)] * 16))
    ring = KeyRing.kept_in(tmp_path)
    assert [ring.open(Sealed(*parts), "b") for parts in sealed] == [b"a"] * 16
    assert os.listdir(tmp_path) == [KEYS_FILE]
