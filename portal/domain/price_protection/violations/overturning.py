"""A decision taken back by a judgment or by clause 11.3: two people, and the paper that says so (8.4, 11.3)."""

from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.access.roles import Permission
from portal.domain.documents import services as documents
from portal.domain.documents.images import MOST_PIXELS, pixels
from portal.domain.documents.kinds import SCANS, media_type_of, refusal
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.violations import base, ending
from portal.domain.price_protection.violations.evidence import MOST_BYTES
from portal.domain.price_protection.violations.models import Case, State, TakingBack, TakingBackGround
from portal.domain.price_protection.violations.vault import FILES, Vault
from portal.domain.users.models import User

TAKEN = (State.DECIDED, State.APPEALED, State.ANSWERED, State.EFFECTIVE)
_BOX = "application/octet-stream"


def proposal(case: Case) -> TakingBack | None:
    """The proposal to take the decision back that waits for a second person."""
    return next(
        (one for one in case.takings_back if one.confirmed_at is None and one.dropped_at is None), None
    )


def may_propose(user: User, case: Case) -> bool:
    """Whether this user may propose it, as far as anybody may know; what is sealed is asked when he does."""
    return user.can(Permission.CASES_DECIDE, case.region) and not base.takes_part(user, case)


def may_confirm(user: User, case: Case) -> bool:
    """Whether this user may confirm it: neither who proposed it nor who decided the case."""
    found = proposal(case)
    return (
        found is not None
        and may_propose(user, case)
        and user.id not in (found.proposed_by_id, case.decider_id)
    )


def may_read(user: User, case: Case) -> bool:
    """Whether this user may open the judgment or the opinion: it may say more than a paper of the case does."""
    return may_propose(user, case) or case.is_investigator(user)


def propose(
    session: Session,
    vault: Vault,
    actor: User,
    case: Case,
    *,
    ground: TakingBackGround,
    said: str,
    data: bytes,
) -> TakingBack:
    """Propose to take the decision back, with the file of the judgment or of counsel's opinion; the caller commits.

    By whoever may decide and is neither investigator, reporter nor owner of the account (PLACEHOLDERS 4.6). Nothing is
    restored before somebody else confirms it. The file is sealed as evidence is: a judgment may name a witness.
    """
    _begin(session, vault, actor, case)
    if proposal(case) is not None:
        raise DomainError(
            N_("A proposal to take the decision back waits already. It is confirmed or dropped first.")
        )
    words = base.text(said, 200, "said")
    if not data:
        raise DomainError(N_("Choose the file of the judgment or of counsel's opinion."), field="file")
    if len(data) > MOST_BYTES or pixels(data) > MOST_PIXELS:
        raise DomainError(
            N_("The file is too large; at most %(limit)s MB."), field="file", limit=MOST_BYTES // 1024**2
        )
    if media_type_of(data) not in SCANS:
        raise refusal(data, "file")
    no = len(case.takings_back) + 1
    document = documents.store(
        session,
        vault.seal(data, _purpose(case.id, no), filled_to=FILES),
        filename="judgment",
        by=actor,
        media_type=_BOX,
    )
    made = TakingBack(
        case_id=case.id,
        no=no,
        ground=ground,
        said=words,
        document_id=document.id,
        proposed_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    session.expire(case, ["takings_back"])
    base.record(session, actor, case, "set_aside_proposed", ground=ground.value, on=today())
    return made


def confirm(session: Session, vault: Vault, actor: User, case: Case, found: TakingBack) -> int:
    """Take the decision back: everything is as it was (8.4); gives what was restored, in fen. The caller commits.

    By a second person, who did not decide the case either.
    """
    _begin(session, vault, actor, case)
    _require_waiting(case, found)
    if actor.id == found.proposed_by_id:
        raise DomainError(N_("You proposed this; somebody else reads the file and confirms it."))
    if actor.id == case.decider_id:
        raise DomainError(N_("Who decided the case does not confirm that the decision is taken back."))
    found.confirmed_by_id, found.confirmed_at = actor.id, now()
    return ending.overturn(session, actor, case, None, today(), found.said)


def drop(session: Session, vault: Vault, actor: User, case: Case, found: TakingBack) -> None:
    """Give the proposal up; by who made it, or by whoever could have confirmed it."""
    base.hold(session, case)
    base.require(actor, Permission.CASES_DECIDE, case)
    base.require_free(session, vault, actor, case)
    _require_waiting(case, found)
    found.dropped_at = now()
    base.record(session, actor, case, "set_aside_dropped", on=today())
    session.flush()


def open_file(
    session: Session, vault: Vault, actor: User, case: Case, found: TakingBack
) -> tuple[str, bytes]:
    """The kind and content of the judgment or opinion; each look is on record. The caller commits."""
    if not may_read(actor, case):
        raise DomainError(N_("You may not do this for cases of this office."))
    if not case.is_investigator(actor):
        base.require_free(session, vault, actor, case)
    data = vault.open(documents.content(session, found.document), _purpose(case.id, found.no))
    base.record(session, actor, case, "judgment_seen")
    return media_type_of(data), data


def _begin(session: Session, vault: Vault, actor: User, case: Case) -> None:
    base.hold(session, case, *TAKEN)
    base.require(actor, Permission.CASES_DECIDE, case)
    base.require_free(session, vault, actor, case)


def _require_waiting(case: Case, found: TakingBack) -> None:
    if found.case_id != case.id or found.confirmed_at is not None or found.dropped_at is not None:
        case.moved_on()


def _purpose(case_id: int, no: int) -> str:
    return f"case:{case_id}:judgment:{no}"
