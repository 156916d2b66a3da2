"""Prepares texts from other sources to be stored and shown. Postgres stores every character but U+0000."""

import re

NUL = "\0"
_WHOLE_OBJECT = re.compile(r'patch: Invalid value: "(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)
_WITHOUT_IT = "patch: Invalid value: (the object, which is not shown)"


def without_nul(text: str) -> str:
    return text.replace(NUL, "")


def without_objects(words: str) -> str:
    """Removes the objects that an API server quotes in its message. If a patch does not fit, it quotes the whole object
    as it is on the cluster: everything that a Secret holds, no matter who wrote it."""
    return _WHOLE_OBJECT.sub(_WITHOUT_IT, words)
