"""Who reported: sealed at rest, opened for the named investigators of the case only, each look on record (P5, 6.2)."""

import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.violations.models import Case, CaseReporter
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.text import clean, half_width
from portal.domain.users.models import User

# How short a part of a name may be and still give it away; telephones and accounts by their last digits.
_NAME, _DIGITS = 2, 7
FORBIDDEN_WORDS = ("据举报", "接到举报", "线索人")


class Source(StrEnum):
    """Where a report came from."""

    DISTRIBUTOR = "distributor"
    EMPLOYEE = "employee"
    OUTSIDE = "outside"
    PATROL = "patrol"


class Exclusion(StrEnum):
    """Why somebody may receive no award (6.3)."""

    ACCUSED = "accused"
    SAME_CODE = "same_code"
    SAME_PARENT = "same_parent"
    SAME_CONTROL = "same_control"
    PEOPLE_OF_THE_ACCUSED = "people_of_the_accused"
    TOOK_PART = "took_part"
    CASE_HANDLER = "case_handler"
    PATROL = "patrol"
    IMPROPER = "improper"
    NOBODY = "nobody"  # nobody is known who could receive it


# What only investigators can know; the others follow from the register.
DECLARED = (
    Exclusion.SAME_CONTROL,
    Exclusion.PEOPLE_OF_THE_ACCUSED,
    Exclusion.TOOK_PART,
    Exclusion.CASE_HANDLER,
    Exclusion.IMPROPER,
)


@dataclass(frozen=True)
class Reporter:
    """All that is known of a report's source; it exists in clear only in memory.

    `place` and `story` are in the reporter's own words. `taken_by_id` and `taken_at` say who entered it and when.
    """

    source: Source
    name: str = ""
    phone: str = ""
    account: str = ""
    uscc: str = ""
    distributor_id: int | None = None
    user_id: int | None = None
    place: str = ""
    story: str = ""
    taken_by_id: int | None = None
    taken_at: str = ""
    exclusion: Exclusion | None = None
    exclusion_reason: str = ""

    @property
    def can_be_paid(self) -> bool:
        """Whether there is somebody to pay an award to."""
        return bool(self.name or self.distributor_id or self.user_id)


_LIMITS = {"name": 60, "phone": 40, "account": 120, "place": 120, "story": 1500, "exclusion_reason": 300}


def read(reporter: Reporter) -> Reporter:
    """The report's source with its texts cleaned; DomainError for what is too long or missing."""
    texts: dict[str, Any] = {name: clean(" ".join(getattr(reporter, name).split())) for name in _LIMITS}
    for name, limit in _LIMITS.items():
        if len(texts[name]) > limit:
            raise DomainError(N_("At most %(limit)s characters fit here."), field=name, limit=limit)
    if reporter.source is Source.DISTRIBUTOR and reporter.distributor_id is None:
        raise DomainError(N_("Choose the distributor that reports."), field="reporter_distributor")
    if not texts["story"]:
        raise DomainError(N_("Write down what was reported."), field="story")
    if not texts["place"]:
        raise DomainError(N_("Write down where it happened."), field="place")
    return replace(reporter, **texts)


def keep(session: Session, vault: Vault, case: Case, reporter: Reporter) -> None:
    """Seal what is known of the reporter into the case's one row; the caller commits."""
    plain = json.dumps(asdict(reporter), ensure_ascii=False, sort_keys=True).encode()
    row = session.scalar(sa.select(CaseReporter).where(CaseReporter.case_id == case.id))
    sealed = vault.seal(plain, _purpose(case))
    if row is None:
        session.add(CaseReporter(case_id=case.id, key_id=vault.key_id, sealed=sealed))
    else:
        row.sealed, row.key_id = sealed, vault.key_id
    session.flush()


def _purpose(case: Case) -> str:
    return f"case:{case.id}:reporter"


