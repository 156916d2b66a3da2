"""Passwords: which are fit to be one, and their hashes, worked out in threads of their own: nobody else waits."""

import os
import secrets
import threading
import unicodedata
from functools import cached_property

from pwdlib import PasswordHash

from app.core.errors import Problem
from app.identity.threads import Threads

SHORTEST, LONGEST = 15, 256
"""Characters. NIST SP 800-63B (2025) asks for 15 where a password is all that is asked for, and for no mixtures."""
_LOOKED_AT = 72
"""zxcvbn takes no more; a password whose first 72 characters are hard to guess is hard to guess."""
_HARD_TO_GUESS = 3
"""Of zxcvbn's scores from 0 to 4: more than 10^8 guesses."""
_MOST_WAITING = 64


class Passwords:
    """A hash takes some 50 ms of a core and 64 MB, on purpose: a few are worked out at once, and some more wait."""

    def __init__(self) -> None:
        self._hasher = PasswordHash.recommended()
        self._threads = Threads("passwords", at_once=max(2, (os.cpu_count() or 1) // 2), waiting=_MOST_WAITING)
        self._guessing = threading.Lock()

    async def hash(self, password: str) -> str:
        return await self._threads.run(lambda: self._hasher.hash(_bytes_of(password)))

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a newer hash of it where the one that is kept is of an older kind. It takes
        as long where there is no hash to hold it against."""

        def verify() -> tuple[bool, str | None]:
            nobodys = self._nobodys  # whoever is the first to ask waits for it, whether there is a hash or not
            matches, newer = self._hasher.verify_and_update(_bytes_of(password), hashed or nobodys)
            return (matches, newer) if hashed else (False, None)

        return await self._threads.run(verify)

    async def problem(self, password: str, name: str, *path: str) -> Problem | None:
        """The problem with a new password of the user with this name, if there is one."""
        if not SHORTEST <= len(password) <= LONGEST:
            return Problem(path, f"A password has {SHORTEST} to {LONGEST} characters, whichever you like.")
        if await self._threads.run(lambda: self._is_easy(password, name)):
            return Problem(
                path, "This password is among the first that somebody would guess: take a few unusual words."
            )
        return None

    def close(self) -> None:
        self._threads.close()

    def _is_easy(self, password: str, name: str) -> bool:
        from zxcvbn import zxcvbn  # its lists of common passwords are not loaded before they are needed

        with self._guessing:  # it keeps the words of whoever asks in a place that all share
            score: int = zxcvbn(password[:_LOOKED_AT], [name, "polyhelm"])["score"]
        return score < _HARD_TO_GUESS

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_bytes())


def _bytes_of(password: str) -> bytes:
    """The same for all ways in which keyboards spell the same characters; for halves of one too: JSON may hold them."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
