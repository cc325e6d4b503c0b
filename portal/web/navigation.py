"""The rail: only what exists and what this user may open."""

from dataclasses import dataclass

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _l

from portal.domain.access.roles import Permission as P
from portal.domain.users.models import User
from portal.web.access import viewer
from portal.web.i18n import language


@dataclass(frozen=True)
class Entry:
    """One link of the rail; `needs` is any of these permissions, none for everybody."""

    title: object
    endpoint: str
    needs: tuple[P, ...] = ()


RAIL: tuple[tuple[object, tuple[Entry, ...]], ...] = (
    (
        _l("Workbench"),
        (Entry(_l("Waiting for me"), "workbench.index"), Entry(_l("My tasks"), "jobs.index")),
    ),
    (
        _l("Distributors"),
        (
            Entry(_l("Register of distributors"), "distributors.index", (P.DISTRIBUTORS_READ,)),
            Entry(_l("Import a dealer list"), "distributors.import_file", (P.DISTRIBUTORS_IMPORT,)),
        ),
    ),
    (
        _l("Agreements"),
        (
            Entry(_l("Price-protection agreements"), "agreements.index", (P.AGREEMENTS_READ,)),
            Entry(_l("Renewals in batches"), "batches.index", (P.AGREEMENTS_READ,)),
            Entry(_l("Signed papers by the pile"), "scans.index", (P.AGREEMENTS_READ,)),
            Entry(_l("Products and prices"), "products.index", (P.PRODUCTS_READ,)),
            Entry(_l("Templates"), "templates.index", (P.TEMPLATES_READ,)),
            Entry(_l("Own texts"), "own_texts.index", (P.TEMPLATES_WRITE,)),
            Entry(_l("Check a document"), "verify.index"),
        ),
    ),
    (
        _l("Originals"),
        (
            Entry(_l("Seal, post and cabinet"), "papers.index", (P.AGREEMENTS_READ,)),
            Entry(_l("Seal applications"), "papers.applications", (P.AGREEMENTS_READ,)),
            Entry(_l("Parcels"), "papers.parcels", (P.AGREEMENTS_READ,)),
            Entry(_l("Not back yet"), "papers.out", (P.AGREEMENTS_READ,)),
        ),
    ),
    (
        _l("Protection fund"),
        (
            Entry(_l("Funds by agreement"), "funds.index", (P.FUNDS_READ,)),
            Entry(_l("Purchases"), "purchases.index", (P.PURCHASES_READ,)),
            Entry(_l("Import purchases"), "purchases.import_file", (P.PURCHASES_IMPORT,)),
            Entry(_l("Trace a code"), "purchases.codes", (P.PURCHASES_READ,)),
            Entry(_l("Quarter close"), "quarters.index", (P.FUNDS_READ,)),
            Entry(_l("Payments"), "payments.index", (P.FUNDS_READ,)),
            Entry(_l("Violation cases"), "violations.index", (P.CASES_READ, P.CASES_FOLLOW)),
            Entry(_l("Report a violation"), "violations.report", (P.CASES_REPORT,)),
            Entry(_l("Awards"), "violations.awards", (P.PAYMENTS_MAKE,)),
            Entry(_l("Accounts and their check"), "funds.accounts", (P.FUNDS_READ,)),
        ),
    ),
    (
        _l("Meetings"),
        (
            Entry(_l("Dealer meetings"), "meetings.index", (P.MEETINGS_READ,)),
            Entry(_l("Policies"), "policies.index", (P.MEETINGS_READ,)),
            Entry(_l("Attendance over the year"), "meeting_reports.year", (P.MEETINGS_READ,)),
            Entry(_l("Tasks from meetings"), "minutes.tasks", (P.MEETINGS_READ,)),
        ),
    ),
    (
        _l("Administration"),
        (
            Entry(_l("Users"), "admin.users", (P.USERS_MANAGE,)),
            Entry(_l("Regions"), "admin.regions", (P.REGIONS_MANAGE,)),
            Entry(_l("Company and defaults"), "admin.settings", (P.SETTINGS_READ,)),
            Entry(_l("Numbering"), "admin.numbering", (P.SETTINGS_READ,)),
            Entry(_l("One-year LPR"), "admin.lpr", (P.SETTINGS_READ, P.ACCOUNTS_WRITE)),
            Entry(_l("Working days"), "admin.working_days", (P.SETTINGS_READ,)),
            Entry(_l("E-mail and guests outside"), "admin.mail_server", (P.SETTINGS_READ,)),
            Entry(_l("Audit trail"), "admin.audit_trail", (P.AUDIT_READ,)),
            Entry(_l("System check"), "admin.health", (P.SETTINGS_WRITE,)),
        ),
    ),
)


# Pages whose link is another one than the first of their blueprint.
_BELOW = {
    "policies.of_meeting": "meetings.index",
    "policies.acknowledge": "meetings.index",
    "minutes.of_meeting": "meetings.index",
    "minutes.edit": "meetings.index",
    "minutes.new_task": "meetings.index",
    "minutes.task": "minutes.tasks",
    "commendations.of_meeting": "meetings.index",
    "commendations.choose": "meetings.index",
    "admin.enter_lpr": "admin.lpr",
    "meeting_reports.attendance": "meetings.index",
    "meeting_reports.new_cost": "meetings.index",
    "meeting_reports.correct": "meetings.index",
    "meeting_reports.dealer": "meeting_reports.year",
    "admin.change_mail_server": "admin.mail_server",
    "admin.test_mail_server": "admin.mail_server",
    "admin.new_user": "admin.users",
    "admin.user": "admin.users",
    "admin.new_region": "admin.regions",
    "admin.region": "admin.regions",
    "violations.award": "violations.awards",
    "violations.open_award": "violations.awards",
    "violations.pay_award": "violations.awards",
    "violations.take_award_back": "violations.awards",
}
_LINKED = frozenset(entry.endpoint for _title, entries in RAIL for entry in entries)
_MOST_KEPT = 256
Links = list[tuple[str, list[tuple[str, str, str]]]]


def navigation() -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Groups of (title, address, is here) for the signed-in user; groups without a link are left out."""
    user = viewer()
    if user is None:
        return []
    # Some twenty addresses and their words: put together once for each language and set of roles.
    known = current_app.extensions.setdefault("portal.rail", {})
    roles = frozenset(grant.role for grant in user.grants)
    key = (language(), request.script_root, roles)
    if key not in known:
        if len(known) >= _MOST_KEPT:
            known.clear()
        known[key] = _links(user)
    here = (request.endpoint or "").split(".")
    return [
        (title, [(text, address, _is_here(endpoint, here)) for text, address, endpoint in links])
        for title, links in known[key]
    ]


def _links(user: User) -> Links:
    groups = []
    for title, entries in RAIL:
        links = [
            (str(entry.title), url_for(entry.endpoint), entry.endpoint)
            for entry in entries
            if entry.endpoint in current_app.view_functions
            and (not entry.needs or any(user.can(permission) for permission in entry.needs))
        ]
        if links:
            groups.append((str(title), links))
    return groups


def _is_here(endpoint: str, here: list[str]) -> bool:
    """Whether the page belongs to this link: the same endpoint, or one of its blueprint without a link of its own."""
    whole = ".".join(here)
    whole = _BELOW.get(whole, whole)
    if whole == endpoint:
        return True
    return whole not in _LINKED and endpoint.endswith(".index") and endpoint.split(".")[0] == here[0]
