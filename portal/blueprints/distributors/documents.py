"""Files kept with a distributor: filed, opened, withdrawn; reached through the record only."""

from io import BytesIO

from flask import abort, flash, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.distributors import bp
from portal.blueprints.distributors.forms import DocumentForm, WithdrawalForm
from portal.blueprints.distributors.loading import readable, writable
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import documents as filing
from portal.domain.distributors.models import Distributor, DistributorDocument
from portal.domain.documents import services as documents
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW

# What a browser shows by itself; everything else is saved.
_SHOWN = {"application/pdf", "image/jpeg", "image/png"}
# By what the file is, not by what it was called.
_ENDINGS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tif"}


def _filed(distributor: Distributor, document_id: int) -> DistributorDocument:
    return next((one for one in distributor.documents_filed if one.id == document_id), None) or abort(404)


@bp.route(f"/<{ROW}:id>/documents/new", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def document_new(id: int) -> ResponseReturnValue:
    """File a scan or a photograph."""
    form = DocumentForm()
    # Read before the first query: a slow upload must not hold the database.
    data = form.file.data.read() if form.file.data else b""
    distributor = writable(id)
    if form.validate_on_submit() and submit(
        form,
        lambda: filing.file(
            db.session,
            actor(),
            distributor,
            data,
            filename=form.file.data.filename or "",
            title=form.title.data,
        ),
    ):
        flash(_("The document has been filed."), "success")
        return leave(url_for(".detail", id=id, _anchor="documents"))
    return render("distributors/document.html", form=form, d=distributor)


@bp.get(f"/<{ROW}:id>/documents/<{ROW}:document_id>")
@requires(P.DISTRIBUTORS_READ)
def document(id: int, document_id: int) -> ResponseReturnValue:
    """The file itself, under its title; `?save` saves it instead of showing it."""
    filed = _filed(readable(id), document_id)
    media_type = filed.document.media_type
    return send_file(
        BytesIO(documents.content(db.session, filed.document)),
        mimetype=media_type,
        as_attachment="save" in request.args or media_type not in _SHOWN,
        download_name=filed.title + _ENDINGS.get(media_type, ""),
        max_age=0,
    )


@bp.route(f"/<{ROW}:id>/documents/<{ROW}:document_id>/withdraw", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def document_withdraw(id: int, document_id: int) -> ResponseReturnValue:
    """Take a document that was filed by mistake off the record, with a reason."""
    distributor = writable(id)
    filed = _filed(distributor, document_id)
    form = WithdrawalForm()

    def withdraw() -> bool:
        filing.withdraw(db.session, actor(), distributor, filed, why=form.why.data)
        return True

    if form.validate_on_submit() and submit(form, withdraw):
        flash(_("The document has been withdrawn."), "success")
        return leave(url_for(".detail", id=id, _anchor="documents"))
    return render("distributors/document_withdraw.html", form=form, d=distributor, filed=filed)
