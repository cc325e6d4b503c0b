"""The words on screen for codes that the database keeps."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from flask_babel import gettext, lazy_pgettext, pgettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Channel, Grade, Level, Standing
from portal.domain.jobs.models import JobState
from portal.domain.price_protection.models import (
    DeedStatus,
    Ground,
    PriceKind,
    Sender,
    Service,
    Status,
)
from portal.domain.price_protection.phases import Phase
from portal.domain.price_protection.price_approvals import ApprovalState
from portal.web.case_words import CASE_TONES, CASE_WORDS
from portal.web.closing_words import CLOSING_TONES, CLOSING_WORDS
from portal.web.fund_words import ACCOUNT_WORDS, TRANSFER_WORDS
from portal.web.i18n import language
from portal.web.mail_words import MAIL_TONES, MAIL_WORDS
from portal.web.meeting_words import MEETING_TONES, MEETING_WORDS
from portal.web.payment_words import PAYMENT_WORDS
from portal.web.policy_words import POLICY_TONES, POLICY_WORDS
from portal.web.purchase_words import PURCHASE_WORDS
from portal.web.trail_words import TRAIL_TONES, TRAIL_WORDS

Said = TypeVar("Said")


class ByCode(Mapping[StrEnum, Said]):
    """What is said of each code, told apart by its enum as well: members of two enums may be equal as texts.

    A bare text finds its entry only where one enum alone has it.
    """

    def __init__(self, *pairs: tuple[StrEnum, Said]) -> None:
        self._entries = {(type(code), code.value): said for code, said in pairs}
        self._codes = [code for code, _said in pairs]
        if len(self._entries) != len(pairs):
            raise ValueError("a code is named twice")

    def __getitem__(self, code: str) -> Said:
        if isinstance(code, StrEnum):
            try:
                return self._entries[type(code), code.value]
            except KeyError:
                raise KeyError(code) from None
        alike = [said for (_kind, value), said in self._entries.items() if value == code]
        if len(alike) != 1:
            raise KeyError(code)
        return alike[0]

    def __iter__(self) -> Iterator[StrEnum]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


WORDS: Mapping[StrEnum, Any] = ByCode(
    *PURCHASE_WORDS,
    (Role.ADMINISTRATOR, _l("Administrator")),
    (Role.EXECUTIVE, _l("Executive")),
    (Role.REGIONAL_MANAGER, _l("Regional manager")),
    (Role.SALESPERSON, _l("Salesperson")),
    (Role.FINANCE, _l("Finance")),
    (Role.COUNSEL, _l("Counsel")),
    (Role.TRAINER, _l("Trainer")),
    (Role.INVESTIGATOR, _l("Investigator")),
    (Role.AUDITOR, _l("Auditor")),
    (JobState.QUEUED, _l("Waiting")),
    (JobState.RUNNING, _l("In progress")),
    (JobState.DONE, _l("Finished")),
    (JobState.FAILED, _l("Failed")),
    (JobState.CANCELLED, _l("Cancelled")),
    (Level.GENERAL, _l("General distributor")),
    (Level.SECOND_TIER, _l("Second-tier")),
    (Level.RETAILER, _l("Retailer")),
    (Grade.A, lazy_pgettext("grade", "A")),
    (Grade.B, lazy_pgettext("grade", "B")),
    (Grade.C, lazy_pgettext("grade", "C")),
    (Channel.DIRECT, lazy_pgettext("channel", "Direct")),
    (Channel.AGENT, lazy_pgettext("channel", "Agent")),
    (Channel.DISTRIBUTOR, lazy_pgettext("channel", "Distributor")),
    (Channel.ECOMMERCE, lazy_pgettext("channel", "E-commerce")),
    (Standing.PROSPECT, _l("Being developed")),
    (Standing.ACTIVE, lazy_pgettext("standing", "Active")),
    (Standing.SUSPENDED, _l("Supply stopped")),
    (Standing.ELIMINATING, _l("Being eliminated")),
    (Standing.ELIMINATED, _l("Eliminated")),
    (PriceKind.SUGGESTED_RETAIL, _l("Suggested retail price")),
    (PriceKind.SUGGESTED_RESALE, _l("Suggested resale price")),
    (PriceKind.MAXIMUM_RETAIL, _l("Maximum retail price")),
    (PriceKind.MINIMUM_RESALE, _l("Minimum resale price")),
    (ApprovalState.VALID, lazy_pgettext("approval", "Valid")),
    (ApprovalState.UPCOMING, lazy_pgettext("approval", "Not yet valid")),
    (ApprovalState.EXPIRED, lazy_pgettext("approval", "Expired")),
    (ApprovalState.REVOKED, lazy_pgettext("approval", "Revoked")),
    (Status.DRAFT, lazy_pgettext("agreement", "Draft")),
    (Status.SUBMITTED, _l("Awaiting approval")),
    (Status.APPROVED, _l("Awaiting signature")),
    (Status.SIGNED, _l("Signed")),
    (Status.TERMINATED, _l("Terminated")),
    (Status.VOID, _l("Void")),
    *TRAIL_WORDS,
    *ACCOUNT_WORDS.items(),
    *TRANSFER_WORDS.items(),
    *PAYMENT_WORDS,
    *CASE_WORDS,
    *CLOSING_WORDS,
    *MAIL_WORDS,
    *MEETING_WORDS,
    *POLICY_WORDS,
    (Phase.DRAFT, lazy_pgettext("agreement", "Draft")),
    (Phase.AWAITING_APPROVAL, _l("Awaiting approval")),
    (Phase.AWAITING_SIGNATURE, _l("Awaiting signature")),
    (Phase.NOT_YET_EFFECTIVE, _l("Signed, not yet in force")),
    (Phase.EFFECTIVE, _l("In force")),
    (Phase.EXPIRED, _l("Expired")),
    (Phase.ENDING, _l("Ending early")),
    (Phase.TERMINATED, _l("Terminated")),
    (Phase.VOID, _l("Void")),
    (DeedStatus.DRAFT, lazy_pgettext("agreement", "Draft")),
    (DeedStatus.SUBMITTED, _l("Awaiting approval")),
    (DeedStatus.APPROVED, _l("Approved")),
    (DeedStatus.SIGNED, _l("Signed")),
    (DeedStatus.SERVED, _l("Served")),
    (DeedStatus.VOID, _l("Void")),
    (Ground.NOTICE, _l("Notice, clause 13.2")),
    (Ground.BREACH, _l("Serious breach, clause 13.2")),
    (Ground.INSOLVENCY, _l("Licence revoked or insolvency, clause 13.2")),
    (Ground.FORCE_MAJEURE, _l("Force majeure, clause 14.1")),
    (Sender.MANUFACTURER, _l("Party A (the company)")),
    (Sender.DISTRIBUTOR, _l("Party B (the distributor)")),
    (Service.COURIER, _l("Courier, accepted")),
    (Service.REFUSED, _l("Courier, refused")),
    (Service.IN_PERSON, _l("Handed over in person")),
)

# Grey "", blue "wait", green "ok", amber "warn", red "bad": always beside the word.
TONES: Mapping[StrEnum, str] = ByCode(
    (JobState.RUNNING, "wait"),
    (JobState.DONE, "ok"),
    (JobState.FAILED, "bad"),
    (JobState.CANCELLED, "warn"),
    (ApprovalState.VALID, "ok"),
    (ApprovalState.UPCOMING, "wait"),
    (ApprovalState.EXPIRED, "warn"),
    (ApprovalState.REVOKED, "bad"),
    (Standing.PROSPECT, "wait"),
    (Standing.ACTIVE, "ok"),
    (Standing.SUSPENDED, "warn"),
    (Standing.ELIMINATING, "bad"),
    (Standing.ELIMINATED, "bad"),
    (Status.SUBMITTED, "wait"),
    (Status.APPROVED, "wait"),
    (Status.SIGNED, "ok"),
    (Status.TERMINATED, "bad"),
    (Status.VOID, "bad"),
    *TRAIL_TONES,
    *CASE_TONES,
    *CLOSING_TONES,
    *MAIL_TONES,
    *MEETING_TONES,
    *POLICY_TONES,
    (Phase.AWAITING_APPROVAL, "wait"),
    (Phase.AWAITING_SIGNATURE, "wait"),
    (Phase.NOT_YET_EFFECTIVE, "wait"),
    (Phase.EFFECTIVE, "ok"),
    (Phase.ENDING, "warn"),
    (Phase.TERMINATED, "bad"),
    (Phase.VOID, "bad"),
    (DeedStatus.SUBMITTED, "wait"),
    (DeedStatus.APPROVED, "wait"),
    (DeedStatus.SIGNED, "ok"),
    (DeedStatus.SERVED, "ok"),
    (DeedStatus.VOID, "bad"),
)


def tone(code: StrEnum | None) -> str:
    """The colour and shape of a status: "", wait, ok, warn or bad."""
    return "" if code is None else TONES.get(code, "")


def word(code: StrEnum | None) -> str:
    """The word for a code in the page's language; a dash for none."""
    if code is None:
        return "—"
    key = (language(), type(code), code)
    if key not in _said:
        _said[key] = str(WORDS[code])
    return _said[key]


def badge(code: StrEnum, big: bool = False) -> Markup:
    """A status: its word in its colour and shape."""
    key = (language(), type(code), code, big)
    if key not in _badges:
        _badges[key] = badge_of(word(code), tone(code), big)
    return _badges[key]


def badge_of(text: str, tone: str = "", big: bool = False) -> Markup:
    """A badge with any text; `tone` is "", wait, ok, warn or bad."""
    look = " ".join(["st", *([f"st-{tone}"] if tone else []), *(["st-lg"] if big else [])])
    return Markup('<span class="{}">{}</span>').format(look, text)


# Lists say the same few words hundreds of times a page; a catalogue never changes while the portal runs.
_said: dict[tuple[str, type, str], str] = {}
_badges: dict[tuple[str, type, str, bool], Markup] = {}

__all__ = ["TONES", "WORDS", "badge", "badge_of", "gettext", "pgettext", "tone", "word"]
