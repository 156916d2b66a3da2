"""Requests that are refused before GraphQL executes them, with errors in the format of GraphQL."""

from collections.abc import Mapping

from cross_web import HTTPException

from app.registers.register import ErrorCode

CLOSING = {"Connection": "close"}
"""A refusal of a request whose rest is not read."""


class Refusal(HTTPException):
    """`reason` is a sentence that suggests a solution."""

    def __init__(self, status: int, code: ErrorCode, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, reason)
        self.code = code
        self.headers = dict(headers or {})
