"""What is made of an Idempotency-Key: where its answer is found, and how nobody else reads it.

The key itself is never kept. An answer may hold what is told once, as a new API key is, and the fingerprint
of a request with a password would let that be guessed: both are made with the key, which its sender has.
"""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class RequestKey:
    """One key of one asker. The same key of somebody else is another one."""

    def __init__(self, who: str, key: str) -> None:
        self._secret = hashlib.sha256(f"{who}\n{key}".encode()).digest()
        self.id = self._derived(b"id").hex()
        """What the answer is kept under."""

    def fingerprint(self, method: str, target: str, body_sha256: bytes) -> str:
        """Of a request; `target` is its path with its query."""
        return self._derived(f"request\n{method} {target}\n".encode() + body_sha256).hex()

    def seal(self, plain: bytes) -> bytes:
        """Encrypts with AES-256-GCM, under a nonce of its own."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._derived(b"answer")).encrypt(nonce, plain, None)

    def unseal(self, sealed: bytes) -> bytes:
        """What was sealed with the same key."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(self._derived(b"answer")).decrypt(nonce, rest, None)

    def _derived(self, use: bytes) -> bytes:
        return hmac.new(self._secret, use, hashlib.sha256).digest()
