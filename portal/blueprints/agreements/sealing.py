"""The electronic seal of an original as its record shows it, and putting it on later."""

from dataclasses import dataclass

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp, loading, words
from portal.domain.access.roles import Permission as P
from portal.domain.electronic_seals import services as seals
from portal.domain.electronic_seals.models import ElectronicSeal
from portal.domain.errors import DomainError
from portal.domain.price_protection.electronic_sealing import AnyPaper, is_sealable
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payload import current_paper
from portal.extensions import db
from portal.web import papers
from portal.web.access import actor, requires
from portal.web.htmx import leave, submit
from portal.web.requests import ROW


@dataclass(frozen=True)
class Shown:
    """What a record says of its original's electronic seal; nothing where the company has never had one."""

    seal: ElectronicSeal | None = None
    # It could carry one and does not; `may_seal`: this user puts it on.
    is_missing: bool = False
    may_seal: bool = False


def shown(paper: AnyPaper | None, *, may_approve: bool) -> Shown:
    """The seal of the original in use."""
    if paper is None:
        return Shown()
    seal = seals.seal_of(db.session, paper.document_id)
    is_missing = seal is None and papers.seal_files() is not None and is_sealable(paper)
    return Shown(seal, is_missing, is_missing and may_approve)


def tell_approved(agreement: Agreement, kind: str, number: str) -> None:
    """Say that the original is on file, and why without its seal when it should carry one."""
    event = next(event for event in agreement.events if event.kind == kind)
    because = words.unsealed_because(event.params)
    if not because:
        flash(_("%(number)s is approved and its original is on file.", number=number))
        return
    flash(
        _(
            "%(number)s is approved and its original is on file, but %(because)s. Put that right, then choose"
            " “Seal electronically” on this page.",
            number=number,
            because=because,
        ),
        "warning",
    )


@bp.post(f"/<{ROW}:id>/seal")
@requires(P.AGREEMENTS_APPROVE)
def seal_original(id: int) -> ResponseReturnValue:
    """Put the electronic seal on an original that was kept without."""
    agreement = loading.permitted(id, P.AGREEMENTS_APPROVE)
    put_on(current_paper(agreement), agreement.number)
    return leave(url_for("agreements.detail", id=id))


def put_on(paper: AnyPaper | None, number: str) -> None:
    """Seal this original and say so, or refuse."""

    def work() -> bool:
        if paper is None:
            raise DomainError("There is no approved original to print yet.")
        papers.seal_later(paper, actor())
        return True

    submit(None, work)
    flash(_("%(number)s: the original carries the electronic seal now.", number=number))
