"""Answers go out compressed to browsers that take it: a server of Python's own has nobody in front to do it.

Brotli makes a page a sixth smaller than gzip in the same time; browsers take it over HTTPS and from this machine.
"""

import secrets
import struct
import zlib
from functools import lru_cache
from pathlib import Path

import brotli
import deflate
from flask import Flask, Response, current_app, request

_TYPES = {
    *("text/html", "text/css", "text/csv", "text/plain", "text/javascript", "application/javascript"),
    *("application/json", "image/svg+xml"),
}
_WORTH_IT = 600  # bytes; below, the head of the format eats the gain
_PAGE_LEVEL, _FILE_LEVEL = 5, 9
_PAGE_HEAD = (
    b"\x1f\x8b\x08\x08" + bytes(5) + b"\xff"
)  # gzip: deflated, with a name, at no time, by no known system


def _page(body: bytes) -> bytes:
    """A page, packed with a name of random length: what an eavesdropper could measure says nothing of its secrets."""
    # Beside the token of a form stands what somebody else may have put into the address (the BREACH attack).
    name = secrets.token_hex(secrets.randbelow(50) + 1)
    # zlib takes half as long again and packs a little worse.
    packed = deflate.deflate_compress(body, _PAGE_LEVEL)
    return b"".join(
        (
            _PAGE_HEAD,
            name.encode(),
            b"\0",
            packed,
            struct.pack("<LL", deflate.crc32(body), len(body) & 0xFFFFFFFF),
        )
    )


def _page_br(body: bytes) -> bytes:
    """The same with Brotli, which has no place for a name: a remark of random length follows the page."""
    remark = secrets.token_hex(secrets.randbelow(50) + 1)
    # A window of 64 kB holds most pages whole and is searched in half the time that a larger one takes.
    packed: bytes = brotli.compress(b"%s<!--%s-->" % (body, remark.encode()), quality=5, lgwin=16)
    return packed


@lru_cache(maxsize=32)
def _file(path: Path, _changed: int) -> bytes:
    """A static file, packed once in the life of a worker."""
    return _always_the_same(path.read_bytes())


@lru_cache(maxsize=2)
def _always_the_same(body: bytes) -> bytes:
    packer = zlib.compressobj(_FILE_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def init_app(app: Flask) -> None:
    """Pack what is text, long enough and wanted so."""

    @app.after_request
    def pack(response: Response) -> Response:
        if response.mimetype not in _TYPES or response.status_code not in (200, 404, 422, 500):
            return response
        response.vary.add("Accept-Encoding")
        takes_br = response.mimetype == "text/html" and request.accept_encodings["br"] > 0
        takes_any = takes_br or request.accept_encodings["gzip"] > 0
        if not takes_any or "Content-Encoding" in response.headers:
            return response
        encoding = "gzip"
        # Found and answered by Flask: of an address that was refused, nothing leads to a file.
        if request.endpoint == "static" and response.status_code == 200:
            path = Path(current_app.static_folder or "") / (request.view_args or {}).get("filename", "")
            packed = _file(path, path.stat().st_mtime_ns)
        elif response.is_streamed or response.direct_passthrough:
            return response
        else:
            body = response.get_data()
            if len(body) < _WORTH_IT:
                return response
            if request.endpoint == "stylesheet":
                packed = _always_the_same(body)
            elif takes_br:
                encoding, packed = "br", _page_br(body)
            else:
                packed = _page(body)
        response.direct_passthrough = False
        etag = response.get_etag()[0]
        response.set_data(packed)
        response.headers["Content-Encoding"] = encoding
        if etag:  # of another representation, to be told from the plain one
            response.set_etag(f"{etag}-{encoding}")
        return response
