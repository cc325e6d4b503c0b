"""Reading batches: which somebody sees, the rows of one and how they stand."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, selectinload

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import has_grade
from portal.domain.price_protection.batches.models import Batch, BatchRow, Trouble
from portal.domain.price_protection.drafting import RENEWABLE
from portal.domain.price_protection.models import Agreement, AgreementTerms, Status
from portal.domain.price_protection.people import is_written_by, last_submitter, last_turn
from portal.domain.price_protection.queries import is_printed
from portal.domain.regions.models import Region
from portal.domain.templates.models import Template
from portal.domain.users.models import User

# From this weight on a row says something that the batch does not.
UNUSUAL = 100


class Stage(StrEnum):
    """Where a row of a batch stands: what is found before its draft is made, and what becomes of the draft."""

    LEFT_OUT = "left_out"
    UNCHECKED = "unchecked"
    BLOCKED = "blocked"
    HOLES = "holes"
    READY = "ready"
    DRAFTED = "drafted"
    SENT_BACK = "sent_back"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    DONE = "done"
    VOID = "void"


def batches_visible_to(user: User) -> sa.Select[Batch]:
    """One's own batches, those of the offices in sight, and those with a row in one of them."""
    regions = visible(user, Permission.AGREEMENTS_READ)
    within = (
        sa.select(BatchRow.batch_id)
        .join(Agreement, Agreement.id == BatchRow.earlier_id)
        .where(Agreement.region_id.in_(regions))
    )
    return sa.select(Batch).where(
        sa.or_(Batch.owner_id == user.id, Batch.region_id.in_(regions), Batch.id.in_(within))
    )


# The rows' statements join the draft as Agreement itself and last year's agreement as Earlier.
Earlier = aliased(Agreement, name="earlier")
Owner = aliased(User, name="row_owner")

_came_back = last_turn().in_(("sent_back", "approval_withdrawn"))
STAGE: sa.ColumnElement[str] = sa.case(
    (BatchRow.left_out_at.is_not(None), Stage.LEFT_OUT.value),
    (Agreement.status == Status.VOID, Stage.VOID.value),
    (Agreement.status == Status.SUBMITTED, Stage.SUBMITTED.value),
    (Agreement.status == Status.APPROVED, Stage.APPROVED.value),
    (Agreement.status.in_(RENEWABLE), Stage.DONE.value),
    (sa.and_(Agreement.status == Status.DRAFT, _came_back), Stage.SENT_BACK.value),
    (sa.and_(Agreement.status == Status.DRAFT, BatchRow.trouble == Trouble.NONE), Stage.DRAFTED.value),
    (Agreement.status == Status.DRAFT, Stage.HOLES.value),
    (BatchRow.checked_no != Batch.changes_no, Stage.UNCHECKED.value),
    (BatchRow.trouble == Trouble.BLOCKED, Stage.BLOCKED.value),
    (BatchRow.trouble == Trouble.HOLES, Stage.HOLES.value),
    else_=Stage.READY.value,
)
# A draft that was saved after it was checked: what the list says of it is not what it says now.
IS_OUTDATED: sa.ColumnElement[bool] = sa.and_(
    Agreement.status.in_((Status.DRAFT, Status.SUBMITTED)), Agreement.version != BatchRow.checked_version
)

_COLUMNS = (
    BatchRow.id,
    BatchRow.agreement_id,
    BatchRow.earlier_id,
    BatchRow.facts,
    BatchRow.weight,
    BatchRow.sha256,
    BatchRow.refusal,
    BatchRow.left_out_reason,
    BatchRow.exceptions,
    STAGE.label("stage"),
    IS_OUTDATED.label("is_outdated"),
    Agreement.number,
    Earlier.number.label("earlier_number"),
    Earlier.ends_on.label("earlier_ends_on"),
    Distributor.id.label("distributor_id"),
    Distributor.code.label("distributor_code"),
    Distributor.name.label("distributor_name"),
    Distributor.grade,
    Region.name.label("region_name"),
    Owner.name.label("owner_name"),
)

_ABOVE_ALL = 1_000_000
SORTS = {
    "distributor": Distributor.name,
    "office": Region.path,
    "ends": Earlier.ends_on,
    "weight": BatchRow.weight,
    # What somebody has to do first, then the unusual.
    "todo": sa.case(
        (BatchRow.left_out_at.is_not(None), -1),
        (BatchRow.trouble == Trouble.BLOCKED, 2 * _ABOVE_ALL + BatchRow.weight),
        (BatchRow.trouble == Trouble.HOLES, _ABOVE_ALL + BatchRow.weight),
        else_=BatchRow.weight,
    ),
    "row": BatchRow.id,
}


