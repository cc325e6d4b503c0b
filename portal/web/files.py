"""Files that the browser shows or keeps."""

from urllib.parse import quote

from flask import Response


def name(response: Response, filename: str, kind: str = "inline") -> None:
    """Say what a response's file is called; the name may be Chinese (RFC 5987)."""
    plain = filename.encode("ascii", "ignore").decode().replace('"', "").strip() or "file"
    names = {"filename": plain}
    if plain != filename:
        names["filename*"] = f"UTF-8''{quote(filename, safe='')}"
    response.headers.set("Content-Disposition", kind, **names)


def shown(data: bytes, media_type: str, filename: str) -> Response:
    """A file shown by the browser, kept by nobody on the way."""
    response = Response(data, mimetype=media_type)
    name(response, filename)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
