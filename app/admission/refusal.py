"""Requests that are refused before GraphQL has a say, in the words of GraphQL all the same."""

from collections.abc import Mapping

from cross_web import HTTPException

from app.registers.register import ErrorCode

CLOSING = {"Connection": "close"}
"""For a request of which the rest is not read."""


class Refusal(HTTPException):
    """`reason` is a sentence that says what to do."""

    def __init__(self, status: int, code: ErrorCode, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, reason)
        self.code = code
        self.headers = dict(headers or {})
