"""Turning what came back whole into signed agreements and amendments, served notices and answered statements (P1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import ENDED, Job
from portal.domain.price_protection import steps
from portal.domain.price_protection.closing import replying
from portal.domain.price_protection.closing.models import Statement, Verdict
from portal.domain.price_protection.closing.objections import OBJECTION, Ticked
from portal.domain.price_protection.deeds import base, life, serving, signing
from portal.domain.price_protection.holding import hold_distributor
from portal.domain.price_protection.models import Agreement, Amendment, Service, Termination
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans.grouping import groups_of
from portal.domain.price_protection.scans.groups import FILING_ORDER, Group, Outcome, What
from portal.domain.price_protection.scans.models import ScanPile, ScanReturn
from portal.domain.price_protection.scans.uploading import FILE
from portal.domain.price_protection.trail import returning
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import AnyPaper
from portal.domain.price_protection.trail.originals import held
from portal.domain.text import clean
from portal.domain.users.models import User

_NOTE = 100


@dataclass(frozen=True, slots=True)
class Own:
    """What is said of one paper alone: its own day of signing, the service of a notice, or that it is not ready.

    Of a statement: what is ticked on it, or None where nobody has looked yet.
    """

    day: date | None = None
    how: Service = Service.COURIER
    note: str = ""
    ticked: Ticked | None = None
    # Somebody looked at its pages: a seal or a signature is missing.
    stays: bool = False


def ask_filing(
    session: Session,
    actor: User,
    pile: ScanPile,
    signed_on: date | None,
    own: Mapping[int, Own],
    *,
    only: Collection[int] | None = None,
    is_back: bool = False,
    came_on: date | None = None,
) -> Job:
    """Have a job file every paper of the pile that is back whole, or `only` these rows; to be sent after the commit.

    `signed_on` is the day of signing of all without one of their `own` (by ScanReturn's id). A notice is filed once
    the day of its service is said; until then it stays. Statements came back on `came_on`, today where it is None.
    With `is_back` the originals came with their scans: what was sent is recorded as back as well. What the actor may
    not file stays.
    """
    if is_back and not actor.can(Permission.PAPERS_HANDLE, pile.region):
        raise DomainError(
            N_("You may not record the return of originals for this office. File the scans without it."),
            field="is_back",
        )
    lock(session, pile)
    _refuse_second(session, pile)
    ready = [group for group in groups_of(session, actor, pile) if group.outcome is Outcome.READY]
    if not ready:
        raise DomainError(N_("Nothing in this pile is complete and still to be filed."))
    ready = [group for group in ready if group.may_file]
    if not ready:
        raise DomainError(
            N_("What is complete here is for somebody who signs agreements of this office to file.")
        )
    later = [group.return_id for group in ready if only is not None and group.return_id not in only]
    ready = [group for group in ready if group.return_id not in later]
    if not ready:
        raise DomainError(N_("These papers have moved on meanwhile. Look at the pile again."))
    said = {group.return_id: own.get(group.return_id, Own()) for group in ready}
    stay = sorted([*later, *(id for id, one in said.items() if one.stays)])
    ready = [group for group in ready if not said[group.return_id].stays]
    if not ready:
        raise DomainError(N_("Every paper is said to stay. Untick those that bear both seals."))
    for field, days in (
        ("signed_on", (signed_on, *(one.day for one in said.values()))),
        ("came_on", (came_on,)),
    ):
        if any(day is not None and day > today() for day in days):
            raise DomainError("This day is in the future.", field=field)
    if signed_on is None and any(group.is_to_sign and said[group.return_id].day is None for group in ready):
        raise DomainError("Say on which day the papers were signed.", field="signed_on")
    for group in ready:
        if group.is_to_serve:
            _check_service(group, said[group.return_id])
        if group.is_statement:
            _check_ticked(group, said[group.return_id].ticked)
    count = sum(1 for group in ready if _is_filed_now(group, said[group.return_id].day))
    if not count:
        raise DomainError(N_("Enter the day on which each notice was served, as its receipt says."))
    pile.signed_on = signed_on or pile.signed_on
    for row in session.scalars(sa.select(ScanReturn).where(ScanReturn.id.in_(list(said)))):
        one = said[row.id]
        row.signed_on = one.day
        if row.termination_id is not None:
            row.served_how, row.served_note = one.how, clean(one.note)
        if row.statement_id is not None:
            row.signed_on = one.day or came_on or today()
            row.ticked = one.ticked.kept() if one.ticked is not None else {}
    return jobs.enqueue(
        session, actor, FILE, title=pile.region.name, total=count,
        pile_id=pile.id, stay=stay, is_back=is_back,
    )  # fmt: skip


def _is_filed_now(group: Group, own_day: date | None) -> bool:
    """A notice waits until somebody says when it was served."""
    return not group.is_to_serve or own_day is not None


def _check_service(group: Group, said: Own) -> None:
    if len(said.note) > _NOTE:
        raise DomainError(N_("The note has at most %(limit)s characters."), limit=_NOTE)
    if said.day is None and said.note.strip():
        raise DomainError(N_("%(number)s: enter the day on which it was served."), number=group.number)
    if said.day is not None and said.how is Service.COURIER and not said.note.strip():
        raise DomainError(
            N_("%(number)s: enter courier and number; the agreement asks for a courier."), number=group.number
        )


def _check_ticked(group: Group, said: Ticked | None) -> None:
    objections = (
        [(said.fund, said.fund_objection), (said.account, said.account_objection)] if said is not None else []
    )
    for verdict, text in objections:
        if verdict is Verdict.OBJECTED and not text.strip():
            raise DomainError(N_("%(number)s: enter what is objected to, and the sums."), number=group.number)
        if len(text) > OBJECTION:
            raise DomainError(
                N_("%(number)s: at most %(limit)s characters; say the rest on the statement's page."),
                number=group.number,
                limit=OBJECTION,
            )


def _refuse_second(session: Session, pile: ScanPile) -> None:
    """One filing of a pile at a time: a second would find everything moved on."""
    other = session.scalar(
        sa.select(Job)
        .where(Job.kind == FILE, Job.state.not_in(ENDED), Job.params["pile_id"].as_integer() == pile.id)
        .limit(1)
    )
    if other is not None:
        raise DomainError(
            N_("%(name)s is filing this pile already. Wait until that is finished."), name=other.owner.name
        )


def ready_ids(session: Session, actor: User, pile: ScanPile, stay: Collection[int] = ()) -> list[int]:
    """The rows of a pile that can be filed now: agreements first, then what amends them, then what ends them.

    `stay` are rows that somebody found not to be signed or sealed.
    """
    ready = [
        group
        for group in groups_of(session, actor, pile)
        if group.outcome is Outcome.READY
        and group.may_file
        and group.return_id not in stay
        and _is_filed_now(group, group.own_signed_on)
    ]
    return [group.return_id for group in sorted(ready, key=lambda group: FILING_ORDER.index(group.what))]


def group_of(session: Session, actor: User, pile: ScanPile, return_id: int) -> Group | None:
    """What the pile brought of one paper, if it can be filed."""
    found = groups_of(session, actor, pile, [return_id])
    return found[0] if found and found[0].outcome is Outcome.READY and found[0].may_file else None


def file_one(
    session: Session, actor: User, pile: ScanPile, seen: Group, scan: bytes, *, is_back: bool = False
) -> None:
    """Record signing or service with the scan, or add the scan to what is signed or served already.

    With `is_back` the original that was sent is here as well, with every copy that was awaited (P1b).

    The checks are those of doing so by hand; besides, the pages must still be those that were bound.
    """
    agreement = session.get_one(Agreement, seen.agreement_id)
    hold_distributor(session, agreement.distributor_id)  # before the agreement, as everywhere
    lock(session, agreement)
    if not seen.is_statement and not actor.can(Permission.AGREEMENTS_WRITE, agreement.region):
        raise DomainError(N_("You may not file agreements of this office."))
    group = group_of(session, actor, pile, seen.return_id)
    if group is None or group.code != seen.code or group.leaves != seen.leaves:
        raise DomainError(
            N_("%(number)s has moved on in the meantime; this step is no longer possible."),
            number=seen.number,
        )
    row = session.get_one(ScanReturn, group.return_id)
    files = [(f"{group.number}.pdf", scan)]
    if group.is_to_serve:
        _serve(session, actor, group, row, files)
    elif group.is_to_sign:
        _sign(session, actor, group, row.signed_on or pile.signed_on, files)
    elif group.is_statement:
        replying.file_scan(
            session,
            actor,
            _statement(session, group),
            files,
            row.signed_on or today(),
            Ticked.of(row.ticked),
        )
    elif group.what is What.AGREEMENT:
        steps.file_scans(session, actor, agreement, files)
    else:
        life.file_scans(session, actor, _deed(session, group), files)
    if is_back:
        _take_back(session, actor, _paper(session, agreement, group))
    row.filed_at, row.filed_by_id = now(), actor.id
    row.refusal, row.refusal_params = "", {}


def _paper(session: Session, agreement: Agreement, group: Group) -> AnyPaper | None:
    """The paper in force that a group is of."""
    if group.what is What.AGREEMENT:
        return current_paper(agreement)
    return _statement(session, group) if group.is_statement else base.current_paper(_deed(session, group))


def _statement(session: Session, group: Group) -> Statement:
    return session.get_one(Statement, group.deed_id)


def _take_back(session: Session, actor: User, paper: AnyPaper | None) -> None:
    """Record the return of what was sent; what never went out, or is a notice, has nothing to come back."""
    if paper is None:
        return
    [original] = held(session, [of_paper(session, paper).id])
    if original.why_not_back() is None:
        returning.take_back(session, actor, {original.id: max(original.trail.copies_missing, 1)}, today())


def _deed(session: Session, group: Group) -> Amendment | Termination:
    if group.what is What.AMENDMENT:
        return session.get_one(Amendment, group.deed_id)
    return session.get_one(Termination, group.deed_id)


def _sign(
    session: Session, actor: User, group: Group, day: date | None, files: Collection[tuple[str, bytes]]
) -> None:
    if day is None:
        raise DomainError(N_("Say on which day the papers were signed."))
    if group.what is What.AMENDMENT:
        signing.sign(session, actor, session.get_one(Amendment, group.deed_id), day, files)
    else:
        steps.sign(session, actor, session.get_one(Agreement, group.agreement_id), day, files)


def _serve(
    session: Session, actor: User, group: Group, row: ScanReturn, files: Collection[tuple[str, bytes]]
) -> None:
    if row.signed_on is None or row.served_how is None:
        raise DomainError(N_("Enter the day on which each notice was served, as its receipt says."))
    serving.serve(
        session,
        actor,
        session.get_one(Termination, group.deed_id),
        served_on=row.signed_on,
        how=row.served_how,
        note=row.served_note,
        scans=files,
    )


def note_refusal(session: Session, return_id: int, error: DomainError) -> None:
    """Keep beside a paper why it was not filed; of one that somebody else filed meanwhile nothing is said."""
    row = session.get(ScanReturn, return_id)
    if row is not None and row.filed_at is None:
        row.refusal, row.refusal_params = error.msgid, dict(error.params)


def note_done(session: Session, actor: User, pile: ScanPile, *, filed: int, refused: int) -> None:
    """Write into the trail what a filing came to."""
    audit.record(
        session, actor, "scan_pile.filed", pile, region_id=pile.region_id, filed=filed, refused=refused
    )
