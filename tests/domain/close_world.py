"""What tests of a quarter's close start from: a released text of statements, two people of finance, quick closing."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.price_protection.closing import executing, printing, proposing
from portal.domain.price_protection.closing.models import Proposal, Statement
from portal.domain.price_protection.closing.preview import Row, digest, preview
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.texts import STATEMENT_KEY
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from tests.domain.clock import on_day
from tests.domain.fund_world import FundWorld
from tests.factories import Factory

OCTOBER = date(2026, 10, 8)


class CloseWorld(FundWorld):
    """As FundWorld; each call commits."""

    def __init__(self, session: Session, make: Factory) -> None:
        super().__init__(session, make)
        self.add_template(STATEMENT_KEY)
        self.head: Region = make.head_office()
        self.second: User = make.user(Role.FINANCE)
        session.commit()

    def preview(self, name: str = "2026Q3", on: date = OCTOBER) -> dict[int, Row]:
        self.session.rollback()
        with on_day(on):
            return {row.agreement_id: row for row in preview(self.session, name, self.head.id)}

    def propose(self, name: str = "2026Q3", on: date = OCTOBER) -> Proposal:
        self.session.rollback()
        with on_day(on):
            seen = digest(preview(self.session, name, self.head.id))
            made = proposing.propose(self.session, self.finance, name, self.head, seen_sha256=seen)
            self.session.commit()
        return made

    def confirm(self, proposal: Proposal, by: User | None = None, on: date = OCTOBER) -> Any:
        with on_day(on):
            job = proposing.confirm(self.session, by or self.second, proposal, seen_sha256=proposal.sha256)
            self.session.commit()
        return job

    def execute(self, proposal: Proposal, on: date = OCTOBER) -> list[Any]:
        """Each agreement in a transaction, as the task does it; what was left out."""
        left = []
        with on_day(on):
            for said in executing.remaining(self.session, proposal):
                found = executing.close_agreement(self.session, proposal, said)
                if isinstance(found, dict):
                    left.append(found)
                self.session.commit()
            executing.finish(self.session, proposal, left)
            self.session.commit()
        return left

    def close(self, name: str = "2026Q3", on: date = OCTOBER) -> Proposal:
        """Propose, confirm and do it on one day; nothing may be left out."""
        made = self.propose(name, on)
        self.confirm(made, on=on)
        assert self.execute(made, on) == []
        return made

    def printed(
        self, agreement: Agreement, name: str = "2026Q3", pages: int = 2, on: date = OCTOBER
    ) -> Statement:
        """Its statement, with a paper of so many pages, though nobody has drawn them."""
        statement = self.statement(agreement, name)
        with on_day(on):
            content = f"%PDF-1.7 {statement.number}".encode()
            printing.keep(self.session, self.second, statement.id, content, pages)
            self.session.commit()
        return statement

    def statement(self, agreement: Agreement, name: str = "2026Q3") -> Statement:
        self.session.rollback()
        found = executing.statement_of(self.session, agreement.id, name)
        assert found is not None
        return found
