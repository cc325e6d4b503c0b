"""Whether an agreement on one sheet, front and back, fits on it: found by printing it, before anybody decides on it."""

from portal.db import now
from portal.domain.errors import DomainError
from portal.domain.price_protection import sheet_fit
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payload import payload
from portal.domain.templates.services import parsed
from portal.extensions import db
from portal.printing.agreement import SHEET_PAGES, is_one_sheet, refusal, render_agreement
from portal.web.access import actor
from portal.web.htmx import say, submit


def too_long(agreement: Agreement) -> str:
    """Why the saved draft does not fit on its sheet, with what to do; empty when it fits or has pages to spare.

    Prints it (half a second) outside any transaction. That it is too long is kept with its record.
    """
    if not is_one_sheet(parsed(agreement.template.text)):
        return ""
    data, text, number = payload(db.session, agreement), agreement.template.text, agreement.number
    db.session.rollback()
    try:
        made = render_agreement(data, text, number=number, draft=True, made_at=now())
    except DomainError as error:
        return say(error)
    if made.pages <= SHEET_PAGES:
        return ""
    submit(None, lambda: sheet_fit.keep(db.session, actor(), agreement, made.pages))
    return say(refusal(made.pages))
