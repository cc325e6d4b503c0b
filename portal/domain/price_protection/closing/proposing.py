"""One person proposes what a quarter releases, another confirms just that; nothing is released before (P3)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.jobs import services as jobs
from portal.domain.jobs.models import Job
from portal.domain.price_protection.closing.models import Proposal, Stage
from portal.domain.price_protection.closing.preview import CLOSING, Outcome, Row, digest, preview
from portal.domain.price_protection.texts import STATEMENT_KEY
from portal.domain.regions.models import Region
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template
from portal.domain.users.models import User

# The kind of task that releases and prints.
KIND = "quarters.close"
_OTHERS = N_("What the quarter would release has changed since you opened the page. Look at it again.")


def proposals_visible_to(user: User) -> sa.Select[Proposal]:
    """What was proposed in the offices of a user."""
    return sa.select(Proposal).where(Proposal.region_id.in_(visible(user, Permission.FUNDS_READ)))


def statement_text(session: Session) -> Template:
    """The text that statements are printed on; DomainError until counsel has released it (P8)."""
    template = templates.ensure_template(session, STATEMENT_KEY)
    if not templates.is_released(template):
        raise DomainError(
            N_("Counsel has not released the template %(key)s %(version)s."),
            key=template.key,
            version=template.version,
        )
    if templates.stop_of(template) is not None:
        raise DomainError(
            N_("Counsel has taken the template %(key)s %(version)s out of offer."),
            key=template.key,
            version=template.version,
        )
    return template


def propose(session: Session, actor: User, name: str, region: Region, *, seen_sha256: str) -> Proposal:
    """Propose to close the quarter in an office and those below it, as it was seen; the caller commits.

    What was proposed before and not confirmed is withdrawn by it, unless it says just the same: then that one
    stands, so that a second click proposes nothing new. DomainError when the quarter would give something else by
    now than `seen_sha256` says, when there is nothing to close, or a confirmed close is under way.
    """
    if not actor.can(Permission.FUNDS_CLOSE, region):
        raise DomainError(N_("You may not propose the close of a quarter for this office."))
    lock(session, region)
    statement_text(session)
    rows = preview(session, name, region.id)
    closing = [row for row in rows if row.outcome in CLOSING]
    if digest(rows) != seen_sha256:
        raise DomainError(_OTHERS)
    if not closing:
        raise DomainError(
            N_(
                "There is nothing to close: every agreement of the quarter is closed already, or not yet to be."
            )
        )
    for other in _open(session, name, region):
        if other.stage is Stage.CONFIRMED:
            raise DomainError(
                N_(
                    "A close of this quarter was confirmed and is not finished. Finish it first, from its page."
                )
            )
        if other.sha256 == seen_sha256:
            return other
        _withdraw(session, actor, other)
    made = Proposal(
        quarter=name,
        region_id=region.id,
        rows=[row.said for row in closing],
        sha256=digest(rows),
        agreements=len(closing),
        release_fen=sum(row.fund_fen for row in closing if row.outcome is Outcome.RELEASE),
        proposed_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        actor,
        "quarter.proposed",
        made,
        quarter=name,
        agreements=made.agreements,
        release_fen=made.release_fen,
        sha256=made.sha256,
    )
    return made


def withdraw(session: Session, actor: User, proposal: Proposal) -> None:
    """Take a proposal back before anybody confirmed it."""
    lock(session, proposal)
    if not actor.can(Permission.FUNDS_CLOSE, proposal.region):
        raise DomainError(N_("You may not propose the close of a quarter for this office."))
    if proposal.stage is not Stage.PROPOSED:
        raise DomainError(N_("This proposal has moved on in the meantime; look at it again."))
    _withdraw(session, actor, proposal)


def why_not_confirm(proposal: Proposal, actor: User) -> DomainError | None:
    """What keeps a user from confirming it, but for what changed; None when nothing does."""
    if proposal.stage is not Stage.PROPOSED:
        return DomainError(N_("This proposal has moved on in the meantime; look at it again."))
    if not actor.can(Permission.FUNDS_CONFIRM, proposal.region):
        return DomainError(N_("You may not confirm the close of a quarter for this office."))
    if actor.id == proposal.proposed_by_id:
        return DomainError(N_("You proposed it yourself: a second person must confirm it."))
    return None


def confirm(session: Session, actor: User, proposal: Proposal, *, seen_sha256: str) -> Job:
    """Confirm what another person proposed, as far as it still is what would be released, and ask for its task.

    An agreement whose fund is another by now is left out by the task. The caller commits and then starts the task.
    DomainError for the proposer, and when what changed must be proposed again (`must_be_proposed_again`).
    """
    lock(session, proposal)
    refusal = why_not_confirm(proposal, actor)
    if refusal is not None:
        raise refusal
    statement_text(session)
    if proposal.sha256 != seen_sha256:
        raise DomainError(_OTHERS)
    if must_be_proposed_again(
        proposal, changes(proposal, preview(session, proposal.quarter, proposal.region_id))
    ):
        raise DomainError(
            N_("Something has changed since it was proposed; the page lists what. It must be proposed again.")
        )
    proposal.stage = Stage.CONFIRMED
    proposal.confirmed_by_id, proposal.confirmed_at = actor.id, now()
    audit.record(
        session, actor, "quarter.confirmed", proposal, quarter=proposal.quarter, sha256=proposal.sha256
    )
    return _ask(session, actor, proposal)


def go_on(session: Session, actor: User, proposal: Proposal) -> Job:
    """Ask again for the task of a confirmed close: one that was stopped or killed goes on behind what is done, and of
    one that is done the file for the printer is made again."""
    lock(session, proposal)
    require_confirmer(actor, proposal)
    if proposal.stage not in (Stage.CONFIRMED, Stage.DONE):
        raise DomainError(N_("This proposal has moved on in the meantime; look at it again."))
    before = session.get(Job, proposal.job_id) if proposal.job_id else None
    if before is not None and not jobs.end_lost(session, before):
        raise DomainError(N_("Its task is still at work; wait until it has ended."))
    return _ask(session, actor, proposal)


def require_confirmer(actor: User, proposal: Proposal) -> None:
    """Refuse whoever may not, or no longer, confirm closes in the proposal's office."""
    if not actor.can(Permission.FUNDS_CONFIRM, proposal.region):
        raise DomainError(N_("You may not confirm the close of a quarter for this office."))


