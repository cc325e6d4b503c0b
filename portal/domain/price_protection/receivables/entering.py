"""Entering a distributor's account of a quarter: checked, kept as a new row, never changed (PLACEHOLDERS §5).

Once a statement was made with it, what is entered is a correction: it says why, and the next statement carries it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError, Stale
from portal.domain.i18n import N_
from portal.domain.money import DAXIE_LIMIT_FEN, figures
from portal.domain.price_protection.closing.models import Proposal, Stage, Statement
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.receivables import standing
from portal.domain.price_protection.receivables.models import AccountFigures
from portal.domain.price_protection.receivables.standing import OfLedger, Place, Stated, following
from portal.domain.text import clean
from portal.domain.users.models import User

# The paper takes 100 characters; a correction of the quarter before wants its room among them.
MOST_NOTE = 60
MOST_REASON = 200
_SUMS = ("goods", "returns", "payments", "due")
# What the paper subtracts: many books write these with a minus of their own.
_SUBTRACTED = ("returns", "payments", "rebates")


@dataclass(frozen=True)
class Said:
    """An account as it was read, in fen; rebates and closing are only compared, None where nothing was said."""

    opening_fen: int
    goods_fen: int = 0
    returns_fen: int = 0
    payments_fen: int = 0
    other_fen: int = 0
    due_fen: int = 0
    note: str = ""
    rebates_fen: int | None = None
    closing_fen: int | None = None


@dataclass
class Desk:
    """What accounts of a quarter are checked against, read once for all distributors asked about.

    It holds what may not change until the transaction ends, unless it is of a preview (`holds`).
    """

    session: Session
    name: str
    holds: bool = True
    latest: dict[int, AccountFigures] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    ledger: dict[int, OfLedger] = field(default_factory=dict)
    stated: dict[int, Stated] = field(default_factory=dict)
    without: dict[int, str] = field(default_factory=dict)
    stated_after: dict[int, Stated] = field(default_factory=dict)
    last: dict[int, AccountFigures] = field(default_factory=dict)
    stated_before: dict[int, Stated] = field(default_factory=dict)
    confirmed: set[int] = field(default_factory=set)

    def look_up(self, distributor_ids: Collection[int]) -> None:
        """Read what these distributors' accounts rest on; proposals of the quarter are held until the
        transaction ends, so that nobody confirms a close while its accounts change."""
        session, name = self.session, str(Calendar().named(self.name))
        ids = sa.select(Distributor.id).where(Distributor.id.in_(sorted(distributor_ids)))
        self.name = name
        self.confirmed |= self._confirmed(ids)
        self.latest |= standing.latest(session, name, ids)
        self.last |= standing.latest(session, standing.previous(name), ids)
        here = standing.places(session, name, ids)
        self.places |= here
        self.ledger |= standing.of_ledger(session, {id_: place.quarter for id_, place in here.items()}, ids)
        self.stated |= standing.stated_of(session, name, ids)
        self.stated_before |= standing.stated_of(session, standing.previous(name), ids)
        self.stated_after |= standing.stated_of(session, following(name), ids)
        self.without |= self._stated_without(here)

    def _confirmed(self, ids: sa.Select[int]) -> set[int]:
        """The distributors whose account a confirmed close under way is about to print, or to carry."""
        statement = (
            sa.select(Proposal.stage, Proposal.rows)
            .where(
                Proposal.quarter.in_((self.name, following(self.name))),
                Proposal.stage.in_((Stage.PROPOSED, Stage.CONFIRMED)),
            )
            .order_by(Proposal.id)
        )
        rows = self.session.execute(statement.with_for_update() if self.holds else statement).all()
        agreements = {int(said[0]) for stage, rows_ in rows if stage is Stage.CONFIRMED for said in rows_}
        if not agreements:
            return set()
        return set(
            self.session.scalars(
                sa.select(Agreement.distributor_id).where(
                    Agreement.distributor_id.in_(ids), Agreement.id.in_(agreements)
                )
            )
        )

    def _stated_without(self, here: dict[int, Place]) -> dict[int, str]:
        """The numbers of statements that should have printed an account and were made without."""
        rows = self.session.execute(
            sa.select(Statement.agreement_id, Statement.number).where(
                Statement.quarter == self.name,
                Statement.agreement_id.in_({place.agreement_id for place in here.values()}),
            )
        ).all()
        numbers = {row.agreement_id: row.number for row in rows}
        return {
            id_: numbers[place.agreement_id]
            for id_, place in here.items()
            if place.agreement_id in numbers and id_ not in self.stated
        }

    def check(self, distributor_id: int, said: Said, reason: str = "") -> AccountFigures | None:
        """The row to keep, not added yet; None where nothing differs from what is kept. DomainError for the rest."""
        name, place = self.name, self.places.get(distributor_id)
        if place is None:
            raise DomainError(
                N_(
                    "It has no agreement in %(quarter)s: no statement is made that could print its account. Leave it "
                    "out."
                ),
                field="distributor",
                quarter=name,
            )
        if place.quarter.last_on >= today():
            raise DomainError(
                N_("%(quarter)s lasts until %(day)s; its account can be entered from the day after."),
                field="quarter",
                quarter=name,
                day=place.quarter.last_on.isoformat(),
            )
        made = self._row(distributor_id, said)
        known = self.latest.get(distributor_id)
        if known is not None and _facts(known) == _facts(made):
            return None
        if distributor_id in self.confirmed:
            raise DomainError(
                N_(
                    "A close that uses this account was confirmed and is being done. Wait until it is done, then enter "
                    "a correction."
                ),
                field="quarter",
            )
        if distributor_id in self.without:
            raise DomainError(
                N_(
                    "Statement %(number)s was made without this account and stays so. Enter the account of the next "
                    "quarter."
                ),
                field="quarter",
                number=self.without[distributor_id],
            )
        made.reason = self._reason(distributor_id, reason)
        made.no = known.no + 1 if known else 1
        return made

    def opens_with(self, distributor_id: int) -> list[int]:
        """The sums that an account may open with: the last closing one, corrected and as it was stated; fen."""
        last, stated = self.last.get(distributor_id), self.stated_before.get(distributor_id)
        return [one.closing_fen for one in (last, stated) if one is not None]

    def keep(self, row: AccountFigures) -> None:
        """Have it hold from now on."""
        self.session.add(row)
        self.latest[row.distributor_id] = row

    def _reason(self, distributor_id: int, reason: str) -> str:
        stated = self.stated.get(distributor_id)
        if stated is None:
            return ""
        if distributor_id in self.stated_after:
            raise DomainError(
                N_(
                    "The quarter after it is stated too (%(number)s). Correct that one: it carries what is left of "
                    "this."
                ),
                field="quarter",
                number=self.stated_after[distributor_id].number,
            )
        said = clean(reason)
        if len(said) < 2:
            raise DomainError(
                N_(
                    "Statement %(number)s was made with this account and stays as it is. Say why it is corrected; the "
                    "next statement carries the difference."
                ),
                field="reason",
                number=stated.number,
            )
        if len(said) > MOST_REASON:
            raise DomainError(
                N_("The reason has more than %(most)s characters."), field="reason", most=MOST_REASON
            )
        return said

    def _row(self, distributor_id: int, said: Said) -> AccountFigures:
        ledger = self.ledger.get(distributor_id, OfLedger(0, 0))
        said = _as_the_paper_has_it(said, ledger)
        for name in _SUMS:
            if getattr(said, f"{name}_fen") < 0:
                raise DomainError(_NO_MINUS if name in _SUBTRACTED else _NO_SIGN, field=name)
        if said.rebates_fen is not None and said.rebates_fen != ledger.rebates_fen:
            raise DomainError(
                N_(
                    "The ledger credited %(ledger)s yuan of rebates against goods in the quarter, not %(said)s. Book "
                    "what is missing under payments, or correct the sum."
                ),
                field="rebates",
                ledger=figures(ledger.rebates_fen),
                said=figures(said.rebates_fen),
            )
        note = clean(said.note)
        if len(note) > MOST_NOTE:
            raise DomainError(N_("The note has more than %(most)s characters."), field="note", most=MOST_NOTE)
        if said.other_fen and not note:
            raise DomainError(
                N_("Say what the other items are, as in 运费折让380.00元: the statement prints it."),
                field="note",
            )
        made = AccountFigures(
            distributor_id=distributor_id,
            quarter=self.name,
            opening_fen=said.opening_fen,
            goods_fen=said.goods_fen,
            returns_fen=said.returns_fen,
            payments_fen=said.payments_fen,
            rebates_fen=ledger.rebates_fen,
            other_fen=said.other_fen,
            due_fen=said.due_fen,
            note=note,
            reason="",
        )
        _require_sums(made, said)
        return made


_NO_SIGN = N_("This sum has no minus: the paper adds or subtracts it by its heading.")
_NO_MINUS = N_(
    "Enter this sum without a minus: the paper subtracts it. A minus is understood where the row has its closing sum "
    "and that adds up with it. What took a return or a payment back belongs into the other items."
)


def _as_the_paper_has_it(said: Said, ledger: OfLedger) -> Said:
    """The same account with what is subtracted written without a minus, where its closing sum proves it meant so."""
    turned = replace(
        said,
        returns_fen=abs(said.returns_fen),
        payments_fen=abs(said.payments_fen),
        rebates_fen=None if said.rebates_fen is None else abs(said.rebates_fen),
    )
    if turned == said or said.closing_fen is None:
        return said
    closing = (
        turned.opening_fen
        + turned.goods_fen
        - turned.returns_fen
        - turned.payments_fen
        - ledger.rebates_fen
        + turned.other_fen
    )
    return turned if closing == said.closing_fen else said


def _require_sums(made: AccountFigures, said: Said) -> None:
    closing = made.closing_fen
    sums = (*(getattr(made, f"{name}_fen") for name in _SUMS), made.opening_fen, made.other_fen, closing)
    if any(abs(fen) > DAXIE_LIMIT_FEN for fen in sums):
        raise DomainError(N_("A sum is larger than any account can be. Look at its unit."), field="opening")
    if said.closing_fen is not None and said.closing_fen != closing:
        raise DomainError(
            N_(
                "The sums do not add up: %(opening)s + %(goods)s − %(returns)s − %(payments)s − %(rebates)s + "
                "(%(other)s) = %(closing)s, and the closing sum says %(said)s."
            ),
            field="closing",
            opening=figures(made.opening_fen),
            goods=figures(made.goods_fen),
            returns=figures(made.returns_fen),
            payments=figures(made.payments_fen),
            rebates=figures(made.rebates_fen),
            other=figures(made.other_fen),
            closing=figures(closing),
            said=figures(said.closing_fen),
        )
    if made.due_fen > max(closing, 0):
        raise DomainError(
            N_("The part that is due cannot be more than the closing sum of %(closing)s yuan."),
            field="due",
            closing=figures(closing),
        )


def _facts(row: AccountFigures) -> tuple[object, ...]:
    names = ("opening", "goods", "returns", "payments", "rebates", "other", "due")
    return (*(getattr(row, f"{name}_fen") for name in names), row.note)


def enter(
    session: Session,
    actor: User,
    distributor: Distributor,
    name: str,
    said: Said,
    *,
    reason: str = "",
    seen_no: int | None = None,
) -> AccountFigures | None:
    """Enter a distributor's account by hand; None when nothing differs. The caller commits.

    `seen_no` is the row that the form showed (0 for none): Stale when another was entered meanwhile.
    """
    require_office(actor, distributor)
    # Two at once on one distributor: the second finds the first one's row.
    session.refresh(distributor, with_for_update=True)
    desk = Desk(session, name)
    desk.look_up([distributor.id])
    known = desk.latest.get(distributor.id)
    if seen_no is not None and seen_no != (known.no if known else 0):
        raise Stale(N_("Somebody else entered this account a moment ago. Load the page again and compare."))
    made = desk.check(distributor.id, said, reason)
    if made is None:
        return None
    made.entered_by_id = actor.id
    desk.keep(made)
    session.flush()
    note_of(session, actor, [made], {distributor.id: distributor.region_id})
    return made


def require_office(actor: User, distributor: Distributor) -> None:
    """Refuse whoever enters no accounts of this office."""
    if not actor.can(Permission.ACCOUNTS_WRITE, distributor.region):
        raise DomainError(N_("You enter no accounts of this office. Ask its finance to do it."))


def note_of(
    session: Session, actor: User | None, rows: Sequence[AccountFigures], regions: dict[int, int]
) -> None:
    """Tell the audit trail what was entered, account by account."""
    for row in rows:
        audit.record(
            session,
            actor,
            "account.corrected" if row.reason else "account.entered",
            row,
            region_id=regions[row.distributor_id],
            distributor_id=row.distributor_id,
            quarter=row.quarter,
            closing_fen=row.closing_fen,
            reason=row.reason,
        )
