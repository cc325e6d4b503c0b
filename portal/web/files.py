"""Files that the browser shows or keeps."""

from collections.abc import Iterator
from urllib.parse import quote

from flask import Response, stream_with_context

from portal.domain.jobs import kept
from portal.domain.jobs.models import JobFile
from portal.extensions import db


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


def of_job(file: JobFile) -> Response:
    """A file that a task made, a piece at a time; a PDF is shown, anything else is kept by the browser."""
    # What is said of it is read before its first piece ends the transaction.
    media_type, size, filename = file.media_type, file.size, file.filename
    pieces: Iterator[bytes] = kept.pieces(db.session(), file.id, file.pieces)
    response = Response(stream_with_context(pieces), mimetype=media_type)
    response.content_length = size
    name(response, filename, "inline" if media_type == "application/pdf" else "attachment")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
