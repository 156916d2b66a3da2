"""Texts that others chose, as they can be kept and shown. Postgres keeps every character but U+0000."""

import re

NUL = "\0"
_WHOLE_OBJECT = re.compile(r'patch: Invalid value: "(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)
_WITHOUT_IT = "patch: Invalid value: (the object, which is not shown)"


def without_nul(text: str) -> str:
    return text.replace(NUL, "")


def without_objects(words: str) -> str:
    """Words of an API server without the objects that it quotes. Where a patch does not fit, it quotes all of the
    object as it is on the cluster: everything that a Secret holds, whoever wrote it."""
    return _WHOLE_OBJECT.sub(_WITHOUT_IT, words)
