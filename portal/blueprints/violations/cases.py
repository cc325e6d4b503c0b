"""The list of cases, one case with its next step, and what cases come to in numbers."""

from dataclasses import dataclass
from datetime import date

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal.blueprints.violations import bp
from portal.blueprints.violations.forms import (
    AppealForm,
    EvidenceForm,
    ExtendForm,
    HearingForm,
    OpenForm,
    PayerForm,
    PeopleForm,
    TakeBackForm,
)
from portal.blueprints.violations.loading import case_of, done
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.price_protection.violations import (
    appealing,
    awards,
    deadlines,
    ending,
    investigating,
    naming,
    overturning,
    queries,
    statistics,
    steps,
)
from portal.domain.price_protection.violations.models import Award, Case, HearingKind, State
from portal.domain.price_protection.violations.steps import Step
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.htmx import leave, refuse, render, say, submit
from portal.web.requests import CASE_CODE
from portal.web.tables import chosen, page_of
from portal.web.vault import vault

READERS = (P.CASES_READ, P.CASES_FOLLOW)


@bp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """The cases that the user sees, the next deadline of each, and how many days are left."""
    q, state = request.args.get("q", "").strip()[:80], chosen(State, "status")
    page = page_of(
        db.session,
        queries.rows(actor(), q=q, state=state),
        sorts=queries.SORTS,
        default="opened",
        descending=True,
        tie=Case.id.desc(),
    )
    cases = queries.with_deadlines(db.session(), actor(), [row.id for row in page.rows])
    return render(
        "violations/index.html",
        fragment="violations/_table.html",
        page=page,
        due={
            id: (deadlines.standing(one, today()).state, deadlines.next_due(one)) for id, one in cases.items()
        },
        q=q,
        status=state,
        states=list(State),
        day=today(),
    )


@dataclass(frozen=True)
class Deadline:
    """A day of the case: what it is for, and whether it still counts."""

    title: str
    on: date | None
    counts: bool


@bp.get(f"/<{CASE_CODE}:code>/")
@requires(*READERS)
def detail(code: str) -> ResponseReturnValue:
    """One case: where it stands, its days, evidence, hearing and papers, and the next step for this user."""
    return shown_case(case_of(code))


def shown_case(
    case: Case,
    *,
    refused: tuple[str, OpenForm | HearingForm | ExtendForm | AppealForm | TakeBackForm] | None = None,
):
    """The page of a case; with the form on it that was refused."""
    session, me = db.session(), actor()
    offered = steps.offered(session, me, case)
    forms = {
        "people": PeopleForm(formdata=None),
        "open": OpenForm(formdata=None),
        "evidence": EvidenceForm(formdata=None),
        "hear": HearingForm(formdata=None, data={"on": today()}),
        "extend": ExtendForm(formdata=None),
        "appeal": AppealForm(formdata=None, data={"received_on": today()}),
        "payer": PayerForm(formdata=None),
        "set_aside": TakeBackForm(formdata=None),
    }
    if Step.NAME in offered:
        named = {one.user_id for one in case.investigators if one.left_at is None}
        forms["people"].people.choices = [(one.id, one.name) for one in naming.of_office(session, case)]
        forms["people"].people.data = sorted(named)
    # That there is an award is for those who know of whom.
    award = ending.award_of(session, case) if case.is_investigator(me) else None
    if award is not None and Step.NAME_PAYER in offered:
        forms["payer"].payer.choices = [
            SelectChoice(one.id, one.name) for one in awards.payers(session, case)
        ]
        forms["payer"].payer.data = award.payer_id
    if refused is not None:
        forms[refused[0]] = refused[1]
    deduction = ending.deduction_of(session, case)
    return render(
        "violations/detail.html",
        form=refused[1] if refused else None,
        forms=forms,
        opened_form=refused[0] if refused else "",
        case=case,
        standing=deadlines.standing(case, today()),
        offered={step.value for step in offered},
        is_named=case.is_investigator(me),
        named=[one.user.name for one in case.investigators if one.is_at_work],
        asked=[one.user.name for one in case.investigators if one.is_asked],
        papers=[one for one in reversed(case.papers) if steps.may_read(me, case, one)],
        deadlines=_deadlines(case, award),
        deduction=deduction,
        may_see_funds=actor().can(P.FUNDS_READ, case.region),
        left_fen=ending.left_of(deduction) if deduction else 0,
        held_fen=investigating.unreleased(session, case, case.quarter) if case.quarter else None,
        award=award,
        taking_back=overturning.proposal(case),
        takings_back=[one for one in case.takings_back if one.confirmed_at is not None],
        may_read_judgment=overturning.may_read(me, case),
        events=tell(session, me, queries.timeline(session, me, case)),
        day=today(),
    )


def _deadlines(case: Case, award: Award | None) -> list[Deadline]:
    state = deadlines.standing(case, today()).state
    found = [
        Deadline(
            _("Notice to be written by"),
            deadlines.notice_by(case) if not case.notified_on else None,
            state is State.OPENED,
        ),
        Deadline(_("Answer of the accused by"), deadlines.answer_by(case), state is State.NOTIFIED),
        Deadline(_("Decision by"), deadlines.decide_by(case), state is State.NOTIFIED),
        Deadline(_("Appeal by"), deadlines.appeal_by(case), state is State.DECIDED),
        Deadline(_("Answer to the appeal by"), deadlines.answer_appeal_by(case), state is State.APPEALED),
    ]
    if award is not None:
        found.append(Deadline(_("Award paid by"), deadlines.pay_award_by(case), award.paid_on is None))
    return [one for one in found if one.on is not None]


