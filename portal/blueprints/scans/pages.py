"""One page of a pile: its picture, and finding its place by hand."""

from collections.abc import Iterator

from flask import Response, abort, flash, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from portal.blueprints.scans import bp
from portal.blueprints.scans.loading import page_of, readable, writable
from portal.domain.access.roles import Permission as P
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.price_protection.scans import placing, showing
from portal.domain.price_protection.scans.models import ScanFile, ScanPage, ScanPile
from portal.extensions import db
from portal.web import files
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id


@bp.get(f"/<{ROW}:pile_id>/pages/<{ROW}:page_id>.jpg")
@requires(P.AGREEMENTS_READ)
def picture(pile_id: int, page_id: int) -> Response:
    """The page's small picture; it never changes."""
    page = page_of(readable(pile_id), page_id)
    document = db.session.get(Document, page.preview_id) if page.preview_id else None
    response = Response(
        documents.content(db.session, document) if document else abort(404), mimetype="image/jpeg"
    )
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


@bp.get(f"/<{ROW}:pile_id>/files/<{ROW}:file_id>")
@requires(P.AGREEMENTS_READ)
def original(pile_id: int, file_id: int) -> Response:
    """A file as it was uploaded, a piece at a time."""
    pile = readable(pile_id)
    file = db.session.get(ScanFile, file_id)
    if file is None or file.pile_id != pile.id or file.document is None:
        abort(404)
    document = file.document
    response = Response(
        stream_with_context(_sent(document.sha256, document.size)), mimetype=document.media_type
    )
    response.content_length = document.size
    files.name(response, file.filename)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _sent(sha256: str, size: int) -> Iterator[bytes]:
    """The pieces, without a transaction that lasts as long as the reader is slow."""
    for piece in documents.piece_by_piece(db.session, sha256, size):
        db.session.rollback()
        yield piece


@bp.get(f"/<{ROW}:pile_id>/pages/<{ROW}:page_id>")
@requires(P.PAPERS_HANDLE)
def page(pile_id: int, page_id: int) -> ResponseReturnValue:
    """The page large, beside a search box for the paper that it belongs to."""
    pile = writable(pile_id)
    return _shown(pile, page_of(pile, page_id), FlaskForm())


def _shown(pile: ScanPile, page: ScanPage, form: FlaskForm) -> ResponseReturnValue:
    words = request.args.get("q", "")[:80]
    [shown] = showing.pictures(db.session, showing.page_query(page))
    return render(
        "scans/page.html",
        fragment="scans/_places.html",
        form=form,
        pile=pile,
        shown=shown,
        words=words,
        places=placing.places(db.session, actor(), words),
        suggested=placing.suggestions(db.session, actor(), [page.id]).get(page.id),
        marks=showing.marks_of(db.session, page),
    )


@bp.post(f"/<{ROW}:pile_id>/pages/<{ROW}:page_id>")
@requires(P.PAPERS_HANDLE)
def place(pile_id: int, page_id: int) -> ResponseReturnValue:
    """Put the page where it belongs, set it aside, or take that back; on to the next that waits."""
    pile = writable(pile_id)
    found = page_of(pile, page_id)
    form = FlaskForm()
    deed = request.form.get("deed", "place")

    def work() -> bool:
        if deed == "aside":
            placing.set_aside(db.session, actor(), pile, found)
        elif deed == "back":
            placing.take_back(db.session, actor(), pile, found)
        else:
            placing.place(
                db.session,
                actor(),
                pile,
                found,
                code=request.form.get("paper", ""),
                page_no=as_id(request.form.get("page_no", "")),
            )
        return True

    if not (form.validate_on_submit() and submit(form, work)):
        pile = writable(pile_id)
        return _shown(pile, page_of(pile, page_id), form)
    flash(
        {
            "aside": _("The page is set aside; it stays with the pile."),
            "back": _("The page waits for its place again."),
        }.get(deed, _("The page has its place."))
    )
    if deed == "back":
        return leave(url_for("scans.page", pile_id=pile_id, page_id=page_id))
    after = db.session.scalar(placing.unplaced(writable(pile_id)).limit(1))
    if after is None or request.form.get("from") == "pile":
        return leave(url_for("scans.detail", id=pile_id, _anchor="unplaced" if after else None))
    return leave(url_for("scans.page", pile_id=pile_id, page_id=after.id))