def _seen(user: User, columns: tuple[Any, ...]) -> sa.Select[Any]:
    """These columns of the rows of any batch that lie in the user's regions; a draft's region is its own."""
    return (
        sa.select(*columns)
        .select_from(BatchRow)
        .join(Batch, Batch.id == BatchRow.batch_id)
        .join(Earlier, Earlier.id == BatchRow.earlier_id)
        .join(Distributor, Distributor.id == Earlier.distributor_id)
        .outerjoin(Agreement, Agreement.id == BatchRow.agreement_id)
        .join(Region, Region.id == sa.func.coalesce(Agreement.region_id, Distributor.region_id))
        .join(Owner, Owner.id == Distributor.owner_id)
        .where(Region.id.in_(visible(user, Permission.AGREEMENTS_READ)))
    )


def _of(batch: Batch, user: User, columns: tuple[Any, ...]) -> sa.Select[Any]:
    """The same of one batch."""
    return _seen(user, columns).where(BatchRow.batch_id == batch.id)


@dataclass(frozen=True)
class RowFilter:
    """What the rows of a batch are narrowed to; `only_unusual`: those that differ from what the batch says."""

    stage: Stage | None = None
    only_unusual: bool = False
    grade: str = ""
    q: str = ""


def rows(batch: Batch, user: User, wanted: RowFilter | None = None) -> sa.Select[Any]:
    """The rows of a batch that a user sees and the filter leaves."""
    wanted = wanted or RowFilter()
    statement = _of(batch, user, _COLUMNS)
    if wanted.stage is not None:
        statement = statement.where(STAGE.in_((wanted.stage.value,)))
    if wanted.only_unusual:
        statement = statement.where(BatchRow.weight >= UNUSUAL)
    if wanted.grade:
        statement = statement.where(has_grade(wanted.grade))
    if wanted.q:
        names = (Distributor.name, Distributor.code, Earlier.number, Agreement.number)
        statement = statement.where(sa.or_(*(name.icontains(wanted.q, autoescape=True) for name in names)))
    return statement


def stages(session: Session, batch: Batch, user: User) -> dict[Stage, int]:
    """How many rows stand where; stages without rows are not named."""
    counted = _of(batch, user, (STAGE.label("stage"), sa.func.count().label("number"))).group_by(
        sa.text("stage")
    )
    found = {Stage(row.stage): row.number for row in session.execute(counted)}
    return {stage: found[stage] for stage in Stage if stage in found}


def to_print(session: Session, batch: Batch, user: User) -> list[int]:
    """The agreements of a batch that are approved and not printed, as far as this user may print them."""
    found = _of(batch, user, (Agreement.id,)).where(
        *unprinted(), Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_WRITE))
    )
    return list(session.scalars(found.order_by(BatchRow.id)))


def unprinted_count(session: Session, batch: Batch, user: User) -> int:
    """How many of a batch are approved and not printed, of those that this user sees."""
    return session.scalar(_of(batch, user, (sa.func.count(),)).where(*unprinted())) or 0


def unprinted() -> tuple[sa.ColumnElement[bool], ...]:
    """Of which rows the agreement is approved and its original not printed."""
    return (BatchRow.left_out_at.is_(None), Agreement.status == Status.APPROVED, ~is_printed())


def may_decide(user: User) -> sa.ColumnElement[bool]:
    """Whether this user may approve a row's draft: submitted, in its offices, no word of it its own, not its hand-in.

    The draft of a row that was left out is approved by itself.
    """
    return sa.and_(
        BatchRow.left_out_at.is_(None),
        Agreement.status == Status.SUBMITTED,
        Agreement.region_id.in_(visible(user, Permission.AGREEMENTS_APPROVE)),
        ~is_written_by(user),
        last_submitter() != user.id,
    )


def decidable(batch: Batch, user: User) -> sa.Select[Any]:
    """The rows of a batch that wait for this user's decision."""
    return _of(batch, user, _COLUMNS).where(may_decide(user))


def row_of(session: Session, batch: Batch, user: User, row_id: int) -> BatchRow | None:
    """A row of the batch, within the user's regions."""
    found = session.scalar(_of(batch, user, (BatchRow.id,)).where(BatchRow.id == row_id))
    return session.get(BatchRow, found) if found is not None else None


def row_ids(session: Session, batch: Batch, user: User, *conditions: sa.ColumnElement[bool]) -> list[int]:
    """The ids of the rows in the user's regions that fulfil the conditions, in the order they were chosen."""
    return list(session.scalars(_of(batch, user, (BatchRow.id,)).where(*conditions).order_by(BatchRow.id)))


