"""What a row of a batch comes to: its new terms, how they differ from last year's, and what stands in its way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Permission
from portal.domain.audit.services import plain
from portal.domain.distributors.models import Standing
from portal.domain.errors import DomainError
from portal.domain.i18n import N_, Msgid
from portal.domain.papers.agreement import payload_sha256
from portal.domain.price_protection import queries, texts
from portal.domain.price_protection.batches import changes as bulk
from portal.domain.price_protection.batches.changes import Changes
from portal.domain.price_protection.batches.models import Batch, BatchRow, Trouble
from portal.domain.price_protection.drafting import RENEWABLE, check_entry, entry_of, renewal, why_not_renewed
from portal.domain.price_protection.entries import Entry, assemble
from portal.domain.price_protection.models import Agreement, ProductPrice, Status
from portal.domain.price_protection.payload import live_payload, payload
from portal.domain.price_protection.problems import Place, Problem, obstacles, place_of, problems_of
from portal.domain.price_protection.under_way import amendments_under_way, notice
from portal.domain.templates.models import Template
from portal.domain.templates.services import ensure_template
from portal.domain.users.models import User

# A difference by its key: what was said and what is said now, as stored; None where one says nothing.
Difference = tuple[str, Any, Any]
_EXCEPTION, _BY_HAND = 1_000, 100
_LARGEST = 99


@dataclass(frozen=True)
class Finding:
    """What a row comes to; `refusal` keeps a draft from being made at all."""

    entry: Entry | None = None
    differences: list[Difference] = field(default_factory=list)
    # What it says otherwise than the batch's changes would: exceptions, and drafts changed by hand.
    unusual: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    trouble: Trouble = Trouble.NONE
    sha256: str = ""


def parts(entry: Entry) -> dict[str, Any]:
    """Everything that an entry says, by key, as JSON keeps it."""
    return {
        "template_id": entry.template_id,
        "effective_on": entry.effective_on.isoformat(),
        "expires_on": entry.expires_on.isoformat(),
        "rebate_ppm": entry.rebate_ppm,
        "base_share": entry.base_share,
        "award_ppm": entry.award_ppm,
        **{f"price {row.product_id} {row.kind}": row.amount_fen for row in entry.prices},
        **{f"violation {row.code}": row.share_ppm for row in entry.violations},
        **{f"value {name}": value for name, value in entry.values.items()},
    }


def differing(before: Entry, after: Entry) -> list[Difference]:
    """What `after` says otherwise than `before`."""
    old, new = parts(before), parts(after)
    return [
        (key, old.get(key), new.get(key))
        for key in dict.fromkeys((*new, *old))
        if old.get(key) != new.get(key)
    ]


def weight(differences: Iterable[Difference], unusual: Iterable[Difference], *, has_exceptions: bool) -> int:
    """How unusual a row is: exceptions, then changes by hand, then the largest move of a rate or a price."""
    largest = 0
    for key, before, after in differences:
        if (key == "rebate_ppm" or key.startswith("price ")) and before and after:
            largest = max(largest, abs(after - before) * 100 // before)
    return has_exceptions * _EXCEPTION + len(list(unusual)) * _BY_HAND + min(largest, _LARGEST)


class Reckoner:
    """Reckons the rows of one batch; what they share is asked for once."""

    def __init__(self, session: Session, batch: Batch, actor: User) -> None:
        self.session, self.batch, self.actor = session, batch, actor
        self.changes: Changes = bulk.read(batch.changes)
        self._texts: dict[tuple[str, str], int] = {}
        self._entries: dict[tuple[int, bool], Entry] = {}

    @cached_property
    def _newest(self) -> dict[str, str]:
        return {found.key: found.version for found in texts.offered_editions(self.session)}

    @cached_property
    def _proposed(self) -> bulk.Proposed:
        rows = self.session.execute(
            sa.select(ProductPrice.product_id, ProductPrice.kind, ProductPrice.amount_fen)
        )
        return {(row.product_id, row.kind): row.amount_fen for row in rows}

    def template(self, earlier: Agreement, changes: Changes) -> Template:
        """The text that the new agreement is written on."""
        if changes.template:
            key, version = changes.template.split("@", 1)
        else:
            key = earlier.template.key
            if key not in self._newest:
                key = next(iter(self._newest), texts.MAIN_KEY)
            version = self._newest.get(key) or earlier.template.version
        if (key, version) not in self._texts:
            self._texts[key, version] = ensure_template(self.session, key, version).id
        found = self.session.get(Template, self._texts[key, version])
        assert found is not None
        return found

    def entry(self, row: BatchRow, *, alone: bool = True) -> Entry:
        """What the new agreement says; without the row's exceptions where `alone` is False. Raises DomainError."""
        key = (row.id, alone and bool(row.exceptions))
        if key not in self._entries:
            self._entries[key] = self._entry(row, alone=alone)
        return self._entries[key]

    def _entry(self, row: BatchRow, *, alone: bool) -> Entry:
        earlier = row.earlier
        own = bulk.read(row.exceptions) if alone else Changes()
        changes = bulk.merged(self.changes, own)
        first, last = bulk.period(changes, earlier.ends_on)
        base = renewal(self.session, earlier, self.template(earlier, changes), period=(first, last))
        prices = bulk.new_prices(own.prices, self.changes.prices, base.prices, self._proposed)
        return bulk.applied(base, changes, prices)

    def finding(self, row: BatchRow) -> Finding:
        """What the row comes to: before its draft is made as it would be, after that as it stands."""
        if row.agreement is not None:
            return self._of_draft(row, row.agreement)
        blocks = self.blocks(row)
        try:
            entry = self.entry(row)
            check_entry(entry)
            agreement = assemble(
                self.session,
                row.earlier.distributor,
                entry,
                template=self.session.get(Template, entry.template_id),
            )
        except DomainError as error:
            refused = Problem(error.msgid, place_of(error.field or ""), error.field or "", dict(error.params))
            return Finding(problems=[*blocks, refused], trouble=Trouble.BLOCKED)
        data = live_payload(self.session, agreement, agreement.terms[0])
        # What blocks the row says the same of its distributor.
        holes = [*problems_of(agreement, data), *obstacles(self.session, agreement)]
        if blocks:
            holes = [hole for hole in holes if hole.msgid not in {block.msgid for block in blocks}]
        return Finding(
            entry=entry,
            differences=differing(entry_of(self.session, row.earlier), entry),
            unusual=differing(self.entry(row, alone=False), entry) if row.exceptions else [],
            problems=[*blocks, *holes],
            trouble=Trouble.BLOCKED if blocks else Trouble.HOLES if holes else Trouble.NONE,
        )

    def _of_draft(self, row: BatchRow, agreement: Agreement) -> Finding:
        entry = entry_of(self.session, agreement)
        data = payload(self.session, agreement)
        is_open = agreement.status in (Status.DRAFT, Status.SUBMITTED)
        holes = [*problems_of(agreement, data), *obstacles(self.session, agreement)] if is_open else []
        try:
            unusual = differing(self.entry(row, alone=False), entry)
        except DomainError:
            unusual = []
        return Finding(
            entry=entry,
            differences=differing(entry_of(self.session, row.earlier), entry),
            unusual=unusual,
            problems=holes,
            trouble=Trouble.HOLES if holes else Trouble.NONE,
            sha256=payload_sha256(data),
        )

    @cached_property
    def _under_way(self) -> dict[int, str]:
        """The amendments under way of all agreements of the batch."""
        earlier = sa.select(BatchRow.earlier_id).where(BatchRow.batch_id == self.batch.id)
        return amendments_under_way(self.session, self.session.scalars(earlier))

    def notices(self, row: BatchRow) -> list[Problem]:
        """What keeps nothing from being done and is to be known: an amendment of the old agreement under way."""
        title = self._under_way.get(row.earlier_id)
        if title is None or (row.agreement is not None and row.agreement.status in RENEWABLE):
            return []
        said = notice(title)
        return [
            Problem(said.msgid, Place.OTHER_AGREEMENT, params=dict(said.params), record_id=row.earlier_id)
        ]

    def blocks(self, row: BatchRow) -> list[Problem]:
        """What keeps a draft from being made, each with what to do about it."""
        earlier, found = row.earlier, []
        later = queries.successor(self.session, earlier)
        if later is not None and later.id != row.agreement_id:
            found.append(
                Problem(
                    N_("%(number)s already renews it. Leave this row out, or void that one first."),
                    Place.OTHER_AGREEMENT,
                    params={"number": later.number},
                    record_id=later.id,
                )
            )
        if earlier.distributor.standing is Standing.ELIMINATED:
            found.append(
                Problem(
                    N_("%(name)s is eliminated; no agreement is written with it."),
                    Place.DISTRIBUTOR,
                    params={"name": earlier.distributor.name},
                )
            )
        refusal = why_not_renewed(earlier)
        if refusal is not None:
            found.append(
                Problem(
                    refusal.msgid, Place.OTHER_AGREEMENT, params=dict(refusal.params), record_id=earlier.id
                )
            )
        if not self.actor.can(Permission.AGREEMENTS_WRITE, earlier.distributor.region):
            found.append(
                Problem(
                    N_("%(office)s is no longer among the offices for which you draft. Leave this row out."),
                    Place.DISTRIBUTOR,
                    params={"office": earlier.distributor.region.name},
                )
            )
        return found

    def write(self, row: BatchRow) -> Finding:
        """Check a row and keep what was found with it; the caller commits."""
        found = self.finding(row)
        agreement = row.agreement
        row.facts = plain(
            {
                "differences": found.differences,
                "unusual": found.unusual,
                "problems": [kept(problem) for problem in found.problems],
                "notices": [kept(problem) for problem in self.notices(row)],
            }
        )
        row.trouble = found.trouble
        row.weight = weight(found.differences, found.unusual, has_exceptions=bool(row.exceptions))
        row.checked_no = self.batch.changes_no
        row.checked_version = agreement.version if agreement is not None else 0
        row.sha256 = found.sha256
        return found


_MSGID = "msgid"


def kept(problem: Problem) -> dict[str, Any]:
    """A problem as JSON keeps it; what is translated among its params stays known as such."""
    params = {
        name: {_MSGID: str(value)} if isinstance(value, Msgid) else value
        for name, value in problem.params.items()
    }
    return {
        "msgid": problem.msgid,
        "place": problem.place.value,
        "name": problem.name,
        "params": params,
        "record_id": problem.record_id,
    }


def problem_of(said: Mapping[str, Any]) -> Problem:
    """The problem that JSON kept."""
    params = {
        name: Msgid(value[_MSGID]) if isinstance(value, dict) else value
        for name, value in said["params"].items()
    }
    return Problem(said["msgid"], Place(said["place"]), said["name"], params, said["record_id"])
