"""Signed papers and statements filed by the pile: upload, see what came back, place what is unread, file, remind."""

from flask import Blueprint, request

bp = Blueprint("scans", __name__, url_prefix="/agreements/scans")

# A pile of 300 pages in colour at 300 dpi; every other page of the portal takes 64 MB.
MOST_BYTES = 512 * 1024 * 1024


@bp.url_value_preprocessor
def _take_more(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Before anything looks at the form: the limit holds for what is read, not for what was."""
    if endpoint in ("scans.new", "scans.add"):
        request.max_content_length = MOST_BYTES


from portal.blueprints.scans import pages, piles, reminding  # noqa: E402, F401
