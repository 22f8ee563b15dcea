"""Seals words and numbers with AES-GCM, and hashes numbers for looking them up.

A sealed value is: one byte of format, four bytes that name the key, twelve of nonce, then the
ciphertext with its tag. What a value is for (`message.words`) is authenticated with it, so that
no sealed value can be moved into another column.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.domain.phone import PhoneNumber

FORMAT = b"\x01"
KEY_ID_BYTES, NONCE_BYTES = 4, 12
HEAD_BYTES = len(FORMAT) + KEY_ID_BYTES
LOOKUP_BYTES = 16


class CannotOpen(Exception):
    """No key of ours opens this value, or it has been changed."""


class Vault:
    """Seals with the first of `keys` (32 bytes each), opens with any of them."""

    def __init__(self, keys: Sequence[bytes], lookup_key: bytes) -> None:
        self._ciphers = {hashlib.sha256(key).digest()[:KEY_ID_BYTES]: AESGCM(key) for key in keys}
        self.current_id = next(iter(self._ciphers))
        self._lookup_key = lookup_key

    def __repr__(self) -> str:
        return f"Vault({len(self._ciphers)} keys)"

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Seal for one purpose, under the current key."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.current_id].encrypt(nonce, plain, purpose.encode())
        return FORMAT + self.current_id + nonce + sealed

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """What was sealed; raises `CannotOpen`."""
        cipher = self._ciphers.get(sealed[len(FORMAT) : HEAD_BYTES])
        if cipher is None or sealed[:1] != FORMAT:
            raise CannotOpen
        nonce = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[HEAD_BYTES + NONCE_BYTES :], purpose.encode())
        except InvalidTag:
            raise CannotOpen from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value is sealed under the current key."""
        return sealed[len(FORMAT) : HEAD_BYTES] == self.current_id

    def phone_key(self, phone: PhoneNumber) -> bytes:
        """The keyed hash under which a number is looked up."""
        return self.sender_key(phone.e164)

    def sender_key(self, sender: str) -> bytes:
        """The same for any sender, a phone number or not."""
        return hmac.digest(self._lookup_key, sender.encode(), "sha256")[:LOOKUP_BYTES]