@bp.get("/statistics")
@requires(P.CASES_READ)
def numbers() -> ResponseReturnValue:
    """Cases by kind, office and quarter: those that the accused know of, and nothing about reports."""
    return render("violations/statistics.html", rows=statistics.rows(db.session(), actor()))


@bp.post(f"/<{CASE_CODE}:code>/investigators")
@requires(P.CASES_INVESTIGATE)
def investigators(code: str) -> ResponseReturnValue:
    """Name who investigates; whoever names others, and is not among them, does not see a report any more."""
    case, people = case_of(code, P.CASES_INVESTIGATE), request.form.getlist("people", type=int)
    session, me = db.session(), actor()
    submit(None, lambda: (naming.name_investigators(session, vault(), me, case, people), True))
    flash(_("The investigators are named. Each takes the case on or steps aside; then it is theirs alone."))
    is_seen = queries.visible_case(session, me, code) is not None
    return leave(url_for("violations.detail", code=code) if is_seen else url_for("violations.index"))


@bp.post(f"/<{CASE_CODE}:code>/take-on")
@requires(P.CASES_INVESTIGATE)
def take_on(code: str) -> ResponseReturnValue:
    """Say that nothing ties oneself to the case; a refusal is told here alone, and answers as any other deed."""
    case, session, me = case_of(code, P.CASES_INVESTIGATE), db.session(), actor()
    try:
        submit(None, lambda: (naming.take_on(session, vault(), me, case), True))
    except DomainError as refusal:
        flash(say(refusal), "error")
    else:
        flash(_("You investigate this case from now on."))
    return leave(url_for("violations.detail", code=code))


@bp.post(f"/<{CASE_CODE}:code>/step-aside")
@requires(P.CASES_INVESTIGATE)
def step_aside(code: str) -> ResponseReturnValue:
    """Leave the case to others."""
    case, session, me = case_of(code, P.CASES_INVESTIGATE), db.session(), actor()
    submit(None, lambda: (naming.step_aside(session, me, case), True))
    flash(_("You have stepped aside; the others go on without you."))
    return leave(url_for("violations.index"))


@bp.post(f"/<{CASE_CODE}:code>/turn-down")
@requires(P.CASES_INVESTIGATE)
def turn_down(code: str) -> ResponseReturnValue:
    """Open no case."""
    case = case_of(code, P.CASES_INVESTIGATE)
    return done(
        case, lambda: investigating.turn_down(db.session(), actor(), case), _("No case is opened about it.")
    )


@bp.post(f"/<{CASE_CODE}:code>/open")
@requires(P.CASES_INVESTIGATE)
def open_case(code: str) -> ResponseReturnValue:
    """Open the case."""
    case, form = case_of(code, P.CASES_INVESTIGATE), OpenForm()
    return tried(
        case,
        "open",
        form,
        lambda: investigating.open_case(
            db.session(),
            vault(),
            actor(),
            case,
            contact=form.contact.data or "",
            phone=form.phone.data or "",
        ),
        _("The case is open. Its notice comes next."),
    )


def tried(case: Case, name: str, form, work, said: str) -> ResponseReturnValue:
    """Do the work of a form that stands on the case's page; a refusal shows the page with it."""
    if form.validate():
        try:
            return done(case, work, said)
        except DomainError as error:
            refuse(form, error)
    return shown_case(case_of(case.code), refused=(name, form))


@bp.post(f"/<{CASE_CODE}:code>/hearing")
@requires(P.CASES_INVESTIGATE)
def hear(code: str) -> ResponseReturnValue:
    """Record what the accused did in its defence."""
    case, form = case_of(code, P.CASES_INVESTIGATE), HearingForm()
    return tried(
        case,
        "hear",
        form,
        lambda: investigating.hear(
            db.session(), actor(), case, HearingKind(form.kind.data), form.on.data, form.points.data or ""
        ),
        _("Recorded in the file."),
    )


@bp.post(f"/<{CASE_CODE}:code>/extend")
@requires(P.CASES_INVESTIGATE)
def extend(code: str) -> ResponseReturnValue:
    """Put the decision off, once."""
    case, form = case_of(code, P.CASES_INVESTIGATE), ExtendForm()
    return tried(
        case,
        "extend",
        form,
        lambda: investigating.extend(
            db.session(), actor(), case, int(form.days.data or 0), form.reason.data or ""
        ),
        _("The time for the decision is extended; tell the accused in writing."),
    )


@bp.post(f"/<{CASE_CODE}:code>/appeal")
@requires(P.CASES_APPEAL)
def appeal(code: str) -> ResponseReturnValue:
    """Record an appeal."""
    case, form = case_of(code, P.CASES_APPEAL), AppealForm()
    return tried(
        case,
        "appeal",
        form,
        lambda: appealing.appeal(
            db.session(), actor(), case, received_on=form.received_on.data, points=form.points.data or ""
        ),
        _("The appeal is recorded; its answer is due."),
    )