def _ask(session: Session, actor: User, proposal: Proposal) -> Job:
    job = jobs.enqueue(
        session,
        actor,
        KIND,
        title=proposal.quarter,
        total=2 * proposal.agreements,
        proposal_id=proposal.id,
    )
    proposal.job_id = job.id
    return job


# An agreement as it is now, and what was proposed of it; None where it is, or was, none of the quarter.
Changed = tuple[Row | None, list[Any] | None]


def must_be_proposed_again(proposal: Proposal, changed: Sequence[Changed]) -> bool:
    """Whether nothing would be left to confirm, or a statement would lose the account that was proposed with it.

    A fund that changed is left out by the task and proposed again afterwards, so that a line entered at the wrong
    moment holds up no other agreement; an account that changed would only be left off its paper, and never told.
    """
    was = [(row, said) for row, said in changed if said is not None]
    return len(was) >= proposal.agreements or any(
        row is not None and not row.gives_other(said) for row, said in was
    )


def changes(proposal: Proposal, rows: list[Row]) -> list[Changed]:
    """What would be another than was proposed: (the agreement as it is now, what was proposed of it)."""
    proposed = {row[0]: row for row in proposal.rows}
    now_ = {row.agreement_id: row for row in rows}
    found: list[Changed] = []
    for row in rows:
        said = proposed.get(row.agreement_id)
        if said is None and row.outcome in CLOSING:
            found.append((row, None))
        elif said is not None and row.differs(said):
            found.append((row, said))
    found += [(None, said) for id_, said in proposed.items() if id_ not in now_]
    return found


def remaining(proposal: Proposal, changed: Sequence[Changed]) -> tuple[int, int]:
    """What is left to confirm: how many agreements, and the fen that they are released."""
    gone = {said[0] for _row, said in changed if said is not None}
    left = [row for row in proposal.rows if row[0] not in gone]
    return len(left), sum(row[2] for row in left if row[1] == Outcome.RELEASE)


def _open(session: Session, name: str, region: Region) -> list[Proposal]:
    return list(
        session.scalars(
            sa.select(Proposal).where(
                Proposal.quarter == name,
                Proposal.region_id == region.id,
                Proposal.stage.in_((Stage.PROPOSED, Stage.CONFIRMED)),
            )
        )
    )


def _withdraw(session: Session, actor: User, proposal: Proposal) -> None:
    proposal.stage, proposal.withdrawn_by_id = Stage.WITHDRAWN, actor.id
    session.flush()
    audit.record(session, actor, "quarter.withdrawn", proposal, quarter=proposal.quarter)