def loaded(session: Session, ids: list[int]) -> list[BatchRow]:
    """These rows with what reckoning them asks for, in the order of their ids."""
    terms = (
        selectinload(Agreement.terms).selectinload(AgreementTerms.prices),
        selectinload(Agreement.terms).selectinload(AgreementTerms.violations),
        selectinload(Agreement.template).selectinload(Template.release),
        selectinload(Agreement.region),
        selectinload(Agreement.distributor).selectinload(Distributor.region),
        selectinload(Agreement.distributor).selectinload(Distributor.contacts),
        selectinload(Agreement.distributor).selectinload(Distributor.phones),
        selectinload(Agreement.distributor).selectinload(Distributor.territory),
    )
    found = session.scalars(
        sa.select(BatchRow)
        .where(BatchRow.id.in_(ids))
        .order_by(BatchRow.id)
        .options(
            selectinload(BatchRow.earlier).options(*terms), selectinload(BatchRow.agreement).options(*terms)
        )
    )
    return list(found)


def facts(
    session: Session, batch: Batch, user: User, *conditions: sa.ColumnElement[bool]
) -> list[tuple[int, dict[str, Any]]]:
    """What was found of every row in the user's regions that is not left out, with the row's id."""
    statement = _of(batch, user, (BatchRow.id, BatchRow.facts)).where(
        BatchRow.left_out_at.is_(None), *conditions
    )
    return [(row.id, row.facts) for row in session.execute(statement.order_by(BatchRow.id))]


def undrafted(session: Session, batch: Batch, user: User) -> int:
    """How many rows in the batch have no draft yet."""
    statement = _of(batch, user, (sa.func.count(),)).where(
        BatchRow.left_out_at.is_(None), BatchRow.agreement_id.is_(None)
    )
    return session.scalar(statement) or 0


def last_days(session: Session, batch: Batch) -> tuple[date, date] | None:
    """The first and the last of the days on which the batch's agreements end; None when it has no row left."""
    row = session.execute(
        sa.select(sa.func.min(Earlier.ends_on), sa.func.max(Earlier.ends_on))
        .join(BatchRow, BatchRow.earlier_id == Earlier.id)
        .where(BatchRow.batch_id == batch.id, BatchRow.left_out_at.is_(None))
    ).one()
    return (row[0], row[1]) if row[0] is not None else None


def total(session: Session, batch: Batch) -> int:
    """How many rows are in the batch, those left out apart; whoever asks."""
    statement = sa.select(sa.func.count()).where(
        BatchRow.batch_id == batch.id, BatchRow.left_out_at.is_(None)
    )
    return session.scalar(statement) or 0


_batch_owner = aliased(User, name="batch_owner")
BATCH_SORTS = {"name": Batch.name, "created": Batch.created_at, "owner": _batch_owner.name}


def batch_rows(user: User) -> sa.Select[*tuple[Any, ...]]:
    """The batches that a user sees as rows of a list."""
    statement: sa.Select[*tuple[Any, ...]] = (
        batches_visible_to(user)
        .join(_batch_owner, _batch_owner.id == Batch.owner_id)
        .join(Region, Region.id == Batch.region_id)
        .with_only_columns(
            Batch.id,
            Batch.name,
            Batch.created_at,
            _batch_owner.name.label("owner_name"),
            Region.name.label("region_name"),
            maintain_column_froms=True,
        )
    )
    return statement


def stages_of(session: Session, user: User, batch_ids: list[int]) -> dict[int, dict[Stage, int]]:
    """How the rows of several batches stand, those in the user's regions."""
    counted = (
        _seen(user, (BatchRow.batch_id, STAGE.label("stage"), sa.func.count().label("number")))
        .where(BatchRow.batch_id.in_(batch_ids))
        .group_by(BatchRow.batch_id, sa.text("stage"))
    )
    found: dict[int, dict[Stage, int]] = {}
    for row in session.execute(counted):
        found.setdefault(row.batch_id, {})[Stage(row.stage)] = row.number
    return found


def stage_of(session: Session, batch: Batch, user: User, row: BatchRow) -> Stage:
    """Where one row stands."""
    found = session.scalar(_of(batch, user, (STAGE,)).where(BatchRow.id == row.id))
    return Stage(found) if found is not None else Stage.UNCHECKED


def named(session: Session, batch: Batch, user: User, ids: list[int]) -> list[Any]:
    """These rows as the list shows them."""
    return list(session.execute(_of(batch, user, _COLUMNS).where(BatchRow.id.in_(ids)).order_by(BatchRow.id)))


def waiting_for_others(session: Session, batch: Batch, user: User) -> int:
    """How many submitted rows in the user's regions somebody else must decide on."""
    statement = _of(batch, user, (sa.func.count(),)).where(
        BatchRow.left_out_at.is_(None), Agreement.status == Status.SUBMITTED, ~may_decide(user)
    )
    return session.scalar(statement) or 0
