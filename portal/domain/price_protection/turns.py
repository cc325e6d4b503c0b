"""What an agreement said when it came back from approval, told by the edits that followed (P1)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.price_protection.defaults import default_values, distributor_values
from portal.domain.price_protection.drafting import entry_of
from portal.domain.price_protection.entries import Entry, PriceEntry, ViolationEntry, snapshot
from portal.domain.price_protection.models import Agreement, AgreementEvent, PriceKind, Product
from portal.domain.templates.models import Template

_CAME_BACK = ("sent_back", "approval_withdrawn")
# Keys of a snapshot that are no placeholder's value.
_FIXED = (
    "template",
    "effective_on",
    "expires_on",
    "rebate_rate",
    "base_share",
    "award_share",
    "prices",
    "violations",
)


def came_back(agreement: Agreement) -> AgreementEvent | None:
    """The last event by which it came back from approval; None when it never did."""
    return next((event for event in agreement.events if event.kind in _CAME_BACK), None)


def entry_when(session: Session, agreement: Agreement, event: AgreementEvent) -> Entry:
    """What the agreement said at an event of its life: every edit since is taken back in turn."""
    said = snapshot(agreement)
    for later in agreement.events:  # newest first
        if later.id == event.id:
            break
        if later.kind == "edited":
            said.update({name: before for name, (before, _after) in later.params["changes"].items()})
    return _entry(session, agreement, said)


def _entry(session: Session, agreement: Agreement, said: Mapping[str, Any]) -> Entry:
    present = entry_of(session, agreement)
    defaults = {**default_values(session, agreement.region), **distributor_values(agreement.distributor)}
    terms = {name: value for name, value in said.items() if name not in _FIXED and value is not None}
    # A term that the draft did not name then, or names only since, stood at its default.
    names = {*present.values, *terms}
    values = {**defaults, **terms}
    return replace(
        present,
        template_id=_template_id(session, said["template"]) or present.template_id,
        effective_on=_day(said["effective_on"]),
        expires_on=_day(said["expires_on"]),
        rebate_ppm=said["rebate_rate"],
        base_share=said["base_share"],
        award_ppm=said["award_share"],
        values={name: values[name] for name in names if name in values},
        prices=_prices(session, said["prices"]),
        violations=[ViolationEntry(code, share_ppm) for code, share_ppm in said["violations"]],
    )


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _template_id(session: Session, name: str) -> int | None:
    key, version = name.rsplit(" ", 1)
    return session.scalar(sa.select(Template.id).where(Template.key == key, Template.version == version))


def _prices(session: Session, rows: list[list[Any]]) -> list[PriceEntry]:
    found = sa.select(Product.code, Product.id).where(Product.code.in_([code for code, _kind, _fen in rows]))
    ids = {row.code: row.id for row in session.execute(found)}
    return [PriceEntry(ids[code], PriceKind(kind), fen) for code, kind, fen in rows if code in ids]