def unsealed(session: Session, vault: Vault, case: Case) -> Reporter:
    """The reporter, for the rules that must know; whoever shows anything of it asks `look`."""
    sealed = session.scalars(sa.select(CaseReporter.sealed).where(CaseReporter.case_id == case.id)).one()
    said = json.loads(vault.open(sealed, _purpose(case)))
    said["source"] = Source(said["source"])
    said["exclusion"] = Exclusion(said["exclusion"]) if said["exclusion"] else None
    return Reporter(**said)


def look(session: Session, vault: Vault, actor: User, case: Case) -> Reporter:
    """Show the reporter to a named investigator, and put the look on record; the caller commits.

    DomainError for anybody else. The event says who looked at which case, and nothing of who was seen.
    """
    require_named(case, actor)
    audit.record(session, actor, "case.reporter_seen", case)
    return unsealed(session, vault, case)


def has_any(session: Session) -> bool:
    """Whether anything was ever sealed: then a key that is not there is lost, and no other is made."""
    return bool(session.scalar(sa.select(sa.exists().where(CaseReporter.id.is_not(None)))))


def key_ids(session: Session) -> set[str]:
    """The names of the keys under which reporters are sealed."""
    return set(session.scalars(sa.select(CaseReporter.key_id).distinct()))


def require_named(case: Case, actor: User) -> None:
    """Refuse whoever was not named as an investigator of this case."""
    if not case.is_investigator(actor):
        raise DomainError(N_("Only the investigators named for this case may do this."))


def require_no_source(session: Session, vault: Vault, case: Case, actor: User) -> None:
    """Refuse whoever reported it as an investigator of it: of oneself only, who knows it; nobody else is told."""
    if unsealed(session, vault, case).user_id == actor.id:
        raise DomainError(
            N_(
                "What you know of this case you know as its source: leave it to others. Step aside if you were named."
            )
        )


def exclude(
    session: Session, vault: Vault, actor: User, case: Case, ground: Exclusion | None, reason: str
) -> None:
    """Declare that this reporter may receive no award, and why (6.3), or take that back; the reason stays sealed."""
    require_named(case, actor)
    if case.decided_on is not None:
        raise DomainError(N_("The case is decided; the award was booked with the decision."))
    if ground is not None and ground not in DECLARED:
        raise DomainError(N_("Choose one of the grounds."), field="ground")
    reason = clean(" ".join(reason.split()))
    if ground is not None and not reason:
        raise DomainError(N_("Enter the reason."), field="reason")
    found = unsealed(session, vault, case)
    keep(session, vault, case, read(replace(found, exclusion=ground, exclusion_reason=reason)))
    # Neither that somebody was excluded nor why: the same words for any change of what is sealed.
    audit.record(session, actor, "case.sealed_facts_changed", case)


def complete(
    session: Session, vault: Vault, actor: User, case: Case, *, name: str, phone: str, account: str
) -> None:
    """Enter what was learnt of the reporter later, the account for the award for one; a named investigator's."""
    require_named(case, actor)
    found = unsealed(session, vault, case)
    keep(session, vault, case, read(replace(found, name=name, phone=phone, account=account)))
    audit.record(session, actor, "case.sealed_facts_changed", case)


def excluded(session: Session, case: Case, reporter: Reporter) -> Exclusion | None:
    """Why this reporter may receive no award; None when nothing speaks against it (P5, 6.3)."""
    if reporter.exclusion is not None:
        return reporter.exclusion
    if reporter.source is Source.PATROL:
        return Exclusion.PATROL
    if not reporter.can_be_paid:
        return Exclusion.NOBODY
    handlers = {one.user_id for one in case.investigators if one.taken_on_at} | {case.decider_id}
    if reporter.user_id is not None and reporter.user_id in handlers:
        return Exclusion.CASE_HANDLER
    accused = case.agreement.distributor
    if reporter.distributor_id == accused.id:
        return Exclusion.ACCUSED
    known = session.get(Distributor, reporter.distributor_id) if reporter.distributor_id else None
    codes = {_code(reporter.uscc), _code(known.uscc if known else "")} - {""}
    if _code(accused.uscc) in codes:
        return Exclusion.SAME_CODE
    if known is not None and known.parent_id is not None and known.parent_id == accused.parent_id:
        return Exclusion.SAME_PARENT
    return None


