"""Choosing agreements to be renewed together: by filter or by their numbers, and on which texts they run (P1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.db import today
from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor, Level
from portal.domain.distributors.queries import has_grade
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.price_protection.batches.models import Batch, BatchRow
from portal.domain.price_protection.drafting import RENEWABLE
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.price_protection.queries import AgreementFilter, agreement_rows, has_successor
from portal.domain.templates.models import Template
from portal.domain.text import half_width
from portal.domain.users.models import User

MOST_ROWS = 5_000
# Of the numbers that cannot be taken so many are named.
NAMED = 12
# Numbers that are looked up at once.
AT_ONCE = 1_000


@dataclass(frozen=True)
class Choice:
    """By what agreements are chosen; an empty field narrows nothing. The days are last days, both included.

    Without `with_begun` those that a draft renews already, and those terminated early, are left alone; `ids` names
    them one by one.

    `grade` is a value of Grade or UNGRADED; `template` is the text that the running agreement stands on: its key
    for all versions, or "key@version".
    """

    q: str = ""
    region_id: int | None = None
    owner_id: int | None = None
    level: Level | None = None
    grade: str = ""
    template: str = ""
    ends_from: date | None = None
    ends_until: date | None = None
    with_begun: bool = False
    ids: tuple[int, ...] = ()


def candidates(session: Session, user: User, wanted: Choice, *, batch: Batch | None = None) -> sa.Select[Any]:
    """Signed agreements that this user may renew and that nothing follows yet, as rows of the list.

    Of those whose successor is in work, taken in with `with_begun`, the batch says what to do about it. Those that
    stand in `batch` already are not among them.
    """
    statement = (
        agreement_rows(
            session, user, AgreementFilter(q=wanted.q, region_id=wanted.region_id, owner_id=wanted.owner_id)
        )
        .add_columns(Distributor.grade)
        .where(
            *_renewable(user),
            has_begun(),
            *(() if wanted.with_begun else (Agreement.status == Status.SIGNED,)),
        )
        .where(~(_is_renewed() if wanted.with_begun else has_successor()))
    )
    if wanted.ids:
        statement = statement.where(Agreement.id.in_(wanted.ids))
    if wanted.level is not None:
        statement = statement.where(Distributor.level == wanted.level)
    if wanted.grade:
        statement = statement.where(has_grade(wanted.grade))
    if wanted.template:
        key, _at, version = wanted.template.partition("@")
        statement = statement.where(Template.key == key, *([Template.version == version] if version else ()))
    if wanted.ends_from is not None:
        statement = statement.where(Agreement.ends_on >= wanted.ends_from)
    if wanted.ends_until is not None:
        statement = statement.where(Agreement.ends_on <= wanted.ends_until)
    if batch is not None:
        statement = statement.where(Agreement.id.not_in(_within(batch)))
    return statement


def has_begun() -> sa.ColumnElement[bool]:
    """Whether an agreement's term has begun: before, nothing follows it."""
    return Agreement.effective_on <= today()


def _renewable(user: User) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Agreement.status.in_(RENEWABLE),
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE)),
    )


def _is_renewed() -> sa.ColumnElement[bool]:
    """Whether a signed agreement follows this one."""
    later = aliased(Agreement)
    return (
        sa.exists().where(later.follows_id == Agreement.id, later.status.in_(RENEWABLE)).correlate(Agreement)
    )


def _within(batch: Batch) -> sa.Select[int]:
    """The agreements that stand in a batch; those left out do not."""
    return sa.select(BatchRow.earlier_id).where(BatchRow.batch_id == batch.id, BatchRow.left_out_at.is_(None))


def candidate_ids(
    session: Session, user: User, wanted: Choice, *, batch: Batch | None = None
) -> sa.Select[int]:
    """The ids of all candidates, in the order in which their last days come."""
    found = candidates(session, user, wanted, batch=batch).subquery()
    return sa.select(found.c.id).order_by(found.c.ends_on, found.c.id)


def texts_in_use(session: Session, user: User) -> list[tuple[str, str, int]]:
    """(key, version, number) of the texts on which agreements that may be renewed stand, by key, newest first."""
    rows = session.execute(
        sa.select(Template.key, Template.version, sa.func.count().label("number"))
        .join(Agreement, Agreement.template_id == Template.id)
        .where(*_renewable(user), has_begun(), ~_is_renewed())
        .group_by(Template.key, Template.version)
    )
    found = [(row.key, row.version, row.number) for row in rows]
    found.sort(key=lambda row: _parts(row[1]), reverse=True)
    return sorted(found, key=lambda row: row[0])


