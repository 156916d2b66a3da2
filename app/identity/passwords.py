"""Checks and hashes passwords, in threads, so that the event loop is not blocked."""

import os
import secrets
import threading
import unicodedata
from functools import cached_property

from pwdlib import PasswordHash

from app.core.errors import Problem
from app.identity.threads import Threads

SHORTEST, LONGEST = 15, 256
"""Characters. NIST SP 800-63B (2025) requires 15 if the password is the only factor, and no mix of characters."""
_LOOKED_AT = 72
"""The limit of zxcvbn. A password whose first 72 characters are hard to guess is hard to guess."""
_HARD_TO_GUESS = 3
"""A score of zxcvbn, from 0 to 4: more than 10^8 guesses."""
_MOST_WAITING = 64


class Passwords:
    """A hash intentionally takes about 50 ms of a core and 64 MB. A few are computed at once, and a limited number
    waits."""

    def __init__(self) -> None:
        self._hasher = PasswordHash.recommended()
        self._threads = Threads("passwords", at_once=max(2, (os.cpu_count() or 1) // 2), waiting=_MOST_WAITING)
        self._guessing = threading.Lock()

    async def hash(self, password: str) -> str:
        return await self._threads.run(lambda: self._hasher.hash(_bytes_of(password)))

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """Returns whether the password matches, and a new hash if the stored one uses outdated parameters.

        It takes the same time if there is no hash to compare with.
        """

        def verify() -> tuple[bool, str | None]:
            nobodys = self._nobodys  # the first caller computes it, whether there is a hash or not
            matches, newer = self._hasher.verify_and_update(_bytes_of(password), hashed or nobodys)
            return (matches, newer) if hashed else (False, None)

        return await self._threads.run(verify)

    async def problem(self, password: str, name: str, *path: str) -> Problem | None:
        """Returns the problem with a new password for the user with this name, or None."""
        if not SHORTEST <= len(password) <= LONGEST:
            return Problem(path, f"A password has {SHORTEST} to {LONGEST} characters of any kind.")
        if await self._threads.run(lambda: self._is_easy(password, name)):
            return Problem(path, "This password is easy to guess. Use several unusual words.")
        return None

    def close(self) -> None:
        self._threads.close()

    def _is_easy(self, password: str, name: str) -> bool:
        from zxcvbn import zxcvbn  # its lists of common passwords are loaded on first use

        with self._guessing:  # it keeps the caller's words in a global variable
            score: int = zxcvbn(password[:_LOOKED_AT], [name, "polyhelm"])["score"]
        return score < _HARD_TO_GUESS

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_bytes())


def _bytes_of(password: str) -> bytes:
    """Encodes a password in the same way for every keyboard. Lone surrogates, which JSON may contain, are allowed."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
