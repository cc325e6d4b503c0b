"""Finding distributors and agreements by what people remember of them."""

from flask import redirect, request
from flask.typing import ResponseReturnValue

from portal.blueprints.search import bp
from portal.blueprints.search.hits import found
from portal.extensions import db
from portal.web.access import actor, signed_in
from portal.web.htmx import render

SHOWN = 20
SUGGESTED = 10


@bp.get("", strict_slashes=False)
@signed_in
def index() -> ResponseReturnValue:
    """What the words find; the only hit, or the record whose number was typed, opens at once."""
    words = request.args.get("q", "").strip()[:80]
    kinds = found(db.session, actor(), words, SHOWN)
    meant = [hit for kind in kinds for hit in kind.hits if hit.is_meant]
    if sum(kind.total for kind in kinds) == 1:
        meant = [hit for kind in kinds for hit in kind.hits]
    if len(meant) == 1:
        return redirect(meant[0].url, 303)
    return render("search/index.html", search_words=words, kinds=[kind for kind in kinds if kind.hits])


@bp.get("/suggestions")
@signed_in
def suggestions() -> ResponseReturnValue:
    """The likeliest hits while somebody types, as the box shows them."""
    words = request.args.get("q", "").strip()[:80]
    hits = [hit for kind in found(db.session, actor(), words, SUGGESTED) for hit in kind.hits]
    return {"hits": [{"url": hit.url, "title": hit.title, "note": hit.hint} for hit in hits[:SUGGESTED]]}
