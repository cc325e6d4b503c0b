"""Two readings of an agreement side by side: yours and the one saved meanwhile, this one and its forerunner."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.domain.money import figures
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Percent, Raw, percent
from portal.domain.price_protection import queries
from portal.domain.price_protection.drafting import Entry
from portal.domain.templates.models import Template
from portal.domain.templates.services import parsed
from portal.web.words import word


@dataclass(frozen=True)
class Difference:
    """One thing that two readings say otherwise; a dash where one says nothing."""

    label: str
    before: str
    after: str


def differences(session: Session, before: Entry, after: Entry) -> list[Difference]:
    """What `after` says otherwise than `before`, in the order of the form."""
    old, new = told(session, before), told(session, after)
    return [
        Difference(label, old.get(label, "—"), new.get(label, "—"))
        for label in dict.fromkeys((*new, *old))
        if old.get(label) != new.get(label)
    ]


def told(session: Session, entry: Entry) -> dict[str, str]:
    """Everything an entry says, in words, by label."""
    template = session.get(Template, entry.template_id)
    library = {row.code: row.kind for row in parsed(template.text).library} if template else {}
    said = {
        _("Template"): f"{template.key} {template.version}" if template else "—",
        _("First day"): entry.effective_on.isoformat(),
        _("Last day"): entry.expires_on.isoformat(),
        _("Rebate rate"): percent(entry.rebate_ppm, 2) if entry.rebate_ppm else "—",
        _("Base part of the rebate"): str(entry.base_share),
        _("Award to the reporter"): percent(entry.award_ppm),
    }
    names = queries.product_names(session, [price.product_id for price in entry.prices])
    for price in entry.prices:
        label = _("%(product)s, %(kind)s", product=names.get(price.product_id, "—"), kind=word(price.kind))
        said[label] = figures(price.amount_fen)
    for violation in entry.violations:
        said[library.get(violation.code, violation.code)] = percent(violation.share_ppm)
    for name, value in entry.values.items():
        said[_(PLACEHOLDERS[name].label)] = shown(name, value)
    return said


def shown(name: str, value: Raw) -> str:
    """A stored value of a placeholder as the paper shows it."""
    kind = PLACEHOLDERS[name].kind
    return percent(int(value), kind.decimals) if isinstance(kind, Percent) else kind.print(value, "zh")
