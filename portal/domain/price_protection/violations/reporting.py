"""Taking in a report: about one act under one agreement; who says so is sealed at once (P5, clause 6)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import now, today
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.violations import evidence, reporters
from portal.domain.price_protection.violations.deadlines import open_by
from portal.domain.price_protection.violations.models import Case, State
from portal.domain.price_protection.violations.reporters import Reporter, Source
from portal.domain.price_protection.violations.terms import (
    approval_of,
    require_covered,
    require_not_settled,
    terms_on,
)
from portal.domain.price_protection.violations.vault import Vault
from portal.domain.users.models import User

_SIGNS = re.compile(r"[\s\W_省市区县镇乡街道村号]+")


@dataclass(frozen=True)
class Report:
    """What is reported: an act of a day, its kinds out of annex 2, who says so, and the files that show it."""

    act_on: date
    kinds: Sequence[str]
    reporter: Reporter
    product_id: int | None = None
    files: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


def report(session: Session, vault: Vault, actor: User | None, agreement: Agreement, said: Report) -> Case:
    """Keep a report; the caller commits. Its source, its words and the hour it came are sealed with it.

    Refused (DomainError): an act outside the agreement's days, a kind that annex 2 did not have, a price level
    without an approval that bound it (6.1), an act too long ago (5.2), an agreement that was settled (13.3), and the
    same act by the same hand twice. Somebody else's report of the same act is kept without a word: saying that it is
    known would tell that there is a case. No event is written that an auditor could lay beside a sign-in.
    """
    require_covered(agreement, said.act_on)
    terms = terms_on(session, agreement, said.act_on)
    kind = terms.highest(list(dict.fromkeys(said.kinds)))
    latest = open_by(said.act_on, int(terms.values["limitation_months"]))
    if today() > latest:
        raise DomainError(
            N_("The act is too long ago: a case about it could be opened until %(day)s (clause 5.2)."),
            field="act_on",
            day=latest.isoformat(),
        )
    require_not_settled(session, agreement)
    approval = approval_of(session, terms, said.product_id, said.act_on) if kind.needs_approval else ""
    reporter = reporters.read(
        replace(
            said.reporter,
            taken_by_id=actor.id if actor else None,
            taken_at=now().isoformat(timespec="seconds"),
            user_id=_employee(said.reporter, actor),
        )
    )
    mark = act_mark(vault, agreement, said.act_on, reporter.place)
    _refuse_twice(session, vault, agreement, mark, reporter)
    case = Case(
        agreement_id=agreement.id,
        region_id=agreement.region_id,
        act_on=said.act_on,
        act_mark=mark,
        kind_no=kind.no,
        kind_code=kind.code,
        kind=kind.kind,
        definition=kind.definition,
        share_ppm=kind.share_ppm,
        award_ppm=terms.award_ppm,
        product_id=said.product_id if kind.needs_approval else None,
        approval_number=approval,
        values=dict(terms.values),
    )
    session.add(case)
    session.flush()
    reporters.keep(session, vault, case, reporter)
    for filename, data in said.files:
        evidence.keep(session, vault, None, case, filename, data)
    return case


def _employee(reporter: Reporter, actor: User | None) -> int | None:
    """An employee who enters a report reports it, unless a colleague is named."""
    if reporter.source is not Source.EMPLOYEE:
        return None
    return reporter.user_id if reporter.user_id is not None else (actor.id if actor else None)


def act_mark(vault: Vault, agreement: Agreement, act_on: date, place: str) -> str:
    """The mark of an act: the same agreement, day and place, however the place is written; whatever its kind (5.2)."""
    flat = _SIGNS.sub("", unicodedata.normalize("NFKC", place)).casefold()
    return vault.mark(f"act {agreement.id} {act_on.isoformat()} {flat}")


def same_act(session: Session, case: Case) -> list[Case]:
    """Other cases and reports about the same act, the earliest first."""
    return list(
        session.scalars(
            sa.select(Case)
            .where(Case.agreement_id == case.agreement_id, Case.act_mark == case.act_mark, Case.id != case.id)
            .order_by(Case.id)
        )
    )


def _refuse_twice(
    session: Session, vault: Vault, agreement: Agreement, mark: str, reporter: Reporter
) -> None:
    """Refuse what this hand has entered already, for the same source; others learn nothing of it."""
    known = session.scalars(
        sa.select(Case).where(
            Case.agreement_id == agreement.id, Case.act_mark == mark, Case.state != State.TURNED_DOWN
        )
    )
    for case in known:
        earlier = reporters.unsealed(session, vault, case)
        if earlier.taken_by_id is not None and earlier.taken_by_id == reporter.taken_by_id:
            raise DomainError(
                N_(
                    "You have entered a report about this act already. What came to light since goes to the"
                    " investigators."
                ),
                field="act_on",
            )
