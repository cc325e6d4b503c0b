"""What comes of a statement: its delivery, what the distributor answered, what the company answered to that."""

from typing import Any

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.blueprints.quarters import bp
from portal.blueprints.quarters.statements import statement_of
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.price_protection.closing import answering, delivering, objections, replying
from portal.domain.price_protection.closing.models import (
    Finding,
    ReplyWay,
    Statement,
    StatementScan,
    Verdict,
    Way,
)
from portal.domain.price_protection.closing.objections import Point, Ticked
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.text import amount_fen, clean, half_width
from portal.extensions import db
from portal.web import files
from portal.web.access import actor, requires
from portal.web.closing_words import NUMBERED_SUMS
from portal.web.fields import DateOnField, LineField, LinesField
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.words import WORDS

_DAY = _l("Enter the day.")
_ROWS, _MORE = 6, 3


def _choices(codes: Any) -> list[SelectChoice]:
    return [SelectChoice(code.value, WORDS[code]) for code in codes]


class DeliveryForm(FlaskForm):
    """When and how a statement reached the distributor."""

    delivered_on = DateOnField(_l("Day of delivery"), [InputRequired(_DAY)])
    way = SelectField(_l("How"), coerce=Way, choices=_choices(Way))
    note = LineField(_l("Courier and number, who took it, or the address"), [Length(max=delivering.NOTE)])
    reason = LineField(_l("Why another day"), [Length(max=delivering.REASON)])


class ReplyForm(FlaskForm):
    """What the distributor ticked, and how it came."""

    received_on = DateOnField(_l("Received on"), [InputRequired(_DAY)])
    way = SelectField(_l("How it came"), coerce=ReplyWay, choices=_choices(ReplyWay))
    said_by = LineField(_l("Signed for the distributor by"), [Length(max=replying.NAME)])
    fund = RadioField(
        _l("What is ticked"),
        [InputRequired(_l("Say what is ticked."))],
        coerce=Verdict,
        choices=_choices(Verdict),
    )
    fund_objection = LinesField(_l("What is objected to, and the sums"), [Length(max=objections.OBJECTION)])
    account = RadioField(
        _l("What is ticked"), choices=[*_choices(Verdict), SelectChoice("", _l("Nothing ticked"))], default=""
    )
    account_objection = LinesField(
        _l("What is objected to in the account"), [Length(max=objections.OBJECTION)]
    )
    scan = FileField(_l("Scan of what came"))


class AnswerForm(FlaskForm):
    """The company's written answer to an objection."""

    answered_on = DateOnField(_l("Answered on"), [InputRequired(_DAY)])
    finding = RadioField(
        _l("What was answered"),
        [InputRequired(_l("Say what was answered."))],
        coerce=Finding,
        choices=_choices(Finding),
    )
    answer = LinesField(
        _l("The answer"),
        [InputRequired(_l("Enter the answer, as it was written.")), Length(max=answering.ANSWER)],
    )


def _handled(id: int) -> Statement:
    """The statement, to be written about; 403 for whoever only reads it."""
    found = statement_of(id)
    if not actor().can(P.PAPERS_HANDLE, found.agreement.region):
        abort(403)
    return found


def _back(id: int, said: str) -> ResponseReturnValue:
    flash(said)
    return leave(url_for(".statement", id=id, _anchor="answer"))