def _code(text: str | None) -> str:
    return half_width(clean(text or "")).replace(" ", "").upper()


def is_reporter(reporter: Reporter, user: User) -> bool:
    """Whether this user reported, or entered the report of somebody else and so knows whose it is."""
    return user.id in (reporter.user_id, reporter.taken_by_id)


def knows(session: Session, vault: Vault, case: Case, user_ids: Collection[int]) -> bool:
    """Whether one of these users reported, or entered the report; to be told to named investigators alone."""
    known = unsealed(session, vault, case)
    return not {known.user_id, known.taken_by_id}.isdisjoint(user_ids)


def names(session: Session, reporter: Reporter) -> tuple[str, str, str]:
    """What the register calls the reporting distributor, the employee, and who entered the report; empty for none."""
    known = session.get(Distributor, reporter.distributor_id) if reporter.distributor_id else None
    employee = session.get(User, reporter.user_id) if reporter.user_id else None
    taker = session.get(User, reporter.taken_by_id) if reporter.taken_by_id else None
    return (
        f"{known.code} {known.name}" if known else "",
        employee.name if employee else "",
        taker.name if taker else "",
    )


def check_words(texts: Iterator[str] | Sequence[str]) -> None:
    """Refuse what no paper may say, whoever reported: that there was a report (PLACEHOLDERS 4.11, 5)."""
    joined = "\n".join(texts)
    for word in FORBIDDEN_WORDS:
        if word in _flat(joined):
            raise DomainError(
                N_("“%(word)s” may not stand in a paper of a case; write “经甲方核实” instead."), word=word
            )


def check_secrecy(session: Session, vault: Vault, case: Case, texts: Sequence[str]) -> None:
    """Refuse texts in which a name, telephone, code or account of the reporter stands; which one is never said.

    Only for named investigators, who may know: to anybody else the refusal itself would answer a guess.
    """
    check_words(texts)
    flat = "|".join(_flat(text) for text in texts)
    runs = re.findall(r"\d+", flat)
    for fact in _facts(session, unsealed(session, vault, case)):
        words, number = _flat(fact), re.sub(r"\D", "", _flat(fact))
        ending = number[-_DIGITS:] if len(number) >= _DIGITS else None
        if (len(words) >= _NAME and words in flat) or (ending and any(ending in run for run in runs)):
            raise DomainError(
                N_(
                    "This text contains something that gives the source away. Compare it with what is sealed, and"
                    " send it back to its writer with a hint that names no fact."
                )
            )


def _facts(session: Session, reporter: Reporter) -> Iterator[str]:
    """Every name, telephone, code and account by which the reporter is known."""
    yield from (reporter.name, reporter.phone, reporter.account, reporter.uscc)
    if reporter.user_id is not None and reporter.source is Source.EMPLOYEE:
        user = session.get(User, reporter.user_id)
        if user is not None:
            yield from (user.name, user.username)
    known = session.get(Distributor, reporter.distributor_id) if reporter.distributor_id else None
    if known is not None:
        yield from (known.name, known.code, known.uscc or "", known.legal_rep or "", known.bank_account or "")
        yield from (getattr(known, "short_name", "") or "",)
        for phone in known.phones:
            yield phone.digits
        for person in known.people:
            yield from (person.name, person.phone)


def _flat(text: str) -> str:
    """Text as it is compared: in one width and case, without blanks and signs between its letters."""
    return re.sub(r"[\s\-·.,，。、()（）]", "", unicodedata.normalize("NFKC", text)).casefold()
