"""The record of an amendment or a notice: both texts side by side, where it stands, its paper and what came back."""

from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue

from portal.blueprints.agreements import bp, sealing, words
from portal.blueprints.agreements.deeds import loading
from portal.blueprints.agreements.deeds.pricing import otherwise_of
from portal.blueprints.agreements.deeds.sides import sides
from portal.blueprints.agreements.deeds.words import next_step, stops
from portal.blueprints.agreements.forms import DecisionForm
from portal.blueprints.agreements.record import file, inline
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.papers.deeds import deed_sha256
from portal.domain.price_protection.deeds import amending, base, deciding, life
from portal.domain.price_protection.deeds.base import AnyDeed
from portal.domain.price_protection.models import Amendment, DeedStatus, PriceKind, Termination
from portal.domain.price_protection.problems import Problem
from portal.extensions import db
from portal.printing.deeds import render_deed, render_deed_html
from portal.web.access import actor, requires
from portal.web.htmx import render, say
from portal.web.requests import ROW

_ADDRESS = f"/<{ROW}:id>/<{loading.WHAT}:what>/<{ROW}:deed_id>"


@bp.get(f"{_ADDRESS}/")
@requires(P.AGREEMENTS_READ)
def deed(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """The record: what it changes or ends, what comes next, its paper and its history."""
    return page(loading.readable(id, what, deed_id), DecisionForm(formdata=None))


def page(deed: AnyDeed, form: DecisionForm, listed: list[Problem] | None = None) -> ResponseReturnValue:
    """The record with the form of its decision."""
    data = life.data_of(db.session, deed)
    is_open = deed.status in (DeedStatus.DRAFT, DeedStatus.SUBMITTED)
    problems = life.problems_of(db.session, deed, data) if is_open else []
    obstacles = life.obstacles_of(db.session, deed, data) if is_open else []
    form.seen.data = deed_sha256(data)
    me = actor()
    agreement = deed.agreement
    refusal = base.why_not_approver(db.session, me, deed)
    spot_check = deciding.check_of(db.session, me, deed) if isinstance(deed, Amendment) else None
    context: dict[str, Any] = {
        "deed": deed,
        "what": loading.what_of(deed),
        "agreement": agreement,
        "data": data,
        "changes": sides(data["changes"]),
        "prices": _prices(deed, data["after"]),
        "problems": problems,
        "obstacles": obstacles if obstacles or not listed else listed,
        "sheet": render_deed_html(data, deed.template.text),
        "paper": base.current_paper(deed),
        "seal": sealing.shown(
            base.current_paper(deed), may_approve=me.can(P.AGREEMENTS_APPROVE, agreement.region)
        ),
        "stops": stops(deed),
        "self_next": next_step(deed, is_complete=not problems, obstacles=obstacles),
        "may_write": me.can(P.AGREEMENTS_WRITE, agreement.region),
        "may_approve": me.can(P.AGREEMENTS_APPROVE, agreement.region),
        "may_review": me.can(P.TEMPLATES_RELEASE),
        "spot_check": spot_check,
        "spot_says": otherwise_of(deed) if isinstance(deed, Amendment) and spot_check is not None else [],
        "why_not": say(refusal) if refusal else "",
        "is_mine": me.id in (deed.author_id, deed.submitted_by_id),
        "copies": data["values"].get("copies_total") or 2,
        "needs_counsel": isinstance(deed, Amendment) and amending.needs_counsel(deed),
        "is_printed": words.last_of(agreement, f"{_prefix(deed)}_printed", deed.id) is not None,
        "address": loading.address,
        "events": [
            (
                event.at,
                str(words.EVENTS.get(event.kind, event.kind)),
                words.told(event, is_own_page=True),
                event.by and event.by.name,
            )
            for event in agreement.events
            if event.params.get("deed") == deed.id
            and (event.kind.startswith(f"{_prefix(deed)}_") or event.params.get("original") == deed.title)
        ],
    }
    name = "amendment" if isinstance(deed, Amendment) else "notice"
    return render(f"agreements/deeds/{name}.html", form=form, **context)


def _prefix(deed: AnyDeed) -> str:
    return "amendment" if isinstance(deed, Amendment) else "notice"


def _prices(deed: AnyDeed, later: Any) -> list[dict[str, Any]]:
    """Every price that is new, gone or another, in fen before and after; nothing for a notice."""
    if isinstance(deed, Termination) or later is None:
        return []
    before = amending.base_of(db.session, deed)["prices"]
    old = {(row["product_code"], row["kind_code"]): row for row in before}
    new = {(row["product_code"], row["kind_code"]): row for row in later["prices"]}
    return [
        {
            "row": new.get(key) or old[key],
            "kind": PriceKind(key[1]),
            "before": old[key]["amount_figures"] if key in old else None,
            "after": new[key]["amount_figures"] if key in new else None,
        }
        for key in dict.fromkeys((*old, *new))
        if (key in old and old[key]["amount_figures"]) != (key in new and new[key]["amount_figures"])
    ]


@bp.get(f"{_ADDRESS}/paper.pdf")
@requires(P.AGREEMENTS_READ)
def deed_paper(id: int, what: str, deed_id: int) -> ResponseReturnValue:
    """The paper: the approved original byte for byte, or the draft as it stands with its watermark.

    `?no=` asks for an earlier original, one whose approval was withdrawn.
    """
    deed = loading.readable(id, what, deed_id)
    wanted = request.args.get("no", "")
    paper = base.current_paper(deed)
    if wanted:
        paper = next((row for row in deed.papers if str(row.no) == wanted), None) or abort(404)
    if paper is not None:
        return file(paper.document, f"{deed.title}.pdf")
    data, text = life.data_of(db.session, deed), deed.template.text
    title, version = deed.title, deed.version
    # The paper takes its time; the database is let go meanwhile.
    db.session.rollback()
    made = render_deed(data, text, title=title, version=version, draft=True, made_at=now())
    return inline(made.pdf, "application/pdf", f"{title}-draft.pdf")


@bp.get(f"{_ADDRESS}/scans/<{ROW}:scan_id>")
@requires(P.AGREEMENTS_READ)
def deed_scan(id: int, what: str, deed_id: int, scan_id: int) -> ResponseReturnValue:
    """A scan of the signed paper or of the proof of service; reached only through its deed."""
    deed = loading.readable(id, what, deed_id)
    found = next((row for row in deed.scans if row.id == scan_id), None) or abort(404)
    return file(found.document, found.document.filename)
