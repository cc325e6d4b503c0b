"""What each role may do (the nine roles of the portal)."""

from enum import StrEnum


class Role(StrEnum):
    """What a grant makes of a user in a region's subtree."""

    ADMINISTRATOR = "administrator"
    EXECUTIVE = "executive"
    REGIONAL_MANAGER = "regional_manager"
    SALESPERSON = "salesperson"
    FINANCE = "finance"
    COUNSEL = "counsel"
    TRAINER = "trainer"
    INVESTIGATOR = "investigator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that may be done, always within the regions of a grant."""

    DISTRIBUTORS_READ = "distributors.read"
    DISTRIBUTORS_WRITE = "distributors.write"
    DISTRIBUTORS_IMPORT = "distributors.import"
    PRODUCTS_READ = "products.read"
    PRODUCTS_WRITE = "products.write"
    PRICES_APPROVE = "prices.approve"
    AGREEMENTS_READ = "agreements.read"
    AGREEMENTS_WRITE = "agreements.write"
    AGREEMENTS_APPROVE = "agreements.approve"
    # Purchases and returns: money follows from them, so finance enters them and the register's keepers hand in lists.
    PURCHASES_READ = "purchases.read"
    PURCHASES_WRITE = "purchases.write"
    PURCHASES_IMPORT = "purchases.import"
    # Send, take back and file originals; decide about the company's seals and put them on paper (P1b).
    PAPERS_HANDLE = "papers.handle"
    SEALS_KEEP = "seals.keep"
    # The price-protection fund (P2-P4): finance proposes the close of a quarter and pays, another person confirms.
    FUNDS_READ = "funds.read"
    FUNDS_CLOSE = "funds.close"
    FUNDS_CONFIRM = "funds.confirm"
    PAYMENTS_MAKE = "payments.make"
    # What the company's books say that a distributor owes, and the rates that interest is reckoned by.
    ACCOUNTS_WRITE = "accounts.write"
    TEMPLATES_READ = "templates.read"
    # The company's own texts: whoever writes one never releases it.
    TEMPLATES_WRITE = "templates.write"
    TEMPLATES_RELEASE = "templates.release"
    USERS_MANAGE = "users.manage"
    REGIONS_MANAGE = "regions.manage"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    AUDIT_READ = "audit.read"
    # Violations (P5): read from their opening on, or follow from the service of the notice on.
    CASES_READ = "cases.read"
    CASES_FOLLOW = "cases.follow"
    CASES_REPORT = "cases.report"
    CASES_INVESTIGATE = "cases.investigate"
    CASES_DECIDE = "cases.decide"
    CASES_APPEAL = "cases.appeal"
    # Dealer meetings (M1): plan, invite, take answers, open devices at the door.
    MEETINGS_READ = "meetings.read"
    MEETINGS_WRITE = "meetings.write"
    # Let a policy take effect once everybody concerned was told of it (M1).
    POLICIES_RELEASE = "policies.release"


P = Permission
_READ = frozenset(
    {
        P.DISTRIBUTORS_READ,
        P.PRODUCTS_READ,
        P.AGREEMENTS_READ,
        P.PURCHASES_READ,
        P.TEMPLATES_READ,
        P.MEETINGS_READ,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    # Runs the portal and keeps the register; neither writes nor approves what binds the company.
    Role.ADMINISTRATOR: _READ
    | {
        P.DISTRIBUTORS_WRITE,
        P.DISTRIBUTORS_IMPORT,
        P.PURCHASES_WRITE,
        P.PURCHASES_IMPORT,
        P.PRODUCTS_WRITE,
        P.USERS_MANAGE,
        P.REGIONS_MANAGE,
        P.SETTINGS_READ,
        P.SETTINGS_WRITE,
        P.AUDIT_READ,
    },
    Role.EXECUTIVE: _READ
    | {
        P.DISTRIBUTORS_WRITE,
        P.AGREEMENTS_WRITE,
        P.AGREEMENTS_APPROVE,
        P.PAPERS_HANDLE,
        P.PRODUCTS_WRITE,
        P.TEMPLATES_WRITE,
        P.SETTINGS_READ,
        P.AUDIT_READ,
        P.FUNDS_READ,
        P.FUNDS_CONFIRM,
        P.CASES_READ,
        P.CASES_REPORT,
        P.CASES_DECIDE,
        P.CASES_APPEAL,
        P.MEETINGS_WRITE,
        P.POLICIES_RELEASE,
    },
    Role.REGIONAL_MANAGER: _READ
    | {
        P.DISTRIBUTORS_WRITE,
        P.DISTRIBUTORS_IMPORT,
        P.AGREEMENTS_WRITE,
        P.AGREEMENTS_APPROVE,
        P.PAPERS_HANDLE,
        P.FUNDS_READ,
        P.CASES_READ,
        P.CASES_REPORT,
        P.MEETINGS_WRITE,
        P.POLICIES_RELEASE,
    },
    # Reads the funds of its regions: it is whom a distributor calls.
    Role.SALESPERSON: _READ
    | {
        P.DISTRIBUTORS_WRITE,
        P.AGREEMENTS_WRITE,
        P.PAPERS_HANDLE,
        P.FUNDS_READ,
        P.CASES_FOLLOW,
        P.CASES_REPORT,
        P.MEETINGS_WRITE,
    },
    # Keeps seals, as counsel does: neither writes nor approves an agreement, so that asking for a seal, approving
    # the agreement and sealing it lie with different people.
    Role.FINANCE: _READ
    | {
        P.PURCHASES_WRITE,
        P.PURCHASES_IMPORT,
        P.PAPERS_HANDLE,
        P.SEALS_KEEP,
        P.FUNDS_READ,
        P.FUNDS_CLOSE,
        P.FUNDS_CONFIRM,
        P.PAYMENTS_MAKE,
        P.ACCOUNTS_WRITE,
        P.CASES_FOLLOW,
        P.CASES_REPORT,
    },
    # Owns the texts and the approved prices (P8).
    Role.COUNSEL: _READ
    | {
        P.PRICES_APPROVE,
        P.TEMPLATES_WRITE,
        P.TEMPLATES_RELEASE,
        P.SETTINGS_READ,
        P.PAPERS_HANDLE,
        P.SEALS_KEEP,
        P.FUNDS_READ,
        P.CASES_READ,
        P.CASES_REPORT,
        P.CASES_DECIDE,
        P.CASES_APPEAL,
    },
    Role.TRAINER: frozenset({P.DISTRIBUTORS_READ, P.CASES_REPORT, P.MEETINGS_READ, P.MEETINGS_WRITE}),
    # Sees who reported in the cases it was named for, and decides none.
    Role.INVESTIGATOR: _READ | {P.CASES_READ, P.CASES_REPORT, P.CASES_INVESTIGATE},
    # Reads its subtree, writes nothing.
    Role.AUDITOR: _READ | {P.SETTINGS_READ, P.AUDIT_READ, P.FUNDS_READ, P.CASES_READ},
}

# What is one for the whole company is changed only from the head office's node.
COMPANY_WIDE: frozenset[Permission] = frozenset(
    {P.PRODUCTS_WRITE, P.PRICES_APPROVE, P.TEMPLATES_WRITE, P.TEMPLATES_RELEASE, P.SETTINGS_WRITE}
)
