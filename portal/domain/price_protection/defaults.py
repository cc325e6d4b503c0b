"""Where the values of a paper come from when its author said nothing: the settings, the registry, the register."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.asked_once import once
from portal.domain.distributors.models import Contact, Distributor
from portal.domain.papers.fill import is_empty
from portal.domain.papers.model import Paper
from portal.domain.papers.placeholders import Placeholder, Source
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Raw
from portal.domain.regions import services as regions
from portal.domain.regions.models import Region
from portal.domain.settings import services as settings
from portal.domain.settings.catalogue import ENTRIES, Keeper
from portal.domain.templates.models import Template
from portal.domain.templates.services import parsed
from portal.domain.text import phones

# Stand in columns of their own, since the portal computes with them.
COLUMNS = frozenset({"effective_on", "expires_on", "rebate_rate", "base_share", "award_share"})
# Asked for in sight on every form; the rest stands folded away, prefilled.
ASKED = ("signing_place", "territory_description")
# Counsel's words and figures: shown on the form, changed by counsel in the settings (PLACEHOLDERS 3).
COUNSEL_ONLY = frozenset(name for name, entry in ENTRIES.items() if entry.keeper is Keeper.COUNSEL)
# Inputs that printed values are computed from, whether or not the text itself holds them.
_COMPUTED_FROM = ("rebate_rate", "base_share", "copies_total", "example_purchase_figures")

Values = dict[str, Raw]


def paper_of(template: Template) -> Paper:
    """The text of a template, parsed; a text is parsed once."""
    return parsed(template.text)


def inputs_of(paper: Paper) -> list[Placeholder]:
    """What somebody must say for this paper, rows apart, in the order of its first use."""
    names = dict.fromkeys((*paper.placeholders(), *_COMPUTED_FROM))
    for name in tuple(names):
        entry = PLACEHOLDERS.get(name)
        if entry is not None and entry.empty_from:
            names.setdefault(entry.empty_from)
    known = (PLACEHOLDERS[name] for name in names if name in PLACEHOLDERS)
    return [entry for entry in known if entry.is_input and entry.row_list is None]


def terms_of(paper: Paper) -> list[Placeholder]:
    """What an agreement on this paper may say for itself besides its columns: the form's further terms."""
    own = (Source.AGREEMENT, Source.AGREEMENT_DEFAULT, Source.SETTINGS)
    return [entry for entry in inputs_of(paper) if entry.source in own and entry.name not in COLUMNS]


def counted_in_working_days(paper: Paper) -> frozenset[str]:
    """The terms whose clause counts working days; the registry's days are calendar days otherwise."""
    return frozenset(
        run.placeholder
        for line in paper.lines()
        for run, after in pairwise(line)
        if run.placeholder and after.text.startswith("个工作日")
    )


def default_values(session: Session, region: Region) -> Values:
    """What holds in a region before anybody writes: the company's facts and terms, and where its office signs."""
    return dict(once(session, ("defaults", region.id), lambda: _default_values(session, region)))


def _default_values(session: Session, region: Region) -> Values:
    values: Values = {
        name: value
        for name, value in settings.values(session, region).items()
        if name in PLACEHOLDERS and not is_empty(value)
    }
    place = regions.signing_place(session, region)
    if place:
        values["signing_place"] = place
    return values


def distributor_values(distributor: Distributor) -> Values:
    """What the register knows of party B; what it does not know is left out."""
    contact = primary_contact(distributor)
    number = number_of(distributor, contact)
    account = ""
    if distributor.bank_account:
        holder = distributor.bank_account_name or distributor.name
        account = "，".join(
            part for part in (holder, distributor.bank_name, distributor.bank_account) if part
        )
    territory = distributor.territory
    known: dict[str, str] = {
        "distributor_name": distributor.name,
        "distributor_name_en": distributor.name_en,
        "distributor_uscc": distributor.uscc,
        "distributor_legal_rep": distributor.legal_rep,
        "distributor_address": distributor.address,
        "distributor_contact": contact.name if contact else "",
        "distributor_phone": number,
        "distributor_email": distributor.email or (contact.email if contact else ""),
        "distributor_bank_account": account,
        "territory_description": territory.name if territory else "",
        "territory_description_en": territory.name_en if territory else "",
    }
    return {name: text for name, text in known.items() if text}


def number_of(distributor: Distributor, contact: Contact | None) -> str:
    """The first telephone number of the register that was understood, else the contact's first; one only."""
    of_company = [(row.display, row.extension) for row in distributor.phones if row.digits]
    of_contact = [
        (found.display, found.extension)
        for found in (phones(contact.phone) if contact else [])
        if found.is_understood
    ]
    return one_number([*of_company, *of_contact])


def one_number(numbers: Sequence[tuple[str, str]]) -> str:
    """The first of these (display, extension) as a paper prints it, without blanks; empty when there is none."""
    for display, extension in numbers:
        number = re.sub(r"\s+", "", display)
        return f"{number}转{extension}" if extension and "转" not in number else number
    return ""


def primary_contact(distributor: Distributor) -> Contact | None:
    """Whom papers name: the primary contact, else the first that is still there."""
    return next(iter(distributor.people), None)


def default_term(on: date | None = None) -> tuple[date, date]:
    """First and last day that a new agreement proposes.

    The next calendar year from October on, else from the next month's first day to the year's end.
    """
    on = on or today()
    if on.month >= 10:
        return date(on.year + 1, 1, 1), date(on.year + 1, 12, 31)
    return next_month(on), date(on.year, 12, 31)


def next_month(on: date | None = None) -> date:
    """The first day of the month after a day: what is agreed now is signed by then."""
    on = on or today()
    return date(on.year + on.month // 12, on.month % 12 + 1, 1)


def default_change_day(earliest: date, ends_on: date | None = None) -> date:
    """The day from which a change of terms is proposed: the next month's first, or `earliest` where that is later.

    Of an agreement that ends before, `earliest` as well.
    """
    first = max(next_month(), earliest)
    return earliest if ends_on is not None and first > ends_on else first


def following_term(ends_on: date) -> tuple[date, date]:
    """First and last day of an agreement that follows one: a year from the day after."""
    first = ends_on + timedelta(days=1)
    try:
        anniversary = first.replace(year=first.year + 1)
    except ValueError:  # 29 February
        anniversary = date(first.year + 1, 3, 1)
    return first, anniversary - timedelta(days=1)


def differing(values: Values, defaults: Values, keep: Iterable[str] = ASKED) -> Values:
    """Only what an author said otherwise than the defaults; what is in `keep` is always said."""
    kept = frozenset(keep)
    return {name: value for name, value in values.items() if name in kept or value != defaults.get(name)}
