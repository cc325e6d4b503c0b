"""Two readings of an agreement side by side: yours and the one saved meanwhile, this one and its forerunner."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.domain.money import figures
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Day, Percent, Raw, percent
from portal.domain.price_protection import queries, texts
from portal.domain.price_protection.drafting import Entry, PriceEntry, ViolationEntry
from portal.domain.templates.models import Template
from portal.web.template_words import name_of
from portal.web.words import word


@dataclass(frozen=True)
class Difference:
    """One thing that two readings say otherwise; a dash where one says nothing."""

    label: str
    before: str
    after: str
    # What `take` knows it by.
    key: str


def differences(session: Session, before: Entry, after: Entry) -> list[Difference]:
    """What `after` says otherwise than `before`, in the order of the form."""
    old, new = told(session, before), told(session, after)
    nothing = ("", "—")
    return [
        Difference((new.get(key) or old[key])[0], old.get(key, nothing)[1], new.get(key, nothing)[1], key)
        for key in dict.fromkeys((*new, *old))
        if old.get(key) != new.get(key)
    ]


def take(mine: Entry, theirs: Entry, keys: Iterable[str]) -> Entry:
    """My entry with what theirs says instead where a difference's key is named; other keys change nothing."""
    wanted = set(keys)
    plain = {name: getattr(theirs, name) for name in _PLAIN if name in wanted}

    def either(name: str, key_of: Callable[[Any], str]) -> list[Any]:
        kept = [row for row in getattr(mine, name) if key_of(row) not in wanted]
        return kept + [row for row in getattr(theirs, name) if key_of(row) in wanted]

    values = {name: value for name, value in mine.values.items() if f"value {name}" not in wanted}
    values |= {name: value for name, value in theirs.values.items() if f"value {name}" in wanted}
    return replace(
        mine,
        **plain,
        values=values,
        prices=either("prices", _price_key),
        violations=either("violations", _violation_key),
    )


_PLAIN = ("template_id", "effective_on", "expires_on", "rebate_ppm", "base_share", "award_ppm")


def _price_key(row: PriceEntry) -> str:
    return f"price {row.product_id} {row.kind}"


def _violation_key(row: ViolationEntry) -> str:
    return f"violation {row.code}"


def told(session: Session, entry: Entry) -> dict[str, tuple[str, str]]:
    """Everything an entry says, by key: its label and the words."""
    template = session.get(Template, entry.template_id)
    library = {row.code: row.kind for row in texts.kinds(session, template)} if template else {}
    said = {
        "template_id": (_("Template"), name_of(template) if template else "—"),
        "effective_on": (_("First day"), entry.effective_on.isoformat()),
        "expires_on": (_("Last day"), entry.expires_on.isoformat()),
        "rebate_ppm": (_("Rebate rate"), percent(entry.rebate_ppm, 2) if entry.rebate_ppm else "—"),
        "base_share": (_("Base share of the rebate"), str(entry.base_share)),
        "award_ppm": (_("Award to the reporter"), percent(entry.award_ppm)),
    }
    names = queries.product_names(session, [price.product_id for price in entry.prices])
    for price in entry.prices:
        label = _("%(product)s, %(kind)s", product=names.get(price.product_id, "—"), kind=word(price.kind))
        said[_price_key(price)] = (label, figures(price.amount_fen))
    for violation in entry.violations:
        label = library.get(violation.code, violation.code)
        said[_violation_key(violation)] = (label, percent(violation.share_ppm))
    for name, value in entry.values.items():
        said[f"value {name}"] = (_(PLACEHOLDERS[name].label), shown(name, value))
    return said


def shown(name: str, value: Raw) -> str:
    """A stored value of a placeholder in words: a day as everywhere on screen, the rest as the paper shows it."""
    kind = PLACEHOLDERS[name].kind
    if isinstance(kind, Day):
        return str(value)
    return percent(int(value), kind.decimals) if isinstance(kind, Percent) else kind.print(value, "zh")
