"""Short signed texts for QR codes: capital letters and digits, as codes hold them shortest and scanners type them."""

import base64
import binascii
import hmac
import re

from portal.domain.text import half_width

_MAC = 12
_SAID = re.compile(r"[A-Z2-7]+")


def write(prefix: str, key: bytes, purpose: bytes, body: bytes) -> str:
    """The text of a code: the prefix, then body and signature; `purpose` keeps one kind from passing for another."""
    return prefix + base64.b32encode(body + _signature(key, purpose, body)).decode().rstrip("=")


def read(prefix: str, key: bytes, purpose: bytes, size: int, text: str) -> bytes | None:
    """The body, `size` bytes, of a scanned code that we signed; None for any other. Never an exception."""
    said = half_width(text).strip().upper()
    if not said.startswith(prefix) or not _SAID.fullmatch(said := said[len(prefix) :]):
        return None
    try:
        raw = base64.b32decode(said + "=" * (-len(said) % 8))
    except binascii.Error:
        return None
    if len(raw) != size + _MAC or base64.b32encode(raw).decode().rstrip("=") != said:
        return None
    body, mac = raw[:size], raw[size:]
    return body if hmac.compare_digest(mac, _signature(key, purpose, body)) else None


def _signature(key: bytes, purpose: bytes, body: bytes) -> bytes:
    return hmac.digest(key, purpose + body, "sha256")[:_MAC]
