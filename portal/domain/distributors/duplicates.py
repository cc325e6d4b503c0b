"""Two records of one company? Found before a record is written, flagged, and settled by a person (D1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import lock, now
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.mentions import MENTIONED, Mention, mentions, read_rows
from portal.domain.distributors.models import Distributor, NearSame, Verdict
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.regions.models import Region
from portal.domain.text import clean, name_key, near_same, sound_mark, swapped
from portal.domain.users.models import User

NAME, USCC = "name", "uscc"
# Names whose keys differ in more places are not asked whether they sound alike: it would cost a reading each.
_DIFFERING_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """A record that is perhaps of the same company, and why: the name, the credit code, or both."""

    mention: Mention
    reasons: tuple[str, ...]


class LooksKnown(DomainError):
    """There are records like this one, and whoever writes it has not said that it is another company."""

    def __init__(self, found: Sequence[Likeness]) -> None:
        super().__init__(
            N_(
                "Similar records exist (%(count)s). Open the right one, or confirm below that this is"
                " a different company."
            ),
            field="accepted",
            count=len(found),
        )
        self.found = list(found)


def find(
    session: Session, actor: User | None, *, name: str, uscc: str, besides: Iterable[int] = ()
) -> list[Likeness]:
    """Records of any office with the same credit code or nearly the same name, those with both first."""
    reasons: dict[int, list[str]] = {}
    skipped = set(besides)
    for found, why in ((_of_the_code(session, uscc), USCC), (_of_the_name(session, name), NAME)):
        for identity in found:
            if identity not in skipped:
                reasons.setdefault(identity, []).append(why)
    known = mentions(session, actor, reasons)
    order = sorted(reasons, key=lambda identity: (-len(reasons[identity]), known[identity].code))
    return [Likeness(known[identity], tuple(reasons[identity])) for identity in order]


def _of_the_code(session: Session, uscc: str) -> list[int]:
    if not uscc:
        return []
    return list(session.scalars(sa.select(Distributor.id).where(Distributor.uscc == uscc)))


def _of_the_name(session: Session, name: str) -> list[int]:
    key = name_key(name)
    if not key:
        return []
    wanted = {"keys": [key, *swapped(key)], "sound": sound_mark(name), "length": len(key)}
    rows = session.execute(_NEAR_THE_NAME, wanted)
    return [
        row.id
        for row in rows
        if row.name_key == key or (_differing(row.name_key, key) and near_same(name, row.name))
    ]


def _differing(one: str, other: str) -> bool:
    """Whether few enough places differ for the two to be worth a closer look."""
    differing = 0
    for a, b in zip(one, other, strict=True):
        differing += a != b
        if differing > _DIFFERING_AT_MOST:
            return False
    return True


def flagged_with(session: Session, distributor: Distributor) -> set[int]:
    """Ids of the records that were flagged together with this one, settled or not."""
    pairs = session.execute(
        sa.select(NearSame.distributor_id, NearSame.other_id).where(_touches(distributor.id))
    )
    return {identity for pair in pairs for identity in pair} - {distributor.id}


def flag(session: Session, distributor: Distributor, found: Iterable[Likeness]) -> None:
    """Leave a flag for each likeness that has none yet; a person settles it later."""
    known = flagged_with(session, distributor)
    session.add_all(
        NearSame(distributor_id=distributor.id, other_id=likeness.mention.id, reason=likeness.reasons[0])
        for likeness in found
        if likeness.mention.id not in known
    )
    session.flush()


_UNSETTLED_FIRST = (NearSame.settled_at.is_not(None), NearSame.id)


def flags_of(distributor: Distributor) -> sa.Select[NearSame]:
    """The flags this record is part of, unsettled ones first."""
    return sa.select(NearSame).where(_touches(distributor.id)).order_by(*_UNSETTLED_FIRST)


def flags_with_others(
    session: Session, actor: User | None, distributor: Distributor
) -> list[tuple[NearSame, Mention]]:
    """The same, each with the record on its other side."""
    rows = session.execute(_FLAGS_WITH_OTHERS, {"distributor": distributor.id}).all()
    return [(row.NearSame, said) for row, said in zip(rows, read_rows(actor, rows), strict=True)]


def _flags_with_others() -> sa.Select[*tuple[Any, ...]]:
    one: sa.BindParameter[int] = sa.bindparam("distributor", type_=sa.BigInteger)
    other = sa.case((NearSame.distributor_id == one, NearSame.other_id), else_=NearSame.distributor_id)
    return (
        sa.select(NearSame)
        .where(_touches(one))
        .order_by(*_UNSETTLED_FIRST)
        .join(Distributor, Distributor.id == other)
        .join(Region, Region.id == Distributor.region_id)
        .add_columns(*MENTIONED)
    )


def has_open_flag() -> sa.ColumnElement[bool]:
    """As a condition on distributors: part of a flag that nobody has settled."""
    return sa.or_(*(side.exists() for side in _open_on_both_sides()))


def shows_open_flag() -> sa.ColumnElement[bool]:
    """The same, to be shown of a page's rows: each is looked up, where the condition gathers all flags first."""
    return sa.union_all(*(side.correlate(Distributor) for side in _open_on_both_sides())).exists()


