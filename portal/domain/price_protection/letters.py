"""Originals as the post gets them: in mailing order, with whom they go to (P1b)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.defaults import distributor_values
from portal.domain.price_protection.models import (
    BINDING,
    Agreement,
    AgreementPaper,
    DeedPaper,
    Status,
)
from portal.domain.price_protection.payload import stored
from portal.domain.price_protection.queries import AgreementFilter, agreement_rows
from portal.domain.price_protection.trail.models import PaperKind, PaperTrail
from portal.domain.price_protection.trail.out import deed_id, joined, withdrawn_at
from portal.domain.regions.models import Region
from portal.domain.text import pinyin
from portal.domain.users.models import User

MOST = 5_000  # originals in one task


@dataclass(frozen=True)
class Letter:
    """An original as the post gets it: where it stands in the order, and whether there is one to print.

    `id` is the agreement's where agreements were asked for, else the original's.
    """

    id: int
    number: str
    kind: PaperKind
    agreement_id: int
    deed_id: int | None
    status: Status
    office_id: int
    office: str
    company: str
    paper_id: int | None
    pages: int

    @property
    def is_ready(self) -> bool:
        """Whether there is an original to print."""
        return self.paper_id is not None


@dataclass(frozen=True)
class Addressed:
    """A letter with whom it goes to, as the register says today; without a contact, as the agreement says."""

    letter: Letter
    address: str
    recipient: str
    phone: str


_WHERE_TO = (
    Region.id.label("office_id"),
    Region.name.label("office"),
    Region.path,
    Distributor.name.label("company"),
    Distributor.province,
    Distributor.city,
    Distributor.address,
    Distributor.code_key,
)


def of_agreements(
    session: Session,
    user: User | None,
    *,
    ids: Sequence[int] | None = None,
    wanted: AgreementFilter | None = None,
) -> list[Letter]:
    """These agreements, or those that a list's filter leaves, in mailing order, as far as `user` may print them.

    Without a user, of `ids` that are known to be printed. A draft is there too, without an original.
    """
    statement: sa.Select[Any] = sa.select(
        Agreement.id,
        Agreement.number,
        Agreement.status,
        sa.literal(PaperKind.AGREEMENT.value).label("kind"),
        Agreement.id.label("agreement_id"),
        sa.null().label("deed_id"),
        sa.case((Agreement.status.in_(BINDING), AgreementPaper.id)).label("paper_id"),
        AgreementPaper.pages,
        *_WHERE_TO,
    ).outerjoin(
        AgreementPaper,
        sa.and_(AgreementPaper.agreement_id == Agreement.id, AgreementPaper.withdrawn_at.is_(None)),
    )
    if user is not None and ids is None:
        chosen = agreement_rows(session, user, wanted).with_only_columns(Agreement.id).order_by(None)
        statement = statement.where(Agreement.id.in_(chosen))
    else:
        statement = statement.where(Agreement.id.in_(ids or ()))
    return _in_order(session, user, statement)


def of_originals(session: Session, user: User | None, ids: Iterable[int] | sa.Select[Any]) -> list[Letter]:
    """These originals of any kind in mailing order, as far as `user` may print them; all of them without a user.

    A superseded one is there too, without an original to print.
    """
    statement: sa.Select[Any] = joined(
        sa.select(
            PaperTrail.id,
            PaperTrail.number,
            Agreement.status,
            PaperTrail.kind,
            PaperTrail.agreement_id,
            deed_id.label("deed_id"),
            sa.case((withdrawn_at.is_(None), PaperTrail.id)).label("paper_id"),
            sa.func.coalesce(AgreementPaper.pages, DeedPaper.pages, Statement.pages).label("pages"),
            *_WHERE_TO,
        )
    ).where(PaperTrail.id.in_(ids))
    return _in_order(session, user, statement)


def _in_order(session: Session, user: User | None, statement: sa.Select[Any]) -> list[Letter]:
    """By office in the order of the tree, then province and city by their sound, address, and the distributor's code.

    So what goes one way lies together, and an agreement before its amendments. DomainError: more than MOST.
    """
    statement = statement.join(Distributor, Distributor.id == Agreement.distributor_id).join(
        Region, Region.id == Agreement.region_id
    )
    if user is not None:
        statement = statement.where(Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)))
    rows = session.execute(statement.limit(MOST + 1)).all()
    if len(rows) > MOST:
        raise DomainError(
            N_(
                "At most %(most)s originals are printed in one task. Narrow the list, by office for instance."
            ),
            most=f"{MOST:,}",
        )
    sounds = {place: pinyin(place).full for row in rows for place in (row.province, row.city)}
    rows = sorted(
        rows,
        key=lambda row: (
            row.path,
            sounds[row.province],
            sounds[row.city],
            row.address,
            row.code_key,
            row.number,
        ),
    )
    return [
        Letter(
            row.id,
            row.number,
            PaperKind(row.kind),
            row.agreement_id,
            row.deed_id,
            row.status,
            row.office_id,
            row.office,
            row.company,
            row.paper_id,
            row.pages or 0,
        )
        for row in rows
    ]


def addressed(session: Session, letters: Sequence[Letter]) -> Iterator[Addressed]:
    """Where each letter goes, in their order; some hundreds are held at a time."""
    for start in range(0, len(letters), 200):
        part = letters[start : start + 200]
        agreements = {letter.agreement_id for letter in part}
        rows = session.execute(
            sa.select(Agreement.id, Distributor)
            .join(Distributor, Distributor.id == Agreement.distributor_id)
            .where(Agreement.id.in_(agreements))
            .options(selectinload(Distributor.contacts), selectinload(Distributor.phones))
        )
        known = {row.id: row.Distributor for row in rows}
        papers = _latest_papers(session, agreements)
        for letter in part:
            distributor = known[letter.agreement_id]
            now, agreed = distributor_values(distributor), stored(papers[letter.agreement_id])["values"]
            recipient = str(now.get("distributor_contact") or agreed.get("distributor_contact") or "")
            phone = str(now.get("distributor_phone") or agreed.get("distributor_phone") or "")
            address = _postal(distributor) or str(agreed.get("distributor_address") or "")
            yield Addressed(letter, address, recipient, phone)
        session.expunge_all()


def sender(session: Session, letters: Sequence[Letter]) -> str:
    """Party A of the first letter, as its agreement was approved."""
    agreement_id = letters[0].agreement_id
    paper = _latest_papers(session, {agreement_id})[agreement_id]
    return str(stored(paper)["values"].get("manufacturer_name") or "")


def _latest_papers(session: Session, agreements: set[int]) -> dict[int, AgreementPaper]:
    """The papers of these agreements, the last where one has several."""
    rows = session.scalars(
        sa.select(AgreementPaper)
        .where(AgreementPaper.agreement_id.in_(agreements))
        .order_by(AgreementPaper.no)
    )
    return {paper.agreement_id: paper for paper in rows}


def _postal(distributor: Distributor) -> str:
    """Province, city and street in one line, none of them twice."""
    if not distributor.address:
        return ""
    found = distributor.address
    for part in (distributor.city, distributor.province):
        if part and part not in found:
            found = part + found
    return found