def _parts(version: str) -> list[tuple[int, str]]:
    """A version to be sorted: 1.10 comes after 1.9."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"[.\-]", version)]


@dataclass(frozen=True)
class Remark:
    """What stands in the way of a candidate, or is to be known: the agreement that renews it, the batch it is in."""

    renewed_by: str = ""
    batch: str = ""


def remarks(session: Session, ids: Sequence[int], *, batch: Batch | None = None) -> dict[int, Remark]:
    """What is to be known of these agreements, by id: a successor in work, another batch that has them."""
    renewed = {
        row.follows_id: row.number
        for row in session.execute(
            sa.select(Agreement.follows_id, Agreement.number).where(
                Agreement.follows_id.in_(ids), Agreement.status != Status.VOID
            )
        )
    }
    others = {
        row.earlier_id: row.name
        for row in session.execute(
            sa.select(BatchRow.earlier_id, Batch.name)
            .join(Batch, Batch.id == BatchRow.batch_id)
            .where(
                BatchRow.earlier_id.in_(ids),
                BatchRow.left_out_at.is_(None),
                BatchRow.agreement_id.is_(None),
                *([Batch.id != batch.id] if batch is not None else ()),
            )
            .order_by(Batch.id)
        )
    }
    ids_told = (id for id in (*renewed, *others) if id is not None)
    return {id: Remark(renewed.get(id, ""), others.get(id, "")) for id in ids_told}


@dataclass(frozen=True)
class Numbered:
    """What a list of numbers comes to: the agreements, and what of it cannot be taken, each with its reason."""

    ids: list[int] = field(default_factory=list)
    unfit: list[DomainError] = field(default_factory=list)


def by_numbers(session: Session, user: User, typed: str) -> Numbered:
    """The agreements that a text names, as pasted from a list: a number a line, or several with commas.

    Of lines with several cells (pasted from Excel) the cell that is a number counts.
    """
    lines = [_cells(line) for line in half_width(typed).splitlines() if line.strip()]
    wanted = list(dict.fromkeys(cell for cells, _is_row in lines for cell in cells))
    known = _named(session, user, wanted)
    unknown: list[str] = []
    for cells, is_row in lines:
        missing = [cell for cell in cells if cell not in known]
        if not is_row:
            unknown += missing
        elif len(missing) == len(cells):
            unknown.append(cells[0])
    rows = list({known[cell].id: known[cell] for cell in wanted if cell in known}.values())
    unsigned = [row.number for row in rows if not row.is_signed]
    others = [row.number for row in rows if row.is_signed and not row.is_mine]
    renewed = [row.number for row in rows if row.is_signed and row.is_mine and row.is_renewed]
    to_come = [row.number for row in rows if row.is_signed and row.is_mine and not row.has_begun]
    refused = (
        (N_("There are no agreements with these numbers: %(numbers)s"), list(dict.fromkeys(unknown))),
        (N_("Only signed agreements are renewed; these are not signed: %(numbers)s"), unsigned),
        (N_("These belong to offices for which you do not draft: %(numbers)s"), others),
        (N_("These are renewed already, or a draft renews them: %(numbers)s"), renewed),
        (N_("These take effect only later and can be renewed from then on: %(numbers)s"), to_come),
    )
    unfit = [
        DomainError(msgid, field="numbers", numbers=_shown(numbers)) for msgid, numbers in refused if numbers
    ]
    if not rows and not unfit:
        unfit.append(DomainError(N_("Enter at least one number."), field="numbers"))
    return Numbered([row.id for row in rows], unfit)


def _cells(line: str) -> tuple[list[str], bool]:
    """The cells of a line, and whether it is a row of a table rather than a list of numbers."""
    is_row = "\t" in line.strip()
    cells = line.split("\t") if is_row else re.split(r"[\s,、;]+", line)
    return [cell.strip() for cell in cells if cell.strip()], is_row


def _named(session: Session, user: User, numbers: Sequence[str]) -> dict[str, Any]:
    """The agreements of these numbers that the user sees, by the number as it was typed; capitals or not."""
    signed, mine = _renewable(user)
    statement = sa.select(
        Agreement.id,
        Agreement.number,
        signed.label("is_signed"),
        mine.label("is_mine"),
        has_successor().label("is_renewed"),
        has_begun().label("has_begun"),
    ).where(
        Agreement.number.in_(sa.bindparam("numbers", expanding=True)),
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_READ)),
    )
    found: dict[str, Any] = {}
    for start in range(0, len(numbers), AT_ONCE):
        typed = numbers[start : start + AT_ONCE]
        # A function around the column would pass its index by.
        asked = session.execute(statement, {"numbers": [*typed, *(number.upper() for number in typed)]})
        rows = {row.number: row for row in asked}
        found |= {number: rows.get(number) or rows.get(number.upper()) for number in typed}
    return {number: row for number, row in found.items() if row is not None}


def _shown(numbers: Sequence[str]) -> str:
    """The first numbers, and how many there are when more."""
    more = f" … ({len(numbers)})" if len(numbers) > NAMED else ""
    return "、".join(numbers[:NAMED]) + more
