"""Which settings there are: the papers' placeholders that the company answers once, in groups, with defaults.

Kinds, limits and examples are the registry's; here stands who changes a value, and whether the registry's
example is a default that may be signed, or only an example.
"""

from dataclasses import dataclass
from enum import StrEnum

from portal.domain.access.roles import Permission
from portal.domain.i18n import N_
from portal.domain.papers.placeholders import Placeholder, Source
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Choice, Raw


class Keeper(StrEnum):
    """Whose word a setting is."""

    ADMINISTRATOR = "administrator"  # facts of the company
    EITHER = "either"  # terms: administrators and counsel
    COUNSEL = "counsel"  # counsel's phrases and rates (PLACEHOLDERS 3: "set by counsel")

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """Any of these changes it; both are the head office's only."""
        return {
            Keeper.ADMINISTRATOR: (Permission.SETTINGS_WRITE,),
            Keeper.EITHER: (Permission.SETTINGS_WRITE, Permission.TEMPLATES_RELEASE),
            Keeper.COUNSEL: (Permission.TEMPLATES_RELEASE,),
        }[self]


@dataclass(frozen=True)
class Group:
    """Settings that belong together; `title` and `help` are msgids."""

    key: str
    title: str
    help: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One setting; `default` is what holds where nobody said anything, None where somebody must."""

    placeholder: Placeholder
    group: str
    keeper: Keeper
    default: Raw | None

    @property
    def name(self) -> str:
        """The placeholder that it fills."""
        return self.placeholder.name

    @property
    def is_required(self) -> bool:
        """Whether the agreement cannot be printed while it is empty."""
        return self.placeholder.is_required and self.name not in _ASKED_ON_THE_FORM | _OF_CASES


COMPANY = "company"
YES, NO = "是", "否"

# Whether an optional part of a paper is printed: the section `option-account` asks for `option_account`.
OPTIONS: dict[str, Placeholder] = {
    "option_account": Placeholder(
        "option_account",
        "往来账",
        N_("Account reconciliation in quarterly statements, where its figures are there"),
        "Q",
        Source.SETTINGS,
        Choice(((YES, "yes"), (NO, "no"))),
        YES,
    ),
}

GROUPS = (
    Group(
        COMPANY,
        N_("The company as party A"),
        N_("As on the business licence; an office that contracts through another company has its own below."),
        (
            "manufacturer_name",
            "manufacturer_name_en",
            "manufacturer_uscc",
            "manufacturer_legal_rep",
            "manufacturer_address",
            "manufacturer_contact",
            "manufacturer_phone",
            "manufacturer_email",
        ),
    ),
    Group(
        "channels",
        N_("Contact channels"),
        N_("Printed in the agreement; distributors report violations and complain here."),
        (
            "reporting_channel",
            "reporting_channel_en",
            "compliance_channel",
            "compliance_channel_en",
            "appeal_body",
            "appeal_body_en",
        ),
    ),
    Group(
        "proposals",
        N_("Defaults for new agreements"),
        N_("Whoever drafts an agreement sees them and can change them."),
        (
            "rebate_rate",
            "base_share",
            "award_share",
            "tax_basis",
            "price_tax_basis",
            "base_payment_method",
            "release_method",
            "fund_interest_rate",
            "copies_total",
        ),
    ),
    Group(
        "fund",
        N_("Rebate and fund"),
        N_("Deadlines for payment, release and reconciliation."),
        (
            "quarter_starts",
            "base_payment_days",
            "statement_days",
            "statement_objection_days",
            "statement_reply_days",
            "release_days",
            "clawback_days",
            "late_lpr_percent",
            "example_purchase_figures",
        ),
    ),
    Group(
        "options",
        N_("Optional parts of papers"),
        N_("Printed or left out; the numbers of sections and clauses stay as they are."),
        tuple(OPTIONS),
    ),
    Group(
        "cases",
        N_("Violations, hearing and appeal"),
        N_("Strict deadlines: a party that misses one loses the right."),
        (
            "limitation_months",
            "case_notice_days",
            "response_days",
            "decision_days",
            "extension_days",
            "appeal_days",
            "appeal_decision_days",
            "restore_days",
            "award_payment_days",
            "unawarded_use",
            "unawarded_use_en",
        ),
    ),
    Group(
        "hearing",
        N_("Where the accused is heard, and the appeal body"),
        N_("Printed in the papers of violation cases."),
        (
            "inspection_place",
            "inspection_hours",
            "appeal_address",
            "appeal_contact",
            "appeal_phone",
        ),
    ),
    Group(
        "end",
        N_("Term, end and disputes"),
        N_("Notice, settlement and what survives the agreement."),
        (
            "renewal_notice_days",
            "termination_notice_days",
            "cure_days",
            "settlement_days",
            "objection_days",
            "force_majeure_days",
            "negotiation_days",
            "confidentiality_years",
            "dispute_resolution",
            "dispute_resolution_en",
        ),
    ),
)

_COUNSELS = frozenset(
    {
        "late_lpr_percent",
        "unawarded_use",
        "unawarded_use_en",
        "dispute_resolution",
        "dispute_resolution_en",
    }
)
# Their examples name a fictional company, telephones and mailboxes: nobody may sign them by default.
_MUST_BE_SAID = frozenset(
    {"reporting_channel", "reporting_channel_en", "compliance_channel", "compliance_channel_en"}
)
_ASKED_ON_THE_FORM = frozenset({"rebate_rate"})
# No agreement holds them: they are asked for when a case's paper is issued.
_OF_CASES = frozenset({"inspection_place", "appeal_address", "appeal_contact", "appeal_phone"})


def _keeper(group: Group, name: str) -> Keeper:
    if name in _COUNSELS:
        return Keeper.COUNSEL
    return Keeper.ADMINISTRATOR if group.key in (COMPANY, "channels", "hearing") else Keeper.EITHER


def _entry(group: Group, name: str) -> Entry:
    entry = OPTIONS.get(name) or PLACEHOLDERS[name]
    is_example_only = (
        group.key == COMPANY or name in _MUST_BE_SAID or name in _ASKED_ON_THE_FORM or name in _OF_CASES
    )
    return Entry(entry, group.key, _keeper(group, name), None if is_example_only else entry.example)


ENTRIES: dict[str, Entry] = {name: _entry(group, name) for group in GROUPS for name in group.names}
COMPANY_NAMES = tuple(name for name, entry in ENTRIES.items() if entry.group == COMPANY)
