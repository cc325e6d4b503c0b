"""The words of violation cases: where they stand, their papers, and what happened to them (P4, P5)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.domain.price_protection.violations.models import (
    AppealResult,
    CasePaperKind,
    CustodyAction,
    HearingKind,
    State,
    TakingBackGround,
    Withdrawal,
)
from portal.domain.price_protection.violations.reporters import Exclusion, Source

# For portal.web.words: what each code is called, and its colour.
CASE_WORDS = (
    (State.REPORTED, _l("Report, to be taken up")),
    (State.EXAMINED, _l("Report being examined")),
    (State.TURNED_DOWN, _l("No case opened")),
    (State.OPENED, _l("Opened, notice to be served")),
    (State.NOTIFIED, _l("Notice served, to be decided")),
    (State.DECIDED, _l("Decided, may be appealed")),
    (State.DISMISSED, _l("Not proven")),
    (State.WITHDRAWN, lazy_pgettext("case", "Withdrawn")),
    (State.APPEALED, _l("Appealed, to be answered")),
    (State.ANSWERED, _l("Appeal answered, to be served")),
    (State.EFFECTIVE, _l("Decision in effect")),
    (State.OVERTURNED, _l("Decision overturned")),
    (CasePaperKind.NOTICE, _l("Case notice")),
    (CasePaperKind.DECISION, _l("Decision: proven")),
    (CasePaperKind.DISMISSAL, _l("Decision: not proven")),
    (CasePaperKind.WITHDRAWAL, _l("Withdrawal")),
    (CasePaperKind.ANSWER, _l("Answer to the appeal")),
    (HearingKind.INSPECTION, _l("Evidence inspected")),
    (HearingKind.ANSWER, _l("Written answer")),
    (HearingKind.ORAL_ASKED, _l("Oral hearing asked for")),
    (HearingKind.ORAL_HELD, _l("Oral hearing held")),
    (HearingKind.ORAL_MISSED, _l("Did not come to the oral hearing")),
    (Withdrawal.OWN, _l("Withdrawn by the company")),
    (Withdrawal.LAPSED, _l("No decision in time, clause 7.4")),
    (Withdrawal.CLAUSE_STOPPED, _l("Its clause is no longer applied, clause 11.3")),
    (AppealResult.REJECTED, _l("Appeal rejected")),
    (AppealResult.PARTLY, _l("Appeal upheld in part")),
    (AppealResult.UPHELD, _l("Appeal upheld")),
    (AppealResult.LAPSED, _l("No answer in time: appeal upheld, clause 7.5")),
    (TakingBackGround.JUDGMENT, _l("A judgment or an award of arbitration")),
    (TakingBackGround.COUNSEL, _l("Counsel's opinion, clause 11.3")),
    (CustodyAction.WITH_REPORT, _l("Came with the file")),
    (CustodyAction.ADDED, lazy_pgettext("evidence", "Added")),
    (CustodyAction.SEEN, lazy_pgettext("evidence", "Opened")),
    (CustodyAction.PASSED_ON, lazy_pgettext("evidence", "Passed on")),
    (CustodyAction.DESCRIBED, _l("Described in redacted words")),
    (CustodyAction.DISCLOSED, _l("Open to the accused")),
    (Source.DISTRIBUTOR, _l("A distributor")),
    (Source.EMPLOYEE, _l("An employee")),
    (Source.OUTSIDE, _l("Somebody from outside")),
    (Source.PATROL, _l("A price patrol")),
    (Exclusion.ACCUSED, _l("The accused itself")),
    (Exclusion.SAME_CODE, _l("Same credit code as the accused")),
    (Exclusion.SAME_PARENT, _l("Same superior distributor as the accused")),
    (Exclusion.SAME_CONTROL, _l("Controlled by the same party")),
    (Exclusion.PEOPLE_OF_THE_ACCUSED, _l("Officer, employee or close relative of the accused")),
    (Exclusion.TOOK_PART, _l("Took part in the act")),
    (Exclusion.CASE_HANDLER, _l("Handles the case, or a close relative of who does")),
    (Exclusion.PATROL, _l("Patrols are their job")),
    (Exclusion.IMPROPER, _l("Made up evidence, or came by it improperly")),
    (Exclusion.NOBODY, _l("Nobody is known who could be paid")),
)
CASE_TONES = (
    (State.REPORTED, "wait"),
    (State.EXAMINED, "wait"),
    (State.OPENED, "wait"),
    (State.NOTIFIED, "warn"),
    (State.DECIDED, "warn"),
    (State.APPEALED, "warn"),
    (State.ANSWERED, "wait"),
    (State.EFFECTIVE, "bad"),
    (State.OVERTURNED, "ok"),
    (State.DISMISSED, "ok"),
)
CASE_ACTIONS: dict[str, object] = {
    "case.investigators_named": _l("Investigators named"),
    "case.taken_on": _l("Investigation taken on"),
    "case.stepped_aside": _l("Investigator stepped aside"),
    "case.turned_down": _l("No case opened"),
    "case.opened": _l("Case opened"),
    "case.evidence_added": _l("Evidence added"),
    "case.evidence_passed_on": _l("Evidence passed on"),
    "case.evidence_disclosed": _l("Evidence opened to the accused"),
    "case.paper_written": _l("Paper written"),
    "case.paper_sent_back": _l("Paper sent back to its writer"),
    "case.redaction_confirmed": _l("Redaction confirmed"),
    "case.paper_sent": _l("Paper sent by courier"),
    "case.paper_served": _l("Paper served"),
    "case.notice_issued": _l("Case notice issued"),
    "case.notice_served": _l("Case notice served"),
    "case.heard": _l("The accused was heard"),
    "case.extended": _l("Time for the decision extended"),
    "case.withdrawn": _l("Case withdrawn"),
    "case.dismissed": _l("Violation not proven"),
    "case.decided": _l("Violation proven, deduction booked"),
    "case.effective": _l("Decision in effect"),
    "case.appealed": _l("Appeal received"),
    "case.appeal_answered": _l("Appeal answered"),
    "case.overturned": _l("Decision overturned, fund restored"),
    "case.set_aside_proposed": _l("Taking the decision back proposed"),
    "case.set_aside_dropped": _l("Proposal to take the decision back dropped"),
    "case.judgment_seen": _l("Judgment or opinion looked at"),
    "case.reporter_seen": _l("Sealed facts looked at"),
    "case.sealed_facts_changed": _l("Sealed facts changed"),
    "case.payer_named": _l("Payer named"),
    "case.payee_seen": _l("Payee looked at"),
    "case.award_paid": _l("Award paid"),
    "case.award_taken_back": _l("Payment of the award taken back"),
}
_CODES: dict[str, tuple[type[StrEnum], ...]] = {
    "paper": (CasePaperKind,),
    "kind": (HearingKind,),
    "ground": (Withdrawal, TakingBackGround),
    "result": (AppealResult,),
}


def told_of_case(params: Mapping[str, Any]) -> str:
    """What an event of a case says beside its name; its codes in words, its days and quarters as they are."""
    known = {(type(code), code.value): said for code, said in CASE_WORDS}
    parts = [
        str(known[code, params[name]])
        for name, codes in _CODES.items()
        for code in codes
        if (code, params.get(name)) in known
    ]
    parts += ["、".join(params["people"])] if params.get("people") else []
    parts += [str(params[name]) for name in ("quarter", "on", "until", "code", "payer") if params.get(name)]
    if params.get("no"):
        parts.append(_("evidence no. %(no)s", no=params["no"]))
    return _(" · ").join(parts)
