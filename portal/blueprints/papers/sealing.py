"""用印申请: asking for a seal on many originals, the applications, and what their keeper does with one."""

from collections import Counter
from datetime import datetime

from flask import Response, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from portal.blueprints.papers import bp
from portal.blueprints.papers.forms import AskForm
from portal.blueprints.papers.loading import apart, application_of, copies_of, picked
from portal.db import CHINA, now
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.price_protection.trail import registers, sealing
from portal.domain.price_protection.trail.models import PaperKind, Seal, SealApplication, SealStatus
from portal.domain.price_protection.trail.originals import known
from portal.extensions import db
from portal.printing.listing import PrintedList, render_list
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.files import shown
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import chosen, page_of
from portal.web.words import word


@bp.route("/ask", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def ask() -> ResponseReturnValue:
    """Ask for a seal on the chosen originals; what cannot be sealed is listed with its reason."""
    form = AskForm(data={"purpose": _("Signing of price-protection agreements"), "is_across_pages": True})
    found = picked(P.AGREEMENTS_WRITE)
    seal = chosen_seal(form)
    ready, others = apart(found, {row.id: row.why_not_seal(seal) for row in found})
    if request.method == "POST" and form.validate():
        made = submit(
            form,
            lambda: sealing.ask(
                db.session,
                actor(),
                copies_of(found),
                seal=seal,
                purpose=form.purpose.data or "",
                is_across_pages=bool(form.is_across_pages.data),
            ),
        )
        if made is not None:
            flash(_("%(number)s has been handed to the keeper of the seal.", number=made.number))
            return leave(url_for("papers.application", id=made.id))
    return render(
        "papers/ask.html",
        form=form,
        ready=ready,
        others=[(row, say(reason)) for row, reason in others],
        copies={row.id: request.form.get(f"copies-{row.id}", row.copies_proposed(seal)) for row in ready},
    )


def chosen_seal(form: AskForm) -> Seal:
    """The seal that the form or the address names, else the contract seal."""
    said = form.seal.data if request.method == "POST" else request.args.get("seal", "")
    return Seal(said) if said in list(Seal) else Seal.CONTRACT


@bp.get("/applications/")
@requires(P.AGREEMENTS_READ)
def applications() -> ResponseReturnValue:
    """The seal applications, the newest first."""
    me, q = actor(), request.args.get("q", "").strip()[:80]
    status, seal = chosen(SealStatus, "status"), chosen(Seal, "seal")
    return render(
        "papers/applications.html",
        fragment="papers/_applications.html",
        page=page_of(
            db.session,
            registers.application_rows(me, q=q, status=status, seal=seal),
            sorts=registers.APPLICATION_SORTS,
            default="asked",
            descending=True,
            tie=SealApplication.id.desc(),
        ),
        q=q,
        status=status,
        seal=seal,
        statuses=list(SealStatus),
        seals=list(Seal),
    )


@bp.get(f"/applications/<{ROW}:id>/")
@requires(P.AGREEMENTS_READ)
def application(id: int) -> ResponseReturnValue:
    """One application: its originals, where it stands, and what this user may do about it."""
    found, me = application_of(id), actor()
    is_open = found.status in (SealStatus.ASKED, SealStatus.GRANTED)
    refusal = sealing.why_not_decide(db.session, me, found) if is_open else None
    rows = sorted(found.rows, key=lambda row: row.trail.number)
    originals = known(db.session, [row.trail for row in rows])
    return render(
        "papers/application.html",
        application=found,
        rows=list(zip(rows, originals, strict=True)),
        total=sum(row.copies for row in rows if row.left_out_at is None),
        is_open=is_open,
        why_not=say(refusal) if refusal else "",
        is_mine=found.asked_by_id == me.id,
        may_keep=me.can(P.SEALS_KEEP, found.region),
        events=tell(db.session, me, db.session.scalars(audit.history(found)).all()),
    )


@bp.post(f"/applications/<{ROW}:id>/grant")
@requires(P.SEALS_KEEP)
def grant(id: int) -> ResponseReturnValue:
    """Approve an application."""
    found = application_of(id, P.SEALS_KEEP)
    submit(None, lambda: sealing.grant(db.session, actor(), found) or True)
    return _back(found, _("%(number)s is approved and can be sealed.", number=found.number))


@bp.post(f"/applications/<{ROW}:id>/seal")
@requires(P.SEALS_KEEP)
def seal(id: int) -> ResponseReturnValue:
    """Record that everything of an approved application is sealed."""
    found = application_of(id, P.SEALS_KEEP)
    submit(None, lambda: sealing.seal(db.session, actor(), found) or True)
    return _back(found, _("The originals of %(number)s are sealed.", number=found.number))


@bp.post(f"/applications/<{ROW}:id>/refuse")
@requires(P.SEALS_KEEP)
def refuse(id: int) -> ResponseReturnValue:
    """Refuse an application, with the reason."""
    found, reason = application_of(id, P.SEALS_KEEP), request.form.get("reason", "")
    submit(None, lambda: sealing.refuse(db.session, actor(), found, reason) or True)
    return _back(found, _("%(number)s is refused.", number=found.number))


@bp.post(f"/applications/<{ROW}:id>/withdraw")
@requires(P.AGREEMENTS_WRITE)
def withdraw(id: int) -> ResponseReturnValue:
    """Take one's own application back."""
    found, reason = application_of(id), request.form.get("reason", "")
    submit(None, lambda: sealing.withdraw(db.session, actor(), found, reason) or True)
    return _back(found, _("%(number)s is withdrawn.", number=found.number))


@bp.post(f"/applications/<{ROW}:id>/rows/<{ROW}:row_id>/leave-out")
@requires(P.PAPERS_HANDLE)
def leave_out(id: int, row_id: int) -> ResponseReturnValue:
    """Leave one original out of an application."""
    found, reason = application_of(id), request.form.get("reason", "")
    row = next((row for row in found.rows if row.id == row_id), None) or abort(404)
    submit(None, lambda: sealing.leave_out(db.session, actor(), found, row, reason) or True)
    return _back(found, _("%(number)s is left out.", number=row.trail.number))


def _back(found: SealApplication, said: str) -> ResponseReturnValue:
    flash(said)
    return leave(url_for("papers.application", id=found.id))


@bp.get(f"/applications/<{ROW}:id>/sheet.pdf")
@requires(P.AGREEMENTS_READ)
def sheet(id: int) -> Response:
    """用印申请单: the application on paper with its list, to be signed and kept by the seal's keeper."""
    found = application_of(id)
    rows = sorted((row for row in found.rows if row.left_out_at is None), key=lambda row: row.trail.number)
    with force_locale("zh_CN"):  # it is the company's own paper, whoever looks at it
        seal_word, status = word(found.seal), word(found.status)
        count_of = Counter(row.trail.kind for row in rows)
        counted = "、".join(f"{word(kind)} {count_of[kind]} 份" for kind in PaperKind if count_of[kind])
    copies = sum(row.copies for row in rows)
    lines = tuple(
        (
            str(no),
            row.trail.number,
            row.trail.agreement.distributor.name,
            str(row.trail.paper.pages),
            str(row.copies),
            f"校验码 {row.trail.paper.code}",
        )
        for no, row in enumerate(rows, 1)
    )
    paper = PrintedList(
        title="用印申请单",
        facts=(
            ("申请编号", f"{found.number}　状态：{status}"),
            (
                "申请机构",
                f"{found.region.name}　申请人：{found.asked_by.name}　申请日期：{_day(found.asked_at)}",
            ),
            ("印章", f"{seal_word}{'（含骑缝章）' if found.is_across_pages else ''}"),
            ("用途", found.purpose),
            ("文件", f"{counted}，共盖章 {copies} 套"),
        ),
        heads=("序号", "编号", "经销商", "页数", "份数", "备注"),
        widths=(7, 22, 35, 7, 7, 22),
        groups=(("", lines),),
        notes=tuple(_deeds(found)),
        signatures=("申请人", "部门负责人", "印章管理员"),
        foot=f"{found.number}　用印申请单",
    )
    number = found.number
    db.session.rollback()
    return shown(render_list(paper, made_at=now()), "application/pdf", f"用印申请单-{number}.pdf")


def _day(moment: datetime) -> str:
    return moment.astimezone(CHINA).date().isoformat()


def _deeds(found: SealApplication) -> list[str]:
    """What was decided and done so far, a line each."""
    lines = []
    if found.decided_by is not None and found.decided_at is not None:
        what = "驳回" if found.status is SealStatus.REFUSED else "批准"
        lines.append(f"审批：{found.decided_by.name} {_day(found.decided_at)} {what} {found.reason}".strip())
    if found.sealed_by is not None and found.sealed_at is not None:
        lines.append(f"盖章：{found.sealed_by.name} {_day(found.sealed_at)}")
    return lines
