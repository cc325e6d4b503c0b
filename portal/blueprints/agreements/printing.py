"""Printing several originals at once, from the list."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.blueprints.agreements import bp
from portal.blueprints.agreements.forms import PrintForm
from portal.blueprints.agreements.record import inline
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.price_protection import queries, steps
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payload import current_paper
from portal.extensions import db
from portal.printing.joining import join
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.tables import ids

MOST_AT_ONCE = 100


def _ticked(permission: P) -> list[Agreement]:
    """The agreements that the address names, as far as this user reaches them; in the order of their numbers."""
    ticked = ids()
    if len(ticked) > MOST_AT_ONCE:
        raise DomainError("At most %(most)s originals are printed at once.", most=MOST_AT_ONCE)
    found = queries.agreements_visible_to(actor(), permission).where(Agreement.id.in_(ticked))
    return list(db.session.scalars(found.order_by(Agreement.number)))


@bp.route("/print", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def print_many() -> ResponseReturnValue:
    """Which of the ticked agreements have an original; printing is recorded on each, then on to one file."""
    ticked = _ticked(P.AGREEMENTS_WRITE)
    ready = [agreement for agreement in ticked if steps.is_printable(agreement)]
    form = PrintForm(data={"copies": 2})
    if request.method == "POST" and ready and form.validate():

        def work() -> bool:
            for agreement in ready:
                steps.record_print(db.session, actor(), agreement, form.copies.data)
            return True

        if submit(form, work):
            return leave(url_for("agreements.originals", id=[agreement.id for agreement in ready]))
    return render(
        "agreements/print.html",
        form=form,
        ready=[(agreement, current_paper(agreement)) for agreement in ready],
        others=[agreement for agreement in ticked if agreement not in ready],
    )


@bp.get("/originals.pdf")
@requires(P.AGREEMENTS_READ)
def originals() -> Response:
    """The originals of these agreements in one file, in the order of their numbers."""
    papers = [current_paper(agreement) for agreement in _ticked(P.AGREEMENTS_READ)]
    kept = [documents.content(db.session, paper.document) for paper in papers if paper is not None]
    if not kept:
        raise DomainError("There is no approved original to print yet.")
    db.session.rollback()
    joined, _pages = join(kept)
    return inline(joined, "application/pdf", f"PPA-{today()}.pdf")
