"""The error codes of functions, found in their source."""

from pathlib import Path

from app.registers.raised import Sources
from app.releases.error_codes import ActionCode
from app.secrets.codes import SecretCode

SOURCE = """
from typing import Protocol

class Services:
    bucket: "Bucket"

class Bucket:
    def __init__(self, inner: "Inner"):
        self._inner = inner
    def put(self): self._inner.put()

class Inner:
    def put(self): raise TemporaryError(ActionCode.CHART_STORAGE, "It is away.")

def direct(): raise NotFound(SecretCode.SECRET_NOT_FOUND, "There is none.")
def compares(error): return error.code == SecretCode.SECRET_IN_USE
def fails(services: Services): services.bucket.put()
def passes_on(services: Services):
    try:
        services.bucket.put()
    except TemporaryError as error:
        raise invalid(error.code, error.message)
class Removal:
    @classmethod
    def between(cls) -> "Removal": return cls()
    def check(self): raise NotFound(SecretCode.SECRET_NOT_FOUND, "There is none.")

def makes():
    removal = Removal.between()
    removal.check()
class Source(Protocol):
    def pull(self): ...
class Remote(Source):
    def __init__(self, url): self._url = url
class Registry(Remote):
    def pull(self): raise NotFound(SecretCode.SECRET_NOT_FOUND, "There is none.")
def source_of() -> Source: return Registry()
def pulls(): source_of().pull()
def loops(): again()
def again():
    loops()
    direct()
"""
CODES = {
    "SecretCode.SECRET_NOT_FOUND": SecretCode.SECRET_NOT_FOUND,
    "SecretCode.SECRET_IN_USE": SecretCode.SECRET_IN_USE,
    "ActionCode.CHART_STORAGE": ActionCode.CHART_STORAGE,
}


def test_codes_are_followed_through_calls_fields_and_failed_actions(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/example.py").write_text(SOURCE)
    sources = Sources(tmp_path, {**CODES})
    names = ("direct", "compares", "fails", "passes_on", "makes", "pulls", "loops")
    assert {name: sources.codes_of(f"app.example.{name}") for name in names} == {
        "direct": {"secret_not_found"},
        "compares": set(),
        "fails": set(),
        "passes_on": {"chart_storage"},
        "makes": {"secret_not_found"},
        "pulls": {"secret_not_found"},
        "loops": {"secret_not_found"},
    }
