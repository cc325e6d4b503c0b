"""Purchases and returns entered by hand: a document with its lines, all of them or none (P2)."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.price_protection.purchases.booking import Booked, book
from portal.domain.price_protection.purchases.entries import Line
from portal.domain.price_protection.purchases.models import Purchase
from portal.domain.users.models import User

MOST_LINES = 100


class Refused(DomainError):
    """A line of the form was refused: `row` is its place, from 0."""

    def __init__(self, row: int, refusal: DomainError) -> None:
        super().__init__(refusal.msgid, field=refusal.field, **refusal.params)
        self.row = row


def enter(session: Session, actor: User, distributor: Distributor, lines: Sequence[Line]) -> Booked:
    """Enter the lines of one document; the same form sent again changes nothing, and is told by `created`.

    Raises Refused for the first line that cannot be entered: nothing of the document is kept then.
    """
    if not actor.can(Permission.PURCHASES_WRITE, distributor.region):
        raise DomainError("You may not enter purchases of this office.")
    if not lines:
        raise DomainError("Enter at least one line with a product and an amount.")
    if len(lines) > MOST_LINES:
        raise DomainError("Enter at most %(most)s lines at once, or import a file.", most=MOST_LINES)
    numbers = [line.line_no for line in lines]
    for row, number in enumerate(numbers):
        if number in numbers[:row]:
            raise Refused(
                row,
                DomainError(
                    "Line number %(line)s stands twice. Give each line a number of its own.",
                    field="line_no",
                    line=number,
                ),
            )
    done = book(session, actor, lines)
    for row, found in enumerate(done.lines):
        if isinstance(found, DomainError):
            raise Refused(row, found)
    for purchase in done.lines:
        if isinstance(purchase, Purchase) and purchase.id in done.created:
            note(session, actor, purchase, distributor)
    return done


def note(session: Session, actor: User, purchase: Purchase, distributor: Distributor) -> None:
    """Tell the audit trail of a line that was entered by hand."""
    audit.record(
        session,
        actor,
        "purchase.returned" if purchase.returns_id else "purchase.entered",
        purchase,
        region_id=distributor.region_id,
        document=purchase.document_number,
        line=purchase.line_no,
        distributor_id=distributor.id,
        purchased_on=purchase.purchased_on,
        amount_fen=purchase.amount_fen,
    )
