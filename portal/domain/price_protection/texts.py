"""Which texts agreements are written on, and which of them counsel let go (P8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.papers.model import LibraryRow
from portal.domain.price_protection.models import Agreement, Amendment, Termination
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template
from portal.domain.templates.services import Edition

# Every text of the agreement itself that ships; the first is the one that everybody starts with.
AGREEMENT_KEYS = ("price-protection.zh", "price-protection.bilingual", "price-protection-small.zh")
MAIN_KEY = AGREEMENT_KEYS[0]
# What changes or ends an agreement: 补充协议, 终止通知.
AMENDMENT_KEY, NOTICE_KEY = DEED_KEYS = ("amendment.zh", "termination-notice.zh")
# What tells a distributor of its fund once a quarter: 季度基金对账单.
STATEMENT_KEY = "quarterly-statement.zh"
# The papers of a violation case: 立案通知, 处理决定, 处理决定（不成立）, 撤案决定, 申诉答复.
CASE_KEYS = (
    "case-notice.zh",
    "case-decision.zh",
    "case-decision-dismissed.zh",
    "case-decision-withdrawn.zh",
    "appeal-decision.zh",
)
_OTHERS = (*DEED_KEYS, STATEMENT_KEY, *CASE_KEYS)


def agreement_editions(session: Session) -> list[Edition]:
    """Every version of every agreement text, the company's own before those that ship, the newest of each first."""
    return templates.editions(session, AGREEMENT_KEYS, with_own=True)


def agreement_edition(session: Session, key: str, version: str | None = None) -> Edition | None:
    """One agreement text by key and version, as `templates.edition` finds it; None for any other paper."""
    found = templates.edition(session, key, version)
    return found if found is not None and found.base_key in AGREEMENT_KEYS else None


def editions(session: Session) -> list[Edition]:
    """Every version of every text that is printed: the agreement's first, then those of its deeds and statements."""
    return [*agreement_editions(session), *templates.editions(session, _OTHERS)]


def edition(session: Session, key: str, version: str | None = None) -> Edition | None:
    """One of these texts by key and version, as `templates.edition` finds it; None for any other paper."""
    found = templates.edition(session, key, version)
    return found if found is not None and found.base_key in (*AGREEMENT_KEYS, *_OTHERS) else None


@dataclass(frozen=True)
class Use:
    """How many agreements or deeds are written on a version, in all regions: in work, and on paper or over."""

    in_work: int = 0
    settled: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.in_work + self.settled


def uses(session: Session) -> dict[int, Use]:
    """How much each kept version is used, by the id of its row; one that is not used at all is not named."""
    found: dict[int, Use] = {}
    for table in (Agreement, Amendment, Termination):
        in_work = table.status.in_(("draft", "submitted"))
        counted = sa.select(
            table.template_id,
            sa.func.count().filter(in_work),
            sa.func.count().filter(sa.not_(in_work)),
        ).group_by(table.template_id)
        found |= {template: Use(drafts, settled) for template, drafts, settled in session.execute(counted)}
    return found


def offered_editions(session: Session) -> list[Edition]:
    """What a new agreement may be written on: of each text the newest version that counsel released.

    While nothing is released at all, the main text is offered all the same: drafts may be written, their
    approval waits. Where counsel stopped the newest, no older version comes back in its place.
    """
    sound = [found for found in agreement_editions(session) if not found.is_altered]
    released = [found for found in sound if found.release]
    if not released:
        return [found for found in sound if found.key == MAIN_KEY][:1]
    return [found for found in _newest(released).values() if found.stop is None]


def successor_of(session: Session, template: Template) -> Edition:
    """What a renewal is written on: the offered version of the same text, else the text that everybody starts with."""
    offered = offered_editions(session)
    found = next((one for one in offered if one.key == template.key), offered[0] if offered else None)
    if found is None:
        raise DomainError(N_("There is no template to draft an agreement on."))
    return found


def held_back(session: Session) -> list[tuple[Edition, str]]:
    """The newest version of each text that no agreement may be written on now, with the msgid of why not."""
    offered = {(found.key, found.version) for found in offered_editions(session)}
    reasons = []
    for edition in _newest(agreement_editions(session)).values():
        if (edition.key, edition.version) in offered:
            continue
        if edition.is_altered:
            reasons.append(
                (edition, N_("its text was changed without a new version; counsel must settle it"))
            )
        elif edition.stop is not None:
            reasons.append((edition, N_("counsel has taken it out of offer; its page says why")))
        else:
            reasons.append((edition, N_("counsel has not released this version yet")))
    return reasons


def unreleased(session: Session) -> list[Edition]:
    """The newest version of the main text, and of every other one in use, where counsel has not released it."""
    found = agreement_editions(session)
    in_use = {MAIN_KEY, *(edition.key for edition in found if edition.release)}
    in_use -= {key for key, edition in _newest([one for one in found if one.release]).items() if edition.stop}
    return [edition for key, edition in _newest(found).items() if key in in_use and edition.release is None]


def kinds(session: Session, template: Template) -> Sequence[LibraryRow]:
    """The kinds of violation that an agreement on this text may choose from, in counsel's order and words.

    A text without a list of its own, as the one-sheet agreement is, takes the list of the full text that is offered:
    the rules of both are the same.
    """
    own = templates.parsed(template.text).library
    if own:
        return own
    for found in offered_editions(session):
        if found.paper.library and not found.paper.front.has_english:
            return found.paper.library
    main = templates.edition(session, MAIN_KEY)
    return main.paper.library if main is not None else ()


def kind_name(session: Session, code: str) -> str:
    """What any version of any text calls a kind of violation, the newest first; its code where none knows it."""
    libraries = (found.paper.library for found in agreement_editions(session))
    return next((row.kind for library in libraries for row in library if row.code == code), code)


def _newest(editions: list[Edition]) -> dict[str, Edition]:
    """The first of each text; the newest stand first."""
    newest: dict[str, Edition] = {}
    for edition in editions:
        newest.setdefault(edition.key, edition)
    return newest
