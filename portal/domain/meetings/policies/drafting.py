"""Writing a policy: kept version by version until it is presented, tied to the meetings where it will be (M1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import CHINA, lock, now, today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.documents import services as documents
from portal.domain.documents.models import Document
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.meetings.models import Meeting
from portal.domain.meetings.planning import require_host
from portal.domain.meetings.policies.models import (
    MOVES,
    Concerned,
    Policy,
    PolicyScope,
    PolicyState,
    PolicyText,
    Showing,
)
from portal.domain.meetings.policies.queries import CONCERNED, in_scope
from portal.domain.numbering.services import Numbered, new_number
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.text import clean, clean_lines
from portal.domain.users.models import User

LONGEST = 20_000
_PDF = frozenset({"application/pdf"})


@dataclass(frozen=True)
class Said:
    """A policy as somebody wrote it; `pdf` and `filename` where the text is a file."""

    title: str
    body: str
    wanted_on: date
    offices: Collection[Region]
    replaces: Policy | None = None
    pdf: bytes = b""
    filename: str = ""


def draft(session: Session, actor: User, region: Region, said: Said) -> Policy:
    """Write a policy for offices below this one; it binds nobody yet. The caller commits."""
    _require_writer(actor, region)
    said = _checked(said, region)
    made = Policy(
        number=new_number(session, regions.head_office(session), Numbered.POLICY),
        title=said.title,
        region_id=region.id,
        wanted_on=said.wanted_on,
        replaces_id=said.replaces.id if said.replaces else None,
        created_by_id=actor.id,
    )
    made.scopes = [PolicyScope(region_id=one.id) for one in said.offices]
    session.add(made)
    session.flush()
    _add_text(session, actor, made, said, 1, None)
    audit.record(session, actor, "policy.drafted", made, number=made.number, title=made.title)
    return made


def rewrite(session: Session, actor: User, policy: Policy, said: Said, *, seen_version: int) -> bool:
    """Write another version; False where nothing differs. Once it was presented a policy stays as it is.

    Raises Stale where somebody wrote one after the version that the form showed.
    """
    lock(session, policy)
    _require_writer(actor, policy.region)
    if policy.version != seen_version:
        raise Stale(
            N_("Somebody else saved this policy a moment ago. Compare, then save again to replace it.")
        )
    if policy.state not in (PolicyState.DRAFT, PolicyState.TIED):
        raise DomainError(
            N_("This policy was presented, so its text stays. Write a new one that replaces it.")
        )
    said = _checked(said, policy.region, policy)
    before, last = _told(policy), policy.text
    document = last.document if not said.pdf else None
    if not said.pdf and (said.title, said.body, said.wanted_on) == (last.title, last.body, last.wanted_on):
        changed = False
    else:
        _add_text(session, actor, policy, said, last.no + 1, document)
        changed = True
    policy.title, policy.wanted_on = said.title, said.wanted_on
    policy.replaces_id = said.replaces.id if said.replaces else None
    kept = {scope.region_id: scope for scope in policy.scopes}
    wanted = {one.id for one in said.offices}
    policy.scopes[:] = [kept.get(id_) or PolicyScope(region_id=id_) for id_ in sorted(wanted)]
    session.flush()
    session.expire(policy, ["scopes", "texts", "replaces"])
    differing = audit.changes(before, _told(policy))
    if not changed and not differing:
        return False
    sa.orm.attributes.flag_modified(policy, "title")
    audit.record(session, actor, "policy.changed", policy, no=policy.text.no, changes=differing)
    session.flush()
    return True


def tie(session: Session, actor: User, policy: Policy, meeting: Meeting) -> Showing:
    """Put a policy on a meeting; who did so before gets the same row again."""
    lock(session, policy)
    require_host(actor, meeting)
    if meeting.cancelled_at is not None:
        raise DomainError(
            N_("The meeting was called off. Choose another meeting for the policy."), "policy_id"
        )
    if meeting.ends_at <= now():
        raise DomainError(N_("The meeting is over. Choose one that is still to come."), "policy_id")
    if policy.state not in (PolicyState.DRAFT, PolicyState.TIED, PolicyState.PRESENTED):
        raise DomainError(
            N_("%(number)s is no longer a draft. Write a new policy that replaces it."),
            "policy_id",
            number=policy.number,
        )
    showing = _showing(session, policy, meeting)
    if showing is not None and showing.untied_at is None:
        return showing
    if showing is None:
        showing = Showing(policy_id=policy.id, meeting_id=meeting.id, tied_by_id=actor.id)
        session.add(showing)
    else:
        showing.untied_at, showing.tied_at, showing.tied_by_id = None, now(), actor.id
    if policy.state is PolicyState.DRAFT:
        move(policy, PolicyState.TIED)
    session.flush()
    audit.record(session, actor, "policy.tied", policy, title=meeting.title, number=meeting.number)
    return showing


def untie(session: Session, actor: User, showing: Showing) -> None:
    """Take a policy off a meeting where it was not presented."""
    policy = lock(session, showing.policy)
    lock(session, showing)
    require_host(actor, showing.meeting)
    if showing.presented_at is not None:
        raise DomainError(N_("It was presented at this meeting already, so it stays there."))
    if showing.untied_at is not None:
        return
    showing.untied_at = now()
    session.flush()
    is_elsewhere = session.scalar(
        sa.select(sa.exists().where(Showing.policy_id == policy.id, Showing.untied_at.is_(None)))
    )
    if policy.state is PolicyState.TIED and not is_elsewhere:
        move(policy, PolicyState.DRAFT)
    audit.record(
        session, actor, "policy.untied", policy, title=showing.meeting.title, number=showing.meeting.number
    )
    session.flush()


def present(session: Session, actor: User, showing: Showing, at: datetime | None = None) -> int:
    """Note that it was presented, at this instant of the meeting; returns how many it concerns from now on.

    Its text stays from then on, and so does the list of whom it concerns: distributors of its offices that are active.
    Presented again elsewhere, it takes in whoever became active meanwhile.
    """
    policy = lock(session, showing.policy)
    lock(session, showing)
    meeting = showing.meeting
    require_host(actor, meeting)
    moment = at or now()
    if showing.presented_at is not None:
        raise DomainError(N_("It was noted already that the policy was presented here."))
    if showing.untied_at is not None:
        raise DomainError(N_("The policy is no longer on this meeting. Put it on again first."))
    if meeting.cancelled_at is not None:
        raise DomainError(N_("The meeting was called off, so nothing was presented at it."))
    if now() < meeting.starts_at:
        raise DomainError(N_("The meeting has not begun yet. Note it once the policy has been presented."))
    if not meeting.starts_at <= moment <= min(now(), meeting.ends_at):
        moment = min(now(), meeting.ends_at)
        if at is not None:
            raise DomainError(
                N_("Enter a time of the meeting that has passed already, from %(first)s to %(last)s."),
                "at",
                first=meeting.starts_at.astimezone(CHINA).strftime("%H:%M"),
                last=moment.astimezone(CHINA).strftime("%H:%M"),
            )
    if policy.text.written_at > moment:
        raise DomainError(
            N_(
                "Version %(no)s was written after that time, so it was not what was presented. Put the policy on"
                " another meeting."
            ),
            "at",
            no=policy.text.no,
        )
    is_first = policy.state is not PolicyState.PRESENTED
    if is_first:
        move(policy, PolicyState.PRESENTED)
        policy.presented_at = moment
    showing.presented_at, showing.presented_by_id, showing.text_id = moment, actor.id, policy.text.id
    found = session.scalars(
        sa.select(Distributor.id).where(
            Distributor.standing.in_(CONCERNED),
            in_scope(policy.id),
            ~sa.exists().where(Concerned.policy_id == policy.id, Concerned.distributor_id == Distributor.id),
        )
    ).all()
    if is_first and not found:
        raise DomainError(
            N_(
                "No distributor of its offices is active, so the policy concerns nobody. Change its offices first."
            )
        )
    session.add_all(
        Concerned(policy_id=policy.id, distributor_id=id_, is_newcomer=not is_first) for id_ in found
    )
    session.flush()
    audit.record(
        session,
        actor,
        "policy.presented",
        policy,
        number=meeting.number,
        title=meeting.title,
        count=len(found),
    )
    return len(found)


def move(policy: Policy, to: PolicyState) -> None:
    """Move a policy on; DomainError where no such move exists."""
    if to not in MOVES[policy.state]:
        raise DomainError(
            N_("%(number)s has moved on meanwhile. Open it again to see where it stands."),
            number=policy.number,
        )
    policy.state = to


def _require_writer(actor: User, region: Region) -> None:
    if not actor.can(Permission.MEETINGS_WRITE, region):
        raise DomainError(
            N_("You write no policies for %(office)s. Ask its staff to do it."),
            "region_id",
            office=region.name,
        )


def may_replace(replaced: Policy, region: Region, offices: Sequence[Region]) -> bool:
    """Whether a policy of this office, for these, may end another: it is the office's own, and nobody is left out."""
    return replaced.region_id == region.id and all(
        any(scope.region.path.startswith(office.path) for office in offices) for scope in replaced.scopes
    )


