"""Writing the papers of a case: notice, decision, withdrawal, answer to an appeal."""

from collections.abc import Callable, Iterator, Sequence

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal.blueprints.violations import bp
from portal.blueprints.violations.forms import AnswerForm, DecisionForm, NoticeForm, WithdrawalForm
from portal.blueprints.violations.loading import case_of
from portal.domain.access.roles import Permission as P
from portal.domain.papers.values import percent
from portal.domain.price_protection.violations import (
    appealing,
    deciding,
    investigating,
    steps,
    writing,
)
from portal.domain.price_protection.violations.models import (
    Case,
    CasePaper,
    CasePaperKind,
    State,
    Withdrawal,
)
from portal.domain.price_protection.violations.steps import Step
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import CASE_CODE
from portal.web.vault import vault
from portal.web.words import WORDS


def _write(
    case: Case, step: Step, template: str, form, work: Callable[[], CasePaper], **context: object
) -> ResponseReturnValue:
    """Show the form of a paper, or keep what it says and go to it."""
    if step not in steps.offered(db.session(), actor(), case):
        case.moved_on()
    if request.method == "POST" and form.validate():
        paper = submit(form, work)
        if paper is not None:
            flash(_("Written. An investigator of the case now reads it for what it gives away."))
            return leave(url_for("violations.paper", code=case.code, paper_id=paper.id))
    return render(template, form=form, case=case, **context)


@bp.route(f"/<{CASE_CODE}:code>/notice", methods=["GET", "POST"])
@requires(P.CASES_INVESTIGATE)
def notice(code: str) -> ResponseReturnValue:
    """Write the case notice."""
    case = case_of(code, P.CASES_INVESTIGATE)
    earlier = writing.draft(case, CasePaperKind.NOTICE) or writing.issued(case, CasePaperKind.NOTICE)
    says = earlier.says if earlier else {}
    form = NoticeForm(
        data={
            **{name: says.get(name, "") for name in ("act_time", "act_place", "act_facts")},
            "evidence": [row.no for row in case.evidence if row.name],
        }
    )
    form.evidence.choices = [
        SelectChoice(row.no, f"{row.no} {row.name}") for row in case.evidence if row.name
    ]
    return _write(
        case,
        Step.WRITE_NOTICE,
        "violations/notice.html",
        form,
        lambda: investigating.write_notice(
            db.session(),
            vault(),
            actor(),
            case,
            act_time=form.act_time.data or "",
            act_place=form.act_place.data or "",
            act_facts=form.act_facts.data or "",
            evidence_ids=list(_ids(case, form.evidence.data or [])),
        ),
        undescribed=[row for row in case.evidence if not row.name],
    )


def _ids(case: Case, numbers: Sequence[int]) -> Iterator[int]:
    """The pieces of evidence that a form names by their numbers in the case: row ids would count those of reports."""
    known = {row.no: row.id for row in case.evidence}
    return (known[no] for no in numbers)


@bp.route(f"/<{CASE_CODE}:code>/withdrawal", methods=["GET", "POST"])
@requires(P.CASES_INVESTIGATE)
def withdrawal(code: str) -> ResponseReturnValue:
    """Write the withdrawal."""
    case = case_of(code, P.CASES_INVESTIGATE)
    form = WithdrawalForm(data={"ground": case.withdrawal or Withdrawal.OWN})
    # Time that ran out is booked by itself, and leaves nothing to choose.
    grounds = (
        [case.withdrawal] if case.withdrawal else [one for one in Withdrawal if one is not Withdrawal.LAPSED]
    )
    form.ground.choices = [SelectChoice(one.value, WORDS[one]) for one in grounds]
    return _write(
        case,
        Step.WRITE_WITHDRAWAL,
        "violations/withdrawal.html",
        form,
        lambda: investigating.write_withdrawal(db.session(), actor(), case, Withdrawal(form.ground.data)),
        held_fen=investigating.unreleased(db.session(), case, case.quarter) if case.quarter else 0,
    )


@bp.route(f"/<{CASE_CODE}:code>/decision", methods=["GET", "POST"])
@requires(P.CASES_DECIDE)
def decision(code: str) -> ResponseReturnValue:
    """Write the decision."""
    case = case_of(code, P.CASES_DECIDE)
    earlier = writing.draft(case, *deciding.DECISIONS)
    says = earlier.says if earlier and earlier.written_by_id == actor().id else {}
    shown = [row for row in case.evidence if row.disclosed_on is not None]
    told = {said["evidence_id"]: said["reason"] for said in says.get("findings", [])}
    form = DecisionForm(
        data={
            **{name: says.get(name, "") for name in ("found_facts", "reasons", "mitigation")},
            "defence_points": says.get("defence_points")
            or "；".join(row.points for row in case.hearings if row.points),
            "outcome": "not" if earlier and earlier.kind is CasePaperKind.DISMISSAL else "proven",
            "share": int(says.get("share_ppm", case.share_ppm)),
            "findings": [row.no for row in shown],
        }
    )
    form.findings.choices = [SelectChoice(row.no, f"{row.no} {row.name}") for row in shown]
    return _write(
        case,
        Step.WRITE_DECISION,
        "violations/decision.html",
        form,
        lambda: _decision(case, form),
        shown=shown,
        told={row.no: request.form.get(f"reason-{row.no}", told.get(row.id, row.proves)) for row in shown},
        held_fen=investigating.unreleased(db.session(), case, case.quarter),
        most=percent(case.share_ppm),
    )


def _decision(case: Case, form: DecisionForm) -> CasePaper:
    said = {"found_facts": form.found_facts.data or "", "reasons": form.reasons.data or ""}
    if form.outcome.data == "not":
        return deciding.write_dismissal(db.session(), vault(), actor(), case, **said)
    chosen = sorted(form.findings.data or [])
    return deciding.write_decision(
        db.session(),
        vault(),
        actor(),
        case,
        **said,
        findings=[
            (id, request.form.get(f"reason-{no}", ""))
            for no, id in zip(chosen, _ids(case, chosen), strict=True)
        ],
        share_ppm=form.share.data if isinstance(form.share.data, int) else -1,
        mitigation=form.mitigation.data or "",
        defence_points=form.defence_points.data or "",
    )


@bp.route(f"/<{CASE_CODE}:code>/answer", methods=["GET", "POST"])
@requires(P.CASES_APPEAL)
def answer(code: str) -> ResponseReturnValue:
    """Write the answer to the appeal."""
    case = case_of(code, P.CASES_APPEAL)
    left = appealing.deduction_left(db.session(), case)
    taken = appealing.deduction_taken(db.session(), case)
    if case.state is State.OVERTURNED:
        form = AnswerForm(data={"findings": "—", "reasons": "—", "kept": 0})
        work = lambda: appealing.write_lapsed_answer(db.session(), actor(), case)  # noqa: E731
    else:
        form = AnswerForm(data={"kept": taken})
        work = lambda: appealing.write_answer(  # noqa: E731
            db.session(),
            vault(),
            actor(),
            case,
            findings=form.findings.data or "",
            reasons=form.reasons.data or "",
            kept_fen=form.kept.data if isinstance(form.kept.data, int) else -1,
            member_ids=form.members.data or [],
        )
    form.members.choices = [
        SelectChoice(one.id, one.name) for one in appealing.could_hear(db.session(), case, actor())
    ]
    return _write(
        case, Step.WRITE_ANSWER, "violations/answer.html", form, work, left_fen=left, taken_fen=taken
    )
