"""What somebody sent, kept on the page that could not take it, so that nobody types it again."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

MOST = 512 * 1024  # characters; a page beyond that would be slower than typing again
_SECRET = ("password", "current", "again")


@dataclass(frozen=True)
class Kept:
    """A form as it was sent: where to, what was typed, which files have to be chosen again."""

    action: str
    entries: list[tuple[str, str]]
    files: list[tuple[str, str]]


def kept() -> Kept | None:
    """The form of this request, to be sent once more; None when there is none, or none of ours.

    Only what a page of this site sent is offered back: the answer carries a fresh token, and a form forged
    elsewhere must not get it. Passwords are never given back.
    """
    if request.method != "POST" or not _is_from_here():
        return None
    entries = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and name not in _SECRET
    ]
    files = [(name, file.filename or "") for name, file in request.files.items(multi=True) if file.filename]
    is_secret = any(name in _SECRET for name in request.form)
    if is_secret or not (entries or files) or sum(len(value) for _name, value in entries) > MOST:
        return None
    return Kept(request.full_path.rstrip("?"), entries, files)


def _is_from_here() -> bool:
    """Whether the browser says that a page of this site sent this; without a word of it, no."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    sender = request.headers.get("Origin") or request.referrer or ""
    try:
        return urlsplit(sender).netloc == request.host
    except ValueError:
        return False