def _checked(said: Said, region: Region, policy: Policy | None = None) -> Said:
    title, body = clean(said.title), clean_lines(said.body)
    if not title:
        raise DomainError(N_("Enter what the policy is called."), "title")
    if len(body) > LONGEST:
        raise DomainError(
            N_("The text has %(length)s characters, %(most)s at most. Hand in a PDF instead."),
            "body",
            length=len(body),
            most=LONGEST,
        )
    has_file = bool(said.pdf) or (policy is not None and policy.text.document_id is not None)
    if not body and not has_file:
        raise DomainError(N_("Write the text, or hand it in as a PDF."), "body")
    if policy is None and said.wanted_on < today():
        raise DomainError(N_("The policy should take effect on a day to come."), "wanted_on")
    offices = list({one.id: one for one in said.offices}.values())
    if not offices:
        raise DomainError(N_("Choose the offices whose distributors it is for."), "offices")
    for one in offices:
        if not one.path.startswith(region.path):
            raise DomainError(
                N_("%(office)s does not belong to %(issuer)s, which issues the policy."),
                "offices",
                office=one.name,
                issuer=region.name,
            )
    # An office above makes those below it superfluous.
    offices = [
        one
        for one in offices
        if not any(other is not one and one.path.startswith(other.path) for other in offices)
    ]
    if said.replaces is not None:
        replaced = said.replaces
        if replaced.state is not PolicyState.RELEASED or replaced.superseded_on is not None:
            raise DomainError(N_("Only a policy in force can be replaced."), "replaces_id")
        if policy is not None and replaced.id == policy.id:
            raise DomainError(N_("A policy does not replace itself."), "replaces_id")
        if not may_replace(replaced, region, offices):
            raise DomainError(
                N_("A policy is replaced by one of its own office, for all its offices."), "replaces_id"
            )
    return Said(title[:80], body, said.wanted_on, offices, said.replaces, said.pdf, said.filename)


def _add_text(
    session: Session, actor: User, policy: Policy, said: Said, no: int, kept: Document | None
) -> PolicyText:
    if said.pdf:
        kept = documents.store(
            session, said.pdf, filename=said.filename, by=actor, allowed=_PDF, field="file"
        )
    text = PolicyText(
        policy_id=policy.id,
        no=no,
        title=said.title,
        body=said.body,
        document_id=kept.id if kept else None,
        wanted_on=said.wanted_on,
        written_by_id=actor.id,
    )
    session.add(text)
    session.flush()
    session.expire(policy, ["texts"])
    return text


def _told(policy: Policy) -> dict[str, object]:
    return {
        "title": policy.title,
        "wanted_on": policy.wanted_on,
        "offices": sorted(one.region.name for one in policy.scopes),
        "replaces": policy.replaces.number if policy.replaces else None,
        "text": policy.text.no,
    }


def _showing(session: Session, policy: Policy, meeting: Meeting) -> Showing | None:
    return session.scalar(
        sa.select(Showing).where(Showing.policy_id == policy.id, Showing.meeting_id == meeting.id)
    )