def _open_on_both_sides() -> tuple[sa.Select[Any], sa.Select[Any]]:
    """The unsettled flags of a distributor; one condition with OR would be looked for by no index."""
    open_ = sa.select(NearSame.id).where(NearSame.settled_at.is_(None))
    return (
        open_.where(NearSame.distributor_id == Distributor.id),
        open_.where(NearSame.other_id == Distributor.id),
    )


def other_side(flag_: NearSame, distributor: Distributor) -> int:
    """The id of the record that this one was found to be like."""
    return flag_.other_id if flag_.distributor_id == distributor.id else flag_.distributor_id


def settle(
    session: Session, actor: User, distributor: Distributor, flag_: NearSame, *, verdict: Verdict, why: str
) -> None:
    """Say what the two records are; both keep the answer in their history.

    Two different companies need a reason (DomainError field `why`). Whoever settles it writes one of the two.
    """
    lock(session, flag_)
    if flag_.settled_at is not None:
        raise DomainError(N_("Somebody has already resolved this."))
    if not actor.can(Permission.DISTRIBUTORS_WRITE, distributor.region):
        raise DomainError(N_("You cannot edit the records of this office."))
    why = clean(why)
    if verdict is Verdict.DIFFERENT and not why:
        raise DomainError(N_("Explain how you know that they are two companies."), field="why")
    if len(why) > 300:
        raise DomainError(
            N_("At most %(limit)s characters; this has %(count)s."), field="why", limit=300, count=len(why)
        )
    flag_.settled_at, flag_.settled_by_id = now(), actor.id
    flag_.verdict, flag_.settled_why = verdict, why
    for one, other in ((flag_.distributor, flag_.other_id), (flag_.other, flag_.distributor_id)):
        audit.record(
            session, actor, "distributor.near_same_settled", one, other_id=other, verdict=verdict, why=why
        )


def _touches(distributor_id: int | sa.BindParameter[int]) -> sa.ColumnElement[bool]:
    return sa.or_(NearSame.distributor_id == distributor_id, NearSame.other_id == distributor_id)


# Put together once: that costs many times what asking costs.
# All that `near_same` can say yes to stands in an index.
_NEAR_THE_NAME = sa.select(Distributor.id, Distributor.name, Distributor.name_key).where(
    sa.or_(
        Distributor.name_key.in_(sa.bindparam("keys", expanding=True)),
        sa.and_(
            Distributor.sound == sa.bindparam("sound"),
            sa.func.length(Distributor.name_key) == sa.bindparam("length", type_=sa.Integer),
        ),
    )
)
_FLAGS_WITH_OTHERS = _flags_with_others()
