"""Takes values of secrets out of words that may quote them: Helm's, an API server's, a rendered manifest's."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

from app.releases.references import HIDDEN

_SHORT = 6
"""A text below so many characters is taken out only where it stands alone: `on` is a part of too many words."""


class Scrubber:
    """Knows some texts that must not be shown. It is made for one use, and forgotten with it."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        forms = {form for text in texts for form in _forms(text)}
        # The longest first: a text may hold another.
        patterns = [_pattern(form) for form in sorted(forms, key=len, reverse=True)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def clean(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def __repr__(self) -> str:
        return "Scrubber()"


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _SHORT else rf"(?<![0-9A-Za-z_]){escaped}(?![0-9A-Za-z_])"


def _forms(text: str) -> Iterator[str]:
    """A text as it is, in base64, quoted as JSON, YAML, Go and URLs do, and line by line."""
    if not text.strip():
        return
    for plain in {text, text.strip(), *(line.strip() for line in text.splitlines() if len(line.strip()) >= _SHORT)}:
        yield plain
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield plain.replace("'", "''")
        yield quote(plain, safe="")
        yield quote_plus(plain)
    yield from _encoded(text.encode(), base64.b64encode)
    yield from _encoded(text.encode(), base64.urlsafe_b64encode)


def _encoded(raw: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """In base64: alone, and within something longer, where its letters depend on where it begins."""
    yield encode(raw).decode().rstrip("=")
    for before in range(3):
        # Letters that stand for what is before or after it, too, are left out.
        whole = encode(bytes(before) + raw)[: (before + len(raw)) // 3 * 4][4 if before else 0 :]
        if len(whole) >= _SHORT:
            yield whole.decode()


NOTHING = Scrubber()
