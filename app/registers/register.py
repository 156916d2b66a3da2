"""Registers: enums whose members have a sentence that says what they mean. Their values are part of the API."""

from enum import StrEnum
from typing import Self


class Registered(StrEnum):
    """A base of registers. A member is written as its value and its sentence."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class ErrorCode(Registered):
    """A base of registers of what can go wrong."""


class EventKind(Registered):
    """A base of registers of what can happen."""
