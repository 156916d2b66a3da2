"""Keeps values of secrets out of texts that may quote them: messages of Helm and of API servers, and rendered
manifests.

Values that are quoted in the ways of common programs are replaced in place. Then the rest is decoded in every way that
charts encode in, and compared without white space and punctuation. If a value is still found, the whole text is
withheld.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from app.releases.decoding import EndlessError, decodings
from app.releases.references import HIDDEN
from app.yaml.reading import Bounds, YamlError, read

WITHHELD = "This text contains values of secrets and is not shown."

_SHORT = 6
"""A text with fewer characters is searched only as a whole word: `on` is part of too many words."""
_LONG = 24
"""Of a text with more letters and digits than this, parts are found, too."""
_BLOCK = 12
_MOST_COVERED = 4096
"""The maximum length, in characters, of a secret that is replaced in place."""
_MOST_SEARCHES = 200
_MOST_DECODED = 30_000
"""The maximum number of characters of secrets that are decoded, to also search for the results."""
_DECODED = 8
"""The minimum number of letters and digits in a text that is decoded from the bytes of a secret, such as from base64,
and searched by itself."""

_NOT_LETTERS = re.compile(r"[\W_]+")
_SPACE = re.compile(r"\s+")
_SMALL = Bounds(nodes=1000, depth=20)


class Scrubber:
    """Knows texts that must not be shown. Create one for each use, and drop it afterwards."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        known = tuple(dict.fromkeys(text for text in texts if text.strip()))
        forms = {form for text in known if len(text) <= _MOST_COVERED for form in _forms(text)}
        # The longest first: a text may contain another.
        patterns = [_pattern(form) for form in sorted(forms, key=len, reverse=True)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None
        self._finder = _Finder(known) if known else None

    def __bool__(self) -> bool:
        """Whether it knows any text."""
        return self._finder is not None

    def clean(self, text: str, *, instead: str = WITHHELD) -> str:
        """The text without any of the known texts; `instead` if they cannot be removed from it."""
        if self._finder is None:
            return text
        covered = self._pattern.sub(HIDDEN, text) if self._pattern else text
        return instead if self._finder.finds_in(covered) else covered

    def __repr__(self) -> str:
        return "Scrubber()"


class _Finder:
    """Finds texts in any encoding. Also searches for what can be decoded from them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._letters: set[str] = set()
        self._tight: set[str] = set()
        alone: set[str] = set()
        budget = _MOST_DECODED
        for text in texts:
            if len(text.strip()) < _SHORT:
                alone |= {text.strip(), base64.b64encode(text.encode()).decode().rstrip("=")}
                continue
            for part in {text, *_parts(text)}:
                self._learn(part)
                self._learn(part[::-1])
                if (budget := budget - len(part)) < 0:
                    continue
                with suppress(EndlessError):
                    for decoded, from_bytes in decodings(part):
                        if not from_bytes or len(_letters(decoded)) >= _DECODED:
                            self._learn(decoded)
        self._blocks = {needle for needle in self._letters if len(needle) == _BLOCK}
        self._searches = self._letters - self._blocks if len(self._letters) > _MOST_SEARCHES else self._letters
        self._alone = re.compile("|".join(_alone(text) for text in alone)) if alone else None

    def _learn(self, text: str) -> None:
        letters, tight = _letters(text), _SPACE.sub("", text)
        if len(letters) > _LONG:
            ends = range(len(letters), _BLOCK - 1, -_BLOCK)
            self._letters |= {letters[end - _BLOCK : end] for end in ends}
        elif len(letters) >= _SHORT:
            self._letters.add(letters)
        elif len(tight) >= _SHORT:
            self._tight.add(tight)

    def finds_in(self, text: str) -> bool:
        """Whether the text may contain one of them. A text that decodes beyond the bounds counts as containing one."""
        try:
            return any(self._is_in(found, from_bytes) for found, from_bytes in decodings(text))
        except EndlessError:
            return True

    def _is_in(self, text: str, from_bytes: bool) -> bool:
        if self._alone is not None and not from_bytes and self._alone.search(text):
            return True
        tight = _SPACE.sub("", text) if self._tight else ""
        if any(needle in tight for needle in self._tight):
            return True
        letters = _letters(text) if self._letters else ""
        if any(needle in letters for needle in self._searches):
            return True
        if self._searches is self._letters:
            return False
        return any(letters[start : start + _BLOCK] in self._blocks for start in range(len(letters) - _BLOCK + 1))


def _letters(text: str) -> str:
    """The letters and digits of a text, in one case: quoting, folding and indenting do not change them."""
    return _NOT_LETTERS.sub("", text.casefold())


def _alone(form: str) -> str:
    return rf"(?<![0-9A-Za-z_]){re.escape(form)}(?![0-9A-Za-z_])"


def _pattern(form: str) -> str:
    return re.escape(form) if len(form) >= _SHORT else _alone(form)


def _parts(text: str) -> Iterator[str]:
    """Yields what a chart may extract from a value: its lines, the texts in a YAML document, the password in a URL."""
    parts = {line.strip() for line in text.splitlines()}
    with suppress(YamlError):
        parts |= set(_leaves(read(text, _SMALL)))
    with suppress(ValueError):
        parts.add(urlsplit(text.strip()).password or "")
    for part in parts:
        if len(part) >= _SHORT:
            yield part


def _leaves(found: Any) -> Iterator[str]:
    if isinstance(found, Mapping):
        for inner in found.values():
            yield from _leaves(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from _leaves(inner)
    elif isinstance(found, str):
        yield found


def _forms(text: str) -> Iterator[str]:
    """Yields a text as it is, in base64, quoted as in JSON, YAML, Go and URLs, and part by part."""
    for plain in {text, text.strip(), *_parts(text)}:
        yield plain
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield plain.replace("'", "''")
        yield quote(plain, safe="")
        yield quote_plus(plain)
    yield from _encoded(text.encode(), base64.b64encode)
    yield from _encoded(text.encode(), base64.urlsafe_b64encode)


def _encoded(raw: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """Yields a text in base64: alone, and within a longer text, where its letters depend on its offset."""
    yield encode(raw).decode().rstrip("=")
    for before in range(3):
        # Leaves out the letters that also encode bytes before or after the text.
        whole = encode(bytes(before) + raw)[: (before + len(raw)) // 3 * 4][4 if before else 0 :]
        if len(whole) >= _SHORT:
            yield whole.decode()


NOTHING = Scrubber()
