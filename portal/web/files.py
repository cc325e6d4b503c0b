"""Files that the browser shows or keeps."""

from flask import Response


def shown(data: bytes, media_type: str, filename: str) -> Response:
    """A file shown by the browser, kept by nobody on the way."""
    response = Response(data, mimetype=media_type)
    response.headers.set("Content-Disposition", "inline", filename=filename)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
