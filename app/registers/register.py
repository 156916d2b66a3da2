"""Registers: enums whose members have a sentence that explains them. Their values are part of the API."""

from enum import StrEnum
from typing import Self


class Registered(StrEnum):
    """The base class of registers. A member is written as its value and its sentence."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class ErrorCode(Registered):
    """The base class of registers of errors."""


class EventKind(Registered):
    """The base class of registers of events."""
