"""Encryption of credentials at rest: AES-256-GCM under a ring of keys.

A sealed value carries the id of its key. The associated data binds it to its row, so that the credentials of one row
cannot be moved to another.
"""

import base64
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEYS_FILE = "encryption.keys"
_NONCE_BYTES = 12


class KeyRingError(Exception):
    """The key ring is malformed, or lacks the key that a value was encrypted with. The message suggests a solution."""


class TamperedError(KeyRingError):
    """The stored data of a row was changed, or was encrypted for another row."""


@dataclass(frozen=True)
class Sealed:
    key_id: str
    data: bytes  # nonce, ciphertext and tag


class KeyRing:
    """The first key encrypts; all keys decrypt.

    `on_tampering` is called with the row (`table:id`) whenever encrypted data that was changed or swapped is decrypted.
    """

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise KeyRingError("The key ring is empty. Set POLYHELM_ENCRYPTION_KEYS to at least one key.")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.current = next(iter(keys))
        self.on_tampering: Callable[[str], None] = lambda row: None

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Reads `id:base64,id:base64,…`.

        Raises:
            KeyRingError: An entry is not an id and 32 bytes in base64. No message quotes a key.
        """
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(filter(None, text.split(",")), start=1):
            key_id, colon, encoded = entry.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except ValueError:  # not base64, or not ASCII
                key = b""
            if not (key_id and colon and len(key) == 32) or key_id in keys:
                raise KeyRingError(
                    f"Entry {number} of POLYHELM_ENCRYPTION_KEYS must be `id:base64`: a unique id and 32 bytes."
                )
            keys[key_id] = key
        return cls(keys)

    @classmethod
    def kept_in(cls, folder: Path) -> "KeyRing":
        """Returns the ring stored in a file that only its owner can read. Creates the file if it does not exist."""
        path = folder / KEYS_FILE
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            entry = f"local-1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
            # Each process writes its own draft (process ids repeat in containers that share the directory), with mode
            # 0600.
            with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".tmp", delete=False) as file:
                draft = Path(file.name)
                file.write(entry)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # the first process wins, and all read the same key
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return cls.parse(path.read_text())

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._ciphers

    def seal(self, plain: bytes, bound_to: str) -> Sealed:
        """Encrypts with the current key. `bound_to` names the row of the data, as `table:id`."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self.current]
        return Sealed(self.current, nonce + cipher.encrypt(nonce, plain, bound_to.encode()))

    def open(self, sealed: Sealed, bound_to: str) -> bytes:
        """Decrypts the data of a row.

        Raises:
            TamperedError: The data was not encrypted for that row.
            KeyRingError: The key is not in the ring.
        """
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise KeyRingError(
                f"The credentials of {bound_to} were encrypted with the key {sealed.key_id!r}, which is not in"
                " POLYHELM_ENCRYPTION_KEYS. Add it after the first key, then run `polyhelm rekey`."
            )
        nonce, data = sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, data, bound_to.encode())
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
            if ":" in bound_to:  # browsers can send any header
                self.on_tampering(bound_to)
            raise TamperedError(f"The credentials of {bound_to} were changed or belong to another row.") from None
