"""The words for the steps of amendments and notices of termination, in their agreement's history and in the trail."""

from typing import Any

from flask_babel import lazy_gettext as _l

DEED_EVENTS: dict[str, Any] = {
    "amendment_drafted": _l("Amendment drafted"),
    "amendment_edited": _l("Amendment changed"),
    "amendment_submitted": _l("Amendment submitted for approval"),
    "amendment_withdrawn": _l("Submission of the amendment withdrawn"),
    "amendment_sent_back": _l("Amendment sent back"),
    "amendment_reviewed": _l("Amendment reviewed by counsel"),
    "amendment_approved": _l("Amendment approved"),
    "amendment_approval_withdrawn": _l("Approval of the amendment withdrawn"),
    "amendment_sealed_electronically": _l("Electronic seal applied to the amendment"),
    "amendment_printed": _l("Amendment printed"),
    "amendment_signed": _l("Signing of the amendment recorded"),
    "amendment_scan_filed": _l("Scan of the amendment filed"),
    "amendment_voided": _l("Amendment voided"),
    "amendment_lapsed": _l("Amendment lapsed with the agreement's termination"),
    "notice_drafted": _l("Notice of termination drafted"),
    "notice_edited": _l("Notice of termination changed"),
    "notice_submitted": _l("Notice of termination submitted for approval"),
    "notice_withdrawn": _l("Submission of the notice withdrawn"),
    "notice_sent_back": _l("Notice of termination sent back"),
    "notice_approved_first": _l("Notice of termination approved by the first person"),
    "notice_approved": _l("Notice of termination approved"),
    "notice_approval_withdrawn": _l("Approval of the notice withdrawn"),
    "notice_sealed_electronically": _l("Electronic seal applied to the notice"),
    "notice_printed": _l("Notice of termination printed"),
    "notice_served": _l("Service of the notice recorded"),
    "notice_scan_filed": _l("Proof of service filed"),
    "notice_voided": _l("Notice of termination voided"),
    "statement_printed": _l("Fund statement printed"),
}
