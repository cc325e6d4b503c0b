"""Looking at a text as the paper it will be: with the examples, or with the data of a real agreement."""

from dataclasses import dataclass

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from portal.blueprints.own_texts import bp
from portal.blueprints.own_texts.loading import draft_or_404
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.papers.agreement import AgreementPaperData
from portal.domain.price_protection import queries, texts
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payload import payload
from portal.domain.templates import examples
from portal.domain.templates.models import Template, TemplateDraft
from portal.extensions import db
from portal.printing.agreement import render_agreement, render_agreement_html
from portal.web.access import actor, requires
from portal.web.htmx import render, say
from portal.web.requests import ROW


@dataclass(frozen=True)
class Seen:
    """The data that a text is looked at with, and whose it is; or why there is none."""

    data: AgreementPaperData
    number: str
    agreement: Agreement | None = None
    refusal: str = ""


def _seen(draft: TemplateDraft) -> Seen:
    """The data of the agreement that the address names, where this user may read it; else the examples."""
    wanted = request.args.get("number", "").strip().upper()[:60]
    refusal = ""
    if wanted:
        found = db.session.scalar(
            queries.agreements_visible_to(actor(), P.AGREEMENTS_READ).where(Agreement.number == wanted)
        )
        if found is not None:
            return Seen(payload(db.session, found), found.number, found)
        refusal = _("You see no agreement with the number %(number)s.", number=wanted)
    return Seen(_example(draft), examples.NUMBER, refusal=refusal)


def _example(draft: TemplateDraft) -> AgreementPaperData:
    kept = Template(key=draft.key, version=draft.version, text=draft.text)
    return examples.example_payload(texts.kinds(db.session, kept))


@bp.get(f"/<{ROW}:id>/paper")
@requires(P.TEMPLATES_WRITE, P.TEMPLATES_RELEASE, P.AUDIT_READ)
def paper(id: int) -> ResponseReturnValue:
    """The text filled, on screen."""
    draft = draft_or_404(id)
    sheet: Markup | None = None
    seen, broken = None, ""
    try:
        seen = _seen(draft)
        sheet = render_agreement_html(seen.data, draft.text, number=seen.number)
    except DomainError as error:
        broken = say(error)
    return render("own_texts/paper.html", draft=draft, seen=seen, sheet=sheet, broken=broken)


@bp.get(f"/<{ROW}:id>/paper.pdf")
@requires(P.TEMPLATES_WRITE, P.TEMPLATES_RELEASE)
def paper_pdf(id: int) -> ResponseReturnValue:
    """The text filled, as the paper with its watermark."""
    draft = draft_or_404(id)
    seen = _seen(draft)
    text, name = draft.text, f"{draft.key}-{draft.version}.pdf"
    # The paper takes its time; the database is let go meanwhile.
    db.session.rollback()
    made = render_agreement(seen.data, text, number=seen.number, draft=True, made_at=now())
    response = Response(made.pdf, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "inline", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def refusal_to_print(draft: TemplateDraft) -> str:
    """Why the text cannot be printed with the examples, as it would be for signature; empty when it can."""
    data, text = _example(draft), draft.text
    db.session.rollback()
    try:
        render_agreement(data, text, number=examples.NUMBER, made_at=now())
    except DomainError as error:
        return say(error)
    return ""