@bp.route(f"/statements/<{ROW}:id>/delivery", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def delivery(id: int) -> ResponseReturnValue:
    """Record when the statement was delivered, or put that right with the reason."""
    found = _handled(id)
    form = DeliveryForm(data=_as_posted(found))
    if form.validate_on_submit():
        said = submit(
            form,
            lambda: delivering.deliver(
                db.session(),
                actor(),
                found,
                form.delivered_on.data,
                form.way.data,
                form.note.data or "",
                reason=form.reason.data or "",
            ),
        )
        if said is not None:
            return _back(id, _("The delivery of %(number)s is recorded.", number=found.number))
    return render(
        "quarters/delivery.html",
        form=form,
        statement=found,
        said=found.payload["values"],
        days=delivering.objection_days(found),
    )


def _as_posted(statement: Statement) -> dict[str, Any]:
    """What is on record, or what the parcel that it travelled in says."""
    if statement.deliveries and statement.deliveries[0].delivered_on:
        known = statement.deliveries[0]
        return {"delivered_on": known.delivered_on, "way": known.way, "note": known.note}
    parcel = of_paper(db.session(), statement).parcel if statement.document_id else None
    if parcel is None or parcel.sent_on is None or parcel.cancelled_at is not None:
        return {"delivered_on": today(), "way": Way.COURIER}
    if parcel.is_by_hand:
        return {"delivered_on": parcel.sent_on, "way": Way.IN_PERSON, "note": parcel.recipient}
    return {
        "delivered_on": today(),
        "way": Way.COURIER,
        "note": f"{parcel.courier} {parcel.tracking}".strip(),
    }


@bp.route(f"/statements/<{ROW}:id>/reply", methods=["GET", "POST"])
@requires(P.PAPERS_HANDLE)
def reply(id: int) -> ResponseReturnValue:
    """Record what the distributor answered: agreed, or objected to with lines and sums."""
    found = _handled(id)
    trail = of_paper(db.session(), found) if found.document_id else None
    came_on = (trail.back_on if trail else None) or today()
    form = ReplyForm(data={"received_on": came_on, "way": ReplyWay.COPY})
    if not found.has_account:
        del form.account, form.account_objection
    typed = _typed()
    if form.validate_on_submit():
        said = submit(form, lambda: _reply(found, form, typed))
        if said is not None:
            return _back(id, _("The answer to %(number)s is recorded.", number=found.number))
    return render(
        "quarters/reply.html",
        form=form,
        statement=found,
        said=found.payload["values"],
        lines=len(found.payload["lines"]),
        points=[*typed, *[("", "")] * max(_ROWS - len(typed), _MORE)],
        numbered=NUMBERED_SUMS,
        page=found.scans[0] if found.scans else None,
    )


def _typed() -> list[tuple[str, str]]:
    """The rows of items and sums that somebody typed into, as they were typed."""
    rows = zip(request.form.getlist("item"), request.form.getlist("claimed"), strict=False)
    said = [(item[:20], claimed[:30]) for item, claimed in rows if item.strip() or claimed.strip()]
    return said[: objections.MOST_POINTS]


def _reply(found: Statement, form: ReplyForm, typed: list[tuple[str, str]]) -> Any:
    points = tuple(
        Point(_item(item), amount_fen(claimed, is_signed=True) if claimed.strip() else None)
        for item, claimed in typed
    )
    account = form.account.data if form.account else ""
    ticked = Ticked(
        form.fund.data,
        form.fund_objection.data or "",
        Verdict(account) if account else None,
        (form.account_objection.data or "") if form.account_objection else "",
        points,
    )
    sent = form.scan.data
    scan = (sent.filename or "", sent.read()) if isinstance(sent, FileStorage) and sent.filename else None
    return replying.reply(
        db.session(),
        actor(),
        found,
        form.received_on.data,
        ticked,
        way=form.way.data,
        said_by=form.said_by.data or "",
        scan=scan,
    )


def _item(text: str) -> str:
    """1.7 or 12, of “1.7 期末未释放” or “第12行” as well."""
    words = half_width(clean(text)).strip("第行 ").split()
    if not words:
        raise DomainError("Say which sum or line it is.", field="points")
    return words[0]


@bp.route(f"/statements/<{ROW}:id>/answer", methods=["GET", "POST"])
@requires(P.FUNDS_CLOSE)
def answer(id: int) -> ResponseReturnValue:
    """Record the company's answer to the objection that counts."""
    found = statement_of(id)
    if not actor().can(P.FUNDS_CLOSE, found.agreement.region):
        abort(403)
    if not found.replies or not found.replies[0].has_objection:
        abort(404)
    objection, form = found.replies[0], AnswerForm(data={"answered_on": today()})
    if form.validate_on_submit():

        def work() -> bool:
            answering.answer(
                db.session(),
                actor(),
                objection,
                form.answered_on.data,
                form.finding.data,
                form.answer.data or "",
            )
            return True

        if submit(form, work):
            return _back(id, _("The answer to the objection is recorded."))
    return render(
        "quarters/answer.html",
        form=form,
        statement=found,
        said=found.payload["values"],
        objection=objection,
        numbered=dict(NUMBERED_SUMS),
    )


@bp.get(f"/statements/<{ROW}:id>/scans/<{ROW}:scan_id>")
@requires(P.FUNDS_READ)
def scan(id: int, scan_id: int) -> ResponseReturnValue:
    """The sealed copy as it came back."""
    found, kept = statement_of(id), db.session.get(StatementScan, scan_id)
    if kept is None or kept.statement_id != found.id:
        abort(404)
    document = kept.document
    return files.shown(documents.content(db.session(), document), document.media_type, document.filename)
