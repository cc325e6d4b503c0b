"""The close of a quarter in words; on screen 兑付 is said for release (PLACEHOLDERS 4.10)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.domain.money import figures
from portal.domain.papers.registry_statement import BOUGHT, DEDUCTED, RELEASED, RESTORED, RETURNED
from portal.domain.price_protection.closing.models import Finding, ReplyWay, Stage, Verdict, Way
from portal.domain.price_protection.closing.objections import SUMS as NUMBERED
from portal.domain.price_protection.closing.preview import Outcome
from portal.domain.price_protection.closing.register import Standing
from portal.domain.price_protection.receivables.queries import State
from portal.domain.price_protection.receivables.standing import Printing

CLOSING_WORDS = (
    (Stage.PROPOSED, lazy_pgettext("quarter", "Awaiting confirmation")),
    (Stage.CONFIRMED, lazy_pgettext("quarter", "Confirmed, being released")),
    (Stage.DONE, lazy_pgettext("quarter", "Closed")),
    (Stage.WITHDRAWN, lazy_pgettext("quarter", "Withdrawn")),
    (Outcome.RELEASE, lazy_pgettext("quarter", "To be released")),
    (Outcome.NOTHING, lazy_pgettext("quarter", "Nothing to release")),
    (Outcome.HELD, lazy_pgettext("quarter", "Held back by a case")),
    (Outcome.EARLIER, lazy_pgettext("quarter", "An earlier quarter first")),
    (Outcome.RUNNING, lazy_pgettext("quarter", "Not ended yet")),
    (Outcome.CLOSED, lazy_pgettext("quarter", "Closed")),
    (Outcome.WAITING, lazy_pgettext("quarter", "Closed, held back")),
    (Outcome.DUE, lazy_pgettext("quarter", "Closed, case ended: to be released")),
    (Verdict.AGREED, _l("Agreed")),
    (Verdict.OBJECTED, _l("Objected to")),
    (Printing.PRINTED, lazy_pgettext("account", "With it")),
    (Printing.MISSING, lazy_pgettext("account", "Without it")),
    (Printing.UNEQUAL, lazy_pgettext("account", "Without it: its rebates are not the ledger's")),
    (Printing.ELSEWHERE, lazy_pgettext("account", "In the statement of the other agreement")),
    (State.MISSING, lazy_pgettext("account", "Not entered")),
    (State.ENTERED, lazy_pgettext("account", "Entered")),
    (State.GAP, lazy_pgettext("account", "Does not open with the last closing sum")),
    (State.UNEQUAL, lazy_pgettext("account", "Rebates are not the ledger's")),
    (State.STATED, lazy_pgettext("account", "Stated")),
    (Way.COURIER, _l("Courier, accepted")),
    (Way.REFUSED, _l("Courier, refused")),
    (Way.IN_PERSON, _l("Handed over in person")),
    (Way.EMAIL, _l("By e-mail")),
    (ReplyWay.COPY, _l("The sealed copy")),
    (ReplyWay.LETTER, _l("A letter")),
    (ReplyWay.EMAIL, _l("By e-mail")),
    (Finding.RIGHT, _l("The objection is right")),
    (Finding.PARTLY, _l("The objection is right in part")),
    (Finding.WRONG, _l("The objection is not right")),
    (Standing.UNPRINTED, lazy_pgettext("statement", "Not printed")),
    (Standing.TO_SEND, lazy_pgettext("statement", "To be sent")),
    (Standing.SENT, lazy_pgettext("statement", "Sent, not delivered yet")),
    (Standing.DELIVERED, lazy_pgettext("statement", "Delivered, days to object run")),
    (Standing.SILENT, lazy_pgettext("statement", "Not answered in its days: presumed right")),
    (Standing.BACK, lazy_pgettext("statement", "Back, answer to be entered")),
    (Standing.AGREED, lazy_pgettext("statement", "Agreed to")),
    (Standing.OBJECTED, lazy_pgettext("statement", "Objected to, to be answered")),
    (Standing.ANSWERED, lazy_pgettext("statement", "Objected to, answered")),
)
CLOSING_TONES = (
    (Stage.PROPOSED, "wait"),
    (Stage.CONFIRMED, "wait"),
    (Stage.DONE, "ok"),
    (Outcome.RELEASE, "ok"),
    (Outcome.HELD, "warn"),
    (Outcome.EARLIER, "warn"),
    (Outcome.RUNNING, ""),
    (Outcome.WAITING, "warn"),
    (Outcome.DUE, "wait"),
    (Verdict.AGREED, "ok"),
    (Verdict.OBJECTED, "bad"),
    (Standing.UNPRINTED, "warn"),
    (Standing.TO_SEND, "wait"),
    (Standing.SENT, "wait"),
    (Standing.DELIVERED, "wait"),
    (Standing.SILENT, "warn"),
    (Standing.BACK, "wait"),
    (Standing.AGREED, "ok"),
    (Standing.OBJECTED, "bad"),
    (Standing.ANSWERED, "ok"),
    (Printing.PRINTED, "ok"),
    (Printing.UNEQUAL, "warn"),
    (State.ENTERED, "ok"),
    (State.GAP, "warn"),
    (State.UNEQUAL, "warn"),
    (State.STATED, "ok"),
)
# The sums of an account in the order of the paper, each with the sign it is added by.
ACCOUNT_SUMS = (
    ("opening", _l("Receivable at the beginning"), ""),
    ("goods", _l("Goods invoiced"), "+"),
    ("returns", _l("Goods returned"), "−"),
    ("payments", _l("Payments received"), "−"),
    ("rebates", _l("Rebates credited against goods"), "−"),
    ("other", _l("Other items"), "+"),
    ("closing", _l("Receivable at the end"), "="),
    ("due", _l("of which due"), ""),
)
# The sums of a statement as people read them on screen; the paper says 释放 where these say 兑付.
SUMS = (
    ("opening", _l("Fund held at the quarter's beginning")),
    ("accrued", _l("Accrued")),
    ("reversed", _l("Reversed by returns")),
    ("forfeited", _l("Deducted by decisions")),
    ("restored", _l("Restored")),
    ("released", _l("Released during the quarter, of earlier ones")),
    ("closing", _l("Fund held at the quarter's end")),
    ("suspended", _l("of which held back by open cases")),
    ("release", _l("Released of this quarter")),
    ("interest", _l("Interest on it")),
    ("base_paid", _l("Base rebate of the quarter, less returns")),
)
# The same by the numbers that they have on paper.
_NAMES = dict(SUMS)
NUMBERED_SUMS = [(item, _NAMES[name]) for item, name in NUMBERED.items()]
LINE_KINDS = {
    BOUGHT: _l("Purchase"),
    RETURNED: _l("Return of goods"),
    RELEASED: lazy_pgettext("fund", "Release"),
    DEDUCTED: lazy_pgettext("fund", "Deduction"),
    RESTORED: lazy_pgettext("fund", "Restoration"),
}
CLOSING_ACTIONS: dict[str, object] = {
    "quarter.proposed": _l("Close of a quarter proposed"),
    "quarter.confirmed": _l("Close of a quarter confirmed"),
    "quarter.withdrawn": _l("Proposed close withdrawn"),
    "quarter.closed": _l("Quarter closed"),
    "statement.made": _l("Quarter released and stated"),
    "fund.released_late": _l("Fund released after its case ended"),
    "account.entered": _l("Account reconciliation entered"),
    "account.corrected": _l("Account reconciliation corrected after its statement"),
    "statement.delivered": _l("Statement delivered"),
    "statement.delivery_taken_back": _l("Delivery of the statement taken back"),
    "statement.scan_filed": _l("Sealed statement filed"),
    "statement.replied": _l("Answer of the distributor"),
    "statement.objection_answered": _l("Objection answered"),
}
# What a statement's answer came by and what it came to, for the trail.
_CODES = {
    code.value: word for code, word in CLOSING_WORDS if isinstance(code, Way | ReplyWay | Finding | Verdict)
}


def told_of_closing(params: Mapping[str, Any]) -> str:
    """What an event of a close says beside its name: quarter, number, how many agreements, the sum in yuan."""
    parts = [str(params[name]) for name in ("quarter", "number") if params.get(name)]
    if "agreements" in params:
        parts.append(_("%(count)s agreements", count=params["agreements"]))
    if "release_fen" in params:
        parts.append(_("¥%(sum)s released", sum=figures(int(params["release_fen"]))))
    if "closing_fen" in params:
        parts.append(_("closing sum ¥%(sum)s", sum=figures(int(params["closing_fen"]))))
    if params.get("left_out"):
        parts.append(_("%(count)s agreements left out", count=params["left_out"]))
    parts += [
        str(_CODES.get(params[name], params[name])) for name in ("way", "fund", "finding") if params.get(name)
    ]
    if params.get("account"):
        parts.append(_("account: %(verdict)s", verdict=_CODES.get(params["account"], params["account"])))
    parts += [str(params[name]) for name in ("received_on", "answered_on") if params.get(name)]
    if params.get("delivered_on"):
        before, day = params.get("before"), params["delivered_on"]
        parts.append(_("%(before)s → %(after)s", before=before, after=day) if before else str(day))
    if params.get("until"):
        parts.append(_("objections until %(day)s", day=params["until"]))
    if params.get("late"):
        parts.append(_("after its days"))
    parts += [
        str(params[name]) for name in ("note", "objection", "text", "filename", "reason") if params.get(name)
    ]
    return str(_(" · ").join(parts))
