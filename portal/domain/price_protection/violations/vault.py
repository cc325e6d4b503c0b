"""Sealing what must stay unread in the database: AES-256-GCM under a key of its own, which lies in a file (P5)."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.later import later

aead = later("cryptography.hazmat.primitives.ciphers.aead")

KEY_BYTES = 32
_NONCE = 12
# What is sealed is filled up to a multiple of these, so that its length tells nothing: facts, and files.
FACTS, FILES = 8 * 1024, 64 * 1024


class Vault:
    """Seals and opens under one key; what it sealed opens only for the purpose it was sealed for."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key of {len(key)} bytes")
        self._cipher_key = hmac.digest(key, b"portal: seal", "sha256")
        self._mac_key = hmac.digest(key, b"portal: compare", "sha256")
        # Which key it was, for whoever finds that it is another one by now.
        self.key_id = hmac.digest(key, b"portal: name", "sha256").hex()[:16]

    def seal(self, plain: bytes, purpose: str, *, filled_to: int = FACTS) -> bytes:
        """Seal these bytes for a purpose (`case:7:reporter`)."""
        size = len(plain).to_bytes(8, "big")
        filled = (size + plain).ljust(-(-(len(plain) + 8) // filled_to) * filled_to, b"\0")
        nonce = secrets.token_bytes(_NONCE)
        sealed: bytes = aead.AESGCM(self._cipher_key).encrypt(nonce, filled, purpose.encode())
        return nonce + sealed

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Give back what was sealed for this purpose; DomainError with another key, or when it was changed."""
        try:
            filled = aead.AESGCM(self._cipher_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except Exception:
            # Not chained: nothing of what was sealed, or of how it failed, gets into a log.
            raise DomainError(
                N_(
                    "This was sealed with another key, or was changed. Ask the administrator to put the key file of"
                    " reporters back."
                )
            ) from None
        size = int.from_bytes(filled[:8], "big")
        return bytes(filled[8 : 8 + size])

    def mark(self, text: str) -> str:
        """A mark by which equal texts are found again and from which, without the key, nothing is learnt."""
        return hmac.digest(self._mac_key, text.encode(), "sha256").hex()


def read_key(path: Path) -> bytes | None:
    """The key in this file; None where there is no file. DomainError when it holds no key."""
    try:
        said = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        said = ""
    try:
        key = bytes.fromhex(said)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise DomainError(N_("The key file of reporters cannot be read, or holds no key."))
    return key


def make_key(path: Path) -> bytes:
    """Make the key, readable by its owner only; of two who make it at once, both end up with the first one's."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    found = read_key(path)
    assert found is not None
    return found


def sha256(data: bytes) -> str:
    """The hash of a content, in hexadecimal; kept sealed with what it is the hash of."""
    return hashlib.sha256(data).hexdigest()
