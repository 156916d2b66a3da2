"""Texts that others chose, as they can be kept: Postgres keeps every character but U+0000."""

NUL = "\0"


def without_nul(text: str) -> str:
    return text.replace(NUL, "")
