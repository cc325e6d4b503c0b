"""Every route × every role × a row of the own or of another region: each cell is a real request.

A route that is not in the table fails the build, and so does a line of the table whose route is gone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import COMPANY_WIDE, ROLE_PERMISSIONS, Role
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.funds.quarters import Calendar
from tests.factories import Factory
from tests.web.access_rows import rows_of_region

OPEN, SIGNED_IN = "open to everyone", "open to whoever is signed in"


@dataclass(frozen=True)
class Line:
    """Who may open a route, and which rows its address names."""

    needs: str | tuple[P, ...]
    # Part of the address → name of a row of the region (tests/web/access_rows.py).
    rows: Mapping[str, str] = field(default_factory=dict)
    # Part of the address → a value that belongs to no region.
    values: Mapping[str, str] = field(default_factory=dict)
    # What only the head office's own people do (COMPANY_WIDE) has rows of no region.
    is_scoped: bool = True


def line(*needs: P, **rows: str) -> Line:
    """A route with rows of a region in its address."""
    return Line(needs, rows)


DR, DW, DI = P.DISTRIBUTORS_READ, P.DISTRIBUTORS_WRITE, P.DISTRIBUTORS_IMPORT
AR, AW, AA = P.AGREEMENTS_READ, P.AGREEMENTS_WRITE, P.AGREEMENTS_APPROVE
# In which the agreements of the rows are in force.
QUARTER = {"name": str(Calendar().of(today()))}
TEXT = {"key": "price-protection.zh", "version": "1.0.0"}


def product(*needs: P, **rows: str) -> Line:
    """A route about a product, which belongs to the whole company."""
    return Line(needs, {"id": "product", **rows}, is_scoped=False)


def own_text(*needs: P) -> Line:
    """A route about a text of the company's own."""
    return Line(needs, {"id": "text_draft"}, is_scoped=False)


def deed(*needs: P, **rows: str) -> Line:
    """A route about an amendment, as one about a notice would be."""
    return Line(needs, {"id": "agreement", "deed_id": "amendment", **rows}, {"what": "amendments"})


def imports(name: str, needs: P, row: str) -> dict[str, Line]:
    """The routes of a list that is imported."""
    of_one = ("preview", "again", "apply", "refused")
    return {
        f"{name}.import_file": line(needs),
        f"{name}.import_template": line(needs),
        **{f"{name}.import_{what}": line(needs, import_id=row) for what in of_one},
    }


READ = (P.CASES_READ, P.CASES_FOLLOW)


def case(*needs: P, **rows: str) -> Line:
    """A route about a violation case whose notice was served."""
    return Line(needs, {"code": "case_code", **rows})


MR, MW = P.MEETINGS_READ, P.MEETINGS_WRITE
TABLE: dict[str, Line] = {
    "meetings.index": line(MR),
    "meetings.detail": line(MR, id="meeting"),
    "meetings.replies": line(MR, id="meeting"),
    "meetings.guests": line(MR, id="meeting"),
    "meetings.signed_sheets": line(MR, id="meeting"),
    "meetings.signed_sheet": line(MR, id="meeting", sheet_id="signed_sheet"),
    "meetings.signed_picture": line(MR, id="meeting", sheet_id="signed_sheet"),
    "meetings.take_down": line(MW, id="meeting", sheet_id="signed_sheet"),
    "meetings.room_wall": line(MR, id="meeting"),
    "meetings.organisers_wall": line(MR, id="meeting"),
    "meetings.new": line(MW),
    "meetings.edit": line(MW, id="meeting"),
    "meetings.repeat": line(MW, id="meeting"),
    "meetings.call_off": line(MW, id="meeting"),
    "meetings.audience": line(MW, id="meeting"),
    "meetings.invite": line(MW, id="meeting"),
    "meetings.reply": line(MW, id="meeting", invitation_id="meeting_invitation"),
    "meetings.mails": line(MW, id="meeting"),
    "meetings.send_mails": line(MW, id="meeting"),
    "meetings.send_mail": line(MW, id="meeting", invitation_id="meeting_invitation"),
    "meetings.tend_mail": Line((MW,), {"id": "meeting", "mail_id": "mail"}, {"deed": "again"}),
    "meetings.reply_sheet": line(MW, id="meeting"),
    "meetings.import_replies": line(MW, id="meeting"),
    "meetings.move_up": line(MW, id="meeting", invitation_id="meeting_invitation"),
    "meetings.withdraw": line(MW, id="meeting", invitation_id="meeting_invitation"),
    "meeting_places.plan": line(MR, id="meeting"),
    "meeting_places.tables": line(MW, id="meeting"),
    "meeting_places.propose": line(MW, id="meeting"),
    "meeting_places.move": line(MW, id="meeting"),
    "meeting_places.lines": line(MW, id="meeting"),
    "meeting_places.desks": line(MW, id="meeting"),
    "meeting_places.own": line(MW, id="meeting"),
    "meeting_places.table_plan": line(MR, id="meeting"),
    "minutes.of_meeting": line(MR, id="meeting"),
    "minutes.edit": line(MW, id="meeting"),
    "minutes.issue": line(MW, id="meeting"),
    "minutes.paper": line(MR, id="meeting"),
    "minutes.tasks": line(MR),
    "minutes.task": line(MR, id="meeting_task"),
    "minutes.deed": Line((MW,), {"id": "meeting_task"}, {"deed": "done"}),
    "minutes.new_task": line(MW, id="meeting"),
    "commendations.of_meeting": line(MR, id="meeting"),
    "commendations.choose": line(P.PURCHASES_READ, id="meeting"),
    "commendations.commend": line(MW, id="meeting"),
    "commendations.take_back": line(MW, id="meeting", commendation_id="commendation"),
    "commendations.sooner": line(MW, id="meeting", commendation_id="commendation"),
    "commendations.certificates": line(MR, id="meeting"),
    "policies.index": line(MR),
    "policies.new": line(MW),
    "policies.detail": line(MR, id="policy"),
    "policies.edit": line(MW, id="policy"),
    "policies.release": line(P.POLICIES_RELEASE, id="policy"),
    "policies.withdraw": line(MW, id="policy"),
    "policies.brief": line(MW, id="policy", distributor_id="distributor"),
    "policies.undo": line(MW, id="policy", distributor_id="distributor"),
    "policies.text_pdf": line(MR, id="policy"),
    "policies.absentees_pdf": line(MR, id="policy"),
    "policies.of_meeting": line(MR, id="meeting"),
    "policies.tie": line(MW, id="meeting"),
    "policies.untie": line(MW, id="meeting", showing_id="policy_showing"),
    "policies.present": line(MW, id="meeting", showing_id="policy_showing"),
    "policies.acknowledge": line(MW, id="meeting", showing_id="policy_showing"),
    "policies.sign_pdf": line(MR, id="meeting", showing_id="policy_showing"),
    "meeting_places.lodging": line(MR, id="meeting"),
    "meeting_places.kinds": line(MW, id="meeting"),
    "meeting_places.lodge": line(MW, id="meeting"),
    "meeting_places.change_rooms": line(MW, id="meeting"),
    "meeting_places.room_list": line(MR, id="meeting"),
    "meeting_places.room_workbook": line(MR, id="meeting"),
    "violations.index": Line(READ),
    "violations.numbers": Line((P.CASES_READ,)),
    "violations.report": Line((P.CASES_REPORT,)),
    "violations.export": Line(READ),
    "violations.detail": case(*READ),
    "violations.investigators": case(P.CASES_INVESTIGATE),
    "violations.take_on": case(P.CASES_INVESTIGATE),
    "violations.step_aside": case(P.CASES_INVESTIGATE),
    "violations.turn_down": case(P.CASES_INVESTIGATE),
    "violations.open_case": case(P.CASES_INVESTIGATE),
    "violations.source": case(P.CASES_INVESTIGATE),
    "violations.source_facts": case(P.CASES_INVESTIGATE),
    "violations.exclusion": case(P.CASES_INVESTIGATE),
    "violations.add_evidence": case(P.CASES_INVESTIGATE),
    "violations.open_evidence": case(P.CASES_INVESTIGATE, no="evidence"),
    "violations.describe": case(P.CASES_INVESTIGATE, no="evidence"),
    "violations.pass_on": case(P.CASES_INVESTIGATE, no="evidence"),
    "violations.disclose": case(P.CASES_INVESTIGATE, no="evidence"),
    "violations.notice": case(P.CASES_INVESTIGATE),
    "violations.withdrawal": case(P.CASES_INVESTIGATE),
    "violations.hear": case(P.CASES_INVESTIGATE),
    "violations.extend": case(P.CASES_INVESTIGATE),
    "violations.decision": case(P.CASES_DECIDE),
    "violations.set_aside": case(P.CASES_DECIDE),
    "violations.confirm_set_aside": case(P.CASES_DECIDE, no="taking_back"),
    "violations.drop_set_aside": case(P.CASES_DECIDE, no="taking_back"),
    "violations.judgment": case(P.CASES_DECIDE, P.CASES_INVESTIGATE, no="taking_back"),
    "violations.appeal": case(P.CASES_APPEAL),
    "violations.answer": case(P.CASES_APPEAL),
    "violations.paper": case(*READ, paper_id="case_paper"),
    "violations.paper_pdf": case(*READ, paper_id="case_paper"),
    "violations.confirm": case(P.CASES_INVESTIGATE, paper_id="case_paper"),
    "violations.send_back": case(P.CASES_INVESTIGATE, paper_id="case_paper"),
    "violations.issue": case(P.CASES_INVESTIGATE, P.CASES_DECIDE, P.CASES_APPEAL, paper_id="case_paper"),
    "violations.send": case(P.CASES_INVESTIGATE, paper_id="case_paper"),
    "violations.serve": case(P.CASES_INVESTIGATE, paper_id="case_paper"),
    "violations.awards": Line((P.PAYMENTS_MAKE,)),
    "violations.name_payer": case(P.CASES_INVESTIGATE),
    "violations.open_award": Line((P.PAYMENTS_MAKE,), {"award_code": "award"}),
    "violations.pay_award": Line((P.PAYMENTS_MAKE,), {"award_code": "award"}),
    "violations.award": Line((P.PAYMENTS_MAKE,), {"award_code": "award"}),
    "violations.take_award_back": Line((P.PAYMENTS_MAKE,), {"award_code": "award"}),
    "meeting_reports.attendance": line(MR, id="meeting"),
    "meeting_reports.export_attendance": line(MR, id="meeting"),
    "meeting_reports.new_cost": line(MW, id="meeting"),
    "meeting_reports.reverse_cost": line(MW, id="meeting", cost_id="meeting_cost"),
    "meeting_reports.dealer": line(MR, id="distributor"),
    "meeting_reports.report_pdf": line(MR, id="meeting"),
    "meeting_reports.correct": line(MW, id="meeting", invitation_id="meeting_invitation"),
    "meeting_reports.take_back": line(
        MW, id="meeting", invitation_id="meeting_invitation", guest_id="meeting_guest"
    ),
    "meeting_reports.year": line(MR),
    "meeting_reports.export_year": line(MR),
    "meeting_papers.sign_in_sheet": line(P.MEETINGS_READ, id="meeting"),
    "meeting_papers.badges_pdf": line(P.MEETINGS_READ, id="meeting"),
    "meeting_papers.table_cards": line(P.MEETINGS_READ, id="meeting"),
    "meeting_papers.agenda": line(P.MEETINGS_READ, id="meeting"),
    "meeting_papers.invitations": line(P.MEETINGS_READ, id="meeting"),
    "meeting_papers.pictures": line(P.MEETINGS_READ, id="meeting"),
    "meeting_papers.picture": line(P.MEETINGS_READ, id="meeting", invitation_id="meeting_invitation"),
    "meeting_papers.invitation": line(P.MEETINGS_READ, id="meeting", invitation_id="meeting_invitation"),
    "system.healthz": Line(OPEN),
    "system.readyz": Line(OPEN),
    "system.keys": Line(SIGNED_IN),
    "auth.login": Line(OPEN),
    "reply.show": Line(OPEN, {"token": "reply_token"}, is_scoped=False),
    "reply.send": Line(OPEN, {"token": "reply_token"}, is_scoped=False),
    "auth.language": Line(OPEN, values={"code": "en"}),
    "auth.account": Line(SIGNED_IN),
    "auth.own_phone": Line(SIGNED_IN),
    "workbench.index": Line(SIGNED_IN),
    "search.index": Line(SIGNED_IN),
    "search.suggestions": Line(SIGNED_IN),
    "scans.index": line(AR),
    "scans.new": line(P.PAPERS_HANDLE),
    "scans.detail": line(AR, id="pile"),
    "scans.add": line(P.PAPERS_HANDLE, pile_id="pile"),
    "scans.read": line(P.PAPERS_HANDLE, pile_id="pile"),
    "scans.file": line(P.PAPERS_HANDLE, pile_id="pile"),
    "scans.picture": line(AR, pile_id="pile", page_id="scan_page"),
    "scans.original": line(AR, pile_id="pile", file_id="scan_file"),
    "scans.page": line(P.PAPERS_HANDLE, pile_id="pile", page_id="scan_page"),
    "scans.place": line(P.PAPERS_HANDLE, pile_id="pile", page_id="scan_page"),
    "scans.remind": line(AR, pile_id="pile"),
    "scans.remind_excel": line(AR, pile_id="pile"),
    "payments.index": line(P.FUNDS_READ),
    "payments.export": line(P.FUNDS_READ),
    "payments.new": line(P.PAYMENTS_MAKE),
    "payments.invoices": line(P.PAYMENTS_MAKE),
    "payments.export_invoices": line(P.PAYMENTS_MAKE),
    "payments.invoices_file": line(P.PAYMENTS_MAKE),
    "payments.payment_list": line(P.FUNDS_READ, id="payout_list"),
    "payments.export_list": line(P.PAYMENTS_MAKE, id="payout_list"),
    "payments.paid": line(P.FUNDS_READ),
    "payments.export_paid": line(P.FUNDS_READ),
    "payments.detail": line(P.FUNDS_READ, id="payout"),
    "payments.note": line(P.PAYMENTS_MAKE, id="payout"),
    "payments.correct": line(P.PAYMENTS_MAKE, id="payout"),
    "payments.repayment": line(P.FUNDS_READ, id="repayment"),
    "payments.correct_repayment": line(P.PAYMENTS_MAKE, id="repayment"),
    "payments.late": line(P.FUNDS_READ),
    "payments.late_interest": line(P.FUNDS_READ, id="payout"),
    "payments.confirm_interest": line(P.PAYMENTS_MAKE, id="payout"),
    "admin.lpr": line(P.SETTINGS_READ, P.ACCOUNTS_WRITE),
    "admin.enter_lpr": line(P.ACCOUNTS_WRITE),
    "payments.owed": line(P.FUNDS_READ),
    "payments.collect": line(P.PAYMENTS_MAKE, id="agreement"),
    "payments.settle": line(P.PAYMENTS_MAKE, id="agreement"),
    "payments.settlement": line(P.FUNDS_READ, id="settlement"),
    "payments.unawarded": line(P.PAYMENTS_MAKE),
    "payments.use": Line((P.PAYMENTS_MAKE,), {"id": "agreement", "code": "case_code"}),
    "payments.book_vouchers": line(P.PAYMENTS_MAKE),
    "payments.voucher_file": line(P.PAYMENTS_MAKE, id="voucher_file"),
    "payments.export_vouchers": line(P.PAYMENTS_MAKE, id="voucher_file"),
    "payments.subjects": line(P.PAYMENTS_MAKE),
    "purchases.index": line(P.PURCHASES_READ),
    "purchases.export": line(P.PURCHASES_READ),
    "purchases.codes": line(P.PURCHASES_READ),
    "purchases.detail": line(P.PURCHASES_READ, id="purchase"),
    "purchases.new": line(P.PURCHASES_WRITE),
    **imports("purchases", P.PURCHASES_IMPORT, "purchase_import"),
    "purchases.give_back": line(P.PURCHASES_WRITE, id="purchase"),
    "verify.index": Line(SIGNED_IN),
    "verify.check": Line(SIGNED_IN),
    # A paper found in the hand must be checkable anywhere; what it tells is tested in test_verify.py.
    "verify.show": Line(SIGNED_IN, {"code": "paper_code"}, is_scoped=False),
    "distributors.index": line(DR),
    "distributors.export": line(DR),
    "distributors.choose": line(DR),
    "distributors.new": line(DW),
    "distributors.read": Line((DW,), values={"field": "uscc"}),
    "distributors.office": line(DW, region_id="region"),
    "distributors.detail": line(DR, id="distributor"),
    "distributors.edit": line(DW, id="distributor"),
    "distributors.downstream": line(DR, id="distributor", node="distributor"),
    "distributors.contact_new": line(DW, id="distributor"),
    "distributors.contact_edit": line(DW, id="distributor", contact_id="contact"),
    "distributors.contact_erase": line(DW, id="distributor", contact_id="contact"),
    "distributors.licence_new": line(DW, id="distributor"),
    "distributors.licence_edit": line(DW, id="distributor", licence_id="licence"),
    "distributors.likeness": line(DW, id="distributor", flag_id="flag"),
    "distributors.document_new": line(DW, id="distributor"),
    "distributors.document": line(DR, id="distributor", document_id="document"),
    "distributors.document_withdraw": line(DW, id="distributor", document_id="document"),
    **imports("distributors", DI, "import"),
    # A task is its owner's; an administrator sees those of the offices in care.
    "jobs.index": Line(SIGNED_IN),
    "jobs.detail": Line(SIGNED_IN, {"job_id": "job"}),
    "jobs.progress": Line(SIGNED_IN, {"job_id": "job"}),
    "jobs.cancel": Line(SIGNED_IN, {"job_id": "job"}),
    "jobs.again": Line(SIGNED_IN, {"job_id": "job"}),
    # A device at the door opens them too, those of its own meeting: tests/web/test_check_in.py.
    "check_in.kiosks_of": line(P.MEETINGS_WRITE, id="meeting"),
    "check_in.link": line(P.MEETINGS_WRITE, id="meeting", kiosk_id="meeting_kiosk"),
    "check_in.end": line(P.MEETINGS_WRITE, id="meeting", kiosk_id="meeting_kiosk"),
    "check_in.open_device": Line(OPEN, values={"opening": "of-no-device"}),
    "check_in.page": line(P.MEETINGS_WRITE, id="meeting"),
    "check_in.arrive": line(P.MEETINGS_WRITE, id="meeting", guest_id="meeting_guest"),
    "check_in.walk_in": line(P.MEETINGS_WRITE, id="meeting"),
    "check_in.substitute": line(P.MEETINGS_WRITE, id="meeting", guest_id="meeting_guest"),
    "check_in.last": line(P.MEETINGS_WRITE, id="meeting"),
    "check_in.left": line(P.MEETINGS_WRITE, id="meeting", guest_id="meeting_guest"),
    "check_in.undo": line(P.MEETINGS_WRITE, id="meeting", guest_id="meeting_guest"),
    "check_in.sightings_of": line(P.MEETINGS_WRITE, id="meeting"),
    "check_in.known": line(P.MEETINGS_WRITE, id="meeting"),
    "check_in.worker": line(P.MEETINGS_WRITE, id="meeting"),
    "check_in.accept": line(P.MEETINGS_WRITE, id="meeting", sighting_id="meeting_sighting"),
    "check_in.same": line(P.MEETINGS_WRITE, id="meeting", sighting_id="meeting_sighting"),
    "check_in.dismiss": line(P.MEETINGS_WRITE, id="meeting", sighting_id="meeting_sighting"),
    "agreements.index": line(AR),
    "agreements.export": line(AR),
    "agreements.new": line(AW),
    "agreements.detail": line(AR, id="agreement"),
    "agreements.contract": line(AR, id="agreement"),
    "agreements.scan": line(AR, id="agreement", scan_id="scan"),
    "agreements.edit": line(AW, id="agreement"),
    "agreements.hand_over": line(AW, id="agreement"),
    "agreements.take_back": line(AW, id="agreement"),
    "agreements.void": line(AW, id="agreement"),
    "agreements.print_original": line(AW, id="agreement"),
    "agreements.print_many": line(AW),
    # A task is its owner's; an administrator sees those of the offices in care.
    "agreements.printed": line(AR, job_id="print_job"),
    "agreements.printed_file": line(AR, job_id="print_job"),
    "agreements.signing": line(AW, id="agreement"),
    "agreements.signing_date": line(AW, id="agreement"),
    "agreements.review": line(AA, id="agreement"),
    "agreements.withdraw_approval": line(AA, id="agreement"),
    "agreements.seal_original": line(AA, id="agreement"),
    "agreements.termination": line(AW, id="agreement"),
    "agreements.renew": line(AW, id="agreement"),
    "agreements.amend": line(AW, id="agreement"),
    "agreements.change_prices": line(AW),
    "agreements.price_change": line(AR, change_id="price_change"),
    "agreements.review_price_change": Line(
        (P.TEMPLATES_RELEASE,), {"change_id": "price_change"}, is_scoped=False
    ),
    "agreements.approve_price_change": line(AA, change_id="price_change"),
    "agreements.edit_amendment": line(AW, id="agreement", deed_id="amendment"),
    "agreements.edit_notice": line(AW, id="agreement", deed_id="notice"),
    "agreements.deed": deed(AR),
    "agreements.deed_paper": deed(AR),
    "agreements.deed_scan": deed(AR, scan_id="deed_scan"),
    "agreements.look_at_deed": deed(AA, P.TEMPLATES_RELEASE),
    "agreements.submit_deed": deed(AW),
    "agreements.take_deed_back": deed(AW),
    "agreements.void_deed": deed(AW),
    "agreements.print_deed": deed(AW),
    "agreements.sign_deed": deed(AW),
    "agreements.decide_deed": deed(AA),
    "agreements.withdraw_deed_approval": deed(AA),
    "agreements.seal_deed": deed(AA),
    # Counsel of the head office reviews what every office amends.
    "agreements.review_deed": Line(
        (P.TEMPLATES_RELEASE,),
        {"id": "agreement", "deed_id": "amendment"},
        {"what": "amendments"},
        is_scoped=False,
    ),
    "batches.index": line(AR),
    "batches.new": line(AW),
    "batches.detail": line(AR, id="batch"),
    "batches.add": line(AW, id="batch"),
    "batches.export": line(AR, id="batch"),
    "batches.drafts": line(AW),
    "batches.drafts_export": line(AW),
    "batches.drafts_answers": line(AW, job_id="drafts_job"),
    "batches.drafts_refused": line(AW, job_id="drafts_job"),
    "batches.drafts_apply": line(AW, job_id="drafts_job"),
    "batches.changes": line(AW, id="batch"),
    "batches.row": line(AR, id="batch", row_id="batch_row"),
    "batches.own": line(AW, id="batch", row_id="batch_row"),
    "batches.check": line(AW, id="batch"),
    "batches.draft": line(AW, id="batch"),
    "batches.hand_over": line(AW, id="batch"),
    "batches.leave_out": line(AW, id="batch"),
    "batches.approval": line(AA, id="batch"),
    "batches.review": line(AA, id="batch", row_id="batch_row"),
    "products.index": line(P.PRODUCTS_READ),
    "products.export": line(P.PRODUCTS_READ),
    "products.detail": product(P.PRODUCTS_READ),
    "products.new": line(P.PRODUCTS_WRITE),
    "products.edit": product(P.PRODUCTS_WRITE),
    "products.discontinue": product(P.PRODUCTS_WRITE),
    "products.resume": product(P.PRODUCTS_WRITE),
    "products.add_approval": product(P.PRICES_APPROVE),
    "products.revoke_approval": product(P.PRICES_APPROVE, approval_id="approval"),
    "templates.index": line(P.TEMPLATES_READ),
    "templates.detail": Line((P.TEMPLATES_READ,), values=TEXT),
    "templates.release": Line((P.TEMPLATES_RELEASE,), values=TEXT),
    "templates.stop": Line((P.TEMPLATES_RELEASE,), values=TEXT),
    "templates.resume": Line((P.TEMPLATES_RELEASE,), values=TEXT),
    "own_texts.index": Line((P.TEMPLATES_WRITE,)),
    "own_texts.new": Line((P.TEMPLATES_WRITE,)),
    "own_texts.edit": own_text(P.TEMPLATES_WRITE),
    "own_texts.review": own_text(P.TEMPLATES_WRITE, P.TEMPLATES_RELEASE, P.AUDIT_READ),
    "own_texts.paper": own_text(P.TEMPLATES_WRITE, P.TEMPLATES_RELEASE, P.AUDIT_READ),
    "own_texts.paper_pdf": own_text(P.TEMPLATES_WRITE, P.TEMPLATES_RELEASE),
    "own_texts.hand_over": own_text(P.TEMPLATES_WRITE),
    "own_texts.take_back": own_text(P.TEMPLATES_WRITE),
    "own_texts.send_back": own_text(P.TEMPLATES_RELEASE),
    "own_texts.discard": own_text(P.TEMPLATES_WRITE),
    "own_texts.publish": own_text(P.TEMPLATES_RELEASE),
    "admin.index": line(P.USERS_MANAGE, P.SETTINGS_READ, P.AUDIT_READ, P.ACCOUNTS_WRITE),
    "admin.users": line(P.USERS_MANAGE),
    "admin.export_users": line(P.USERS_MANAGE),
    "admin.new_user": line(P.USERS_MANAGE),
    "admin.user": line(P.USERS_MANAGE, id="user"),
    "admin.hand_over": line(P.USERS_MANAGE, id="user"),
    "admin.rename_user": line(P.USERS_MANAGE, id="user"),
    "admin.reset_password": line(P.USERS_MANAGE, id="user"),
    "admin.grant": line(P.USERS_MANAGE, id="user"),
    "admin.revoke": line(P.USERS_MANAGE, id="granted", grant_id="grant"),
    "admin.deactivate": line(P.USERS_MANAGE, id="user"),
    "admin.reactivate": line(P.USERS_MANAGE, id="user"),
    "admin.regions": line(P.REGIONS_MANAGE),
    "admin.new_region": line(P.REGIONS_MANAGE),
    "admin.region": line(P.REGIONS_MANAGE, id="region"),
    "admin.settings": line(P.SETTINGS_READ),
    "admin.change_settings": line(P.SETTINGS_WRITE, P.TEMPLATES_RELEASE),
    "admin.audit_trail": line(P.AUDIT_READ),
    "quarters.index": line(P.FUNDS_READ),
    "quarters.show": Line((P.FUNDS_READ,), values={"name": "2025Q4"}),
    "quarters.export": Line((P.FUNDS_READ,), values={"name": "2025Q4"}),
    "quarters.propose": Line((P.FUNDS_CLOSE,), values={"name": "2025Q4"}),
    "accounts.index": line(P.FUNDS_READ),
    **imports("accounts", P.ACCOUNTS_WRITE, "account_import"),
    "quarters.accounts": Line((P.FUNDS_READ,), values=QUARTER),
    "quarters.export_accounts": Line((P.FUNDS_READ,), values=QUARTER),
    "quarters.account": Line((P.FUNDS_READ,), {"id": "distributor"}, QUARTER),
    "quarters.edit_account": Line((P.ACCOUNTS_WRITE,), {"id": "distributor"}, QUARTER),
    "quarters.detail": line(P.FUNDS_READ, id="close"),
    "quarters.finance": line(P.FUNDS_READ, id="close"),
    "quarters.printed": line(P.FUNDS_READ, id="close"),
    "quarters.confirm": line(P.FUNDS_CONFIRM, id="close"),
    "quarters.go_on": line(P.FUNDS_CONFIRM, id="close"),
    "quarters.withdraw": line(P.FUNDS_CLOSE, id="close"),
    "quarters.statement": line(P.FUNDS_READ, id="statement"),
    "quarters.paper": line(P.FUNDS_READ, id="statement"),
    "quarters.release": line(P.FUNDS_CONFIRM, id="statement"),
    "quarters.register": Line((P.FUNDS_READ,), values={"name": "2025Q4"}),
    "quarters.print_statements": Line((P.PAPERS_HANDLE,), values={"name": "2025Q4"}),
    "quarters.printed_again": line(P.FUNDS_READ, job_id="statements_job"),
    "quarters.export_register": Line((P.FUNDS_READ,), values={"name": "2025Q4"}),
    "quarters.delivery": line(P.PAPERS_HANDLE, id="statement"),
    "quarters.reply": line(P.PAPERS_HANDLE, id="statement"),
    "quarters.answer": line(P.FUNDS_CLOSE, id="statement"),
    "quarters.scan": line(P.FUNDS_READ, id="statement", scan_id="statement_scan"),
    "funds.accounts": line(P.FUNDS_READ),
    "funds.index": line(P.FUNDS_READ),
    "funds.export": line(P.FUNDS_READ),
    "funds.office": line(P.FUNDS_READ, id="region"),
    "funds.detail": line(P.FUNDS_READ, id="agreement"),
    "funds.distributor": line(P.FUNDS_READ, id="distributor"),
    "funds.transfers": line(P.FUNDS_READ, id="agreement"),
    "papers.index": line(AR),
    "papers.export": line(AR),
    "papers.out": line(AR),
    "papers.export_out": line(AR),
    "papers.print_out": line(AR),
    "papers.ask": line(AW),
    "papers.applications": line(AR),
    "papers.application": line(AR, id="seal_application"),
    "papers.sheet": line(AR, id="seal_application"),
    "papers.grant": line(P.SEALS_KEEP, id="seal_application"),
    "papers.seal": line(P.SEALS_KEEP, id="seal_application"),
    "papers.refuse": line(P.SEALS_KEEP, id="seal_application"),
    "papers.withdraw": line(AW, id="seal_application"),
    "papers.leave_out": line(P.PAPERS_HANDLE, id="seal_application", row_id="seal_row"),
    "papers.pack": line(P.PAPERS_HANDLE),
    "papers.send": line(P.PAPERS_HANDLE),
    "papers.parcels": line(AR),
    "papers.export_parcels": line(P.PAPERS_HANDLE),
    "papers.numbers": line(P.PAPERS_HANDLE),
    "papers.parcel": line(AR, id="parcel"),
    "papers.change_parcel": line(P.PAPERS_HANDLE, id="parcel"),
    "papers.deliver": line(P.PAPERS_HANDLE, id="parcel"),
    "papers.cancel": line(P.PAPERS_HANDLE, id="parcel"),
    "papers.back": line(P.PAPERS_HANDLE),
    "papers.file": line(P.PAPERS_HANDLE),
    "papers.correct": line(P.PAPERS_HANDLE, id="original"),
    "papers.remind": Line((P.SETTINGS_WRITE,), is_scoped=False),
    "admin.working_days": line(P.SETTINGS_READ),
    "admin.change_working_days": Line((P.SETTINGS_WRITE,), is_scoped=False),
    "admin.take_back_working_day": Line((P.SETTINGS_WRITE,), values={"day": "2030-01-02"}, is_scoped=False),
    "admin.mail_server": line(P.SETTINGS_READ),
    "admin.change_mail_server": line(P.SETTINGS_WRITE),
    "admin.test_mail_server": line(P.SETTINGS_WRITE),
    "admin.numbering": line(P.SETTINGS_READ),
    "admin.change_numbering": Line((P.SETTINGS_WRITE,), is_scoped=False),
    "admin.health": Line((P.SETTINGS_WRITE,), is_scoped=False),
    "admin.export_trail": line(P.AUDIT_READ),
}
# Ends the sign-in that the other cells need; tests/web/test_sign_in.py asks it.
ELSEWHERE = {"static", "stylesheet", "auth.logout"}


@pytest.fixture(autouse=True)
def nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may print is asked here; what is printed, in the tests of each paper."""
    monkeypatch.setattr("portal.printing.pool.render", lambda job: (b"%PDF-1.7 x", 1))


def routes(app: Flask) -> list[tuple[str, str]]:
    return sorted(
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in ELSEWHERE
    )


def test_the_table_names_every_route_and_no_other(app):
    assert {endpoint for endpoint, _method in routes(app)} == set(TABLE)


def has(role: Role, permission: P, *, at_root: bool) -> bool:
    return permission in ROLE_PERMISSIONS[role] and (at_root or permission not in COMPANY_WIDE)


def expected(role: Role, entry: Line, *, own: bool, at_root: bool) -> str:
    """Work out what a cell must answer: without the permission 403, for a row out of one's regions 404."""
    if not isinstance(entry.needs, str) and not any(has(role, need, at_root=at_root) for need in entry.needs):
        return "403"
    return "404" if entry.rows and entry.is_scoped and not own and not at_root else "in"


def address(app: Flask, endpoint: str, rows: Mapping[str, int | str]) -> str:
    entry = TABLE[endpoint]
    values = {part: rows[name] for part, name in entry.rows.items()} | dict(entry.values)
    with app.test_request_context():
        return app.url_for(endpoint, **values)


def outcome(status: int) -> str:
    works = status < 500 and status not in (400, 403, 404)
    return "in" if works else str(status)


def wrong_cells(
    app: Flask,
    client: FlaskClient,
    role: Role,
    rows: Mapping[bool, Mapping[str, int | str]],
    *,
    at_root: bool,
) -> list[str]:
    wrong = []
    for endpoint, method in routes(app):
        entry = TABLE[endpoint]
        for own in (False, True) if entry.rows else (True,):
            got = outcome(client.open(address(app, endpoint, rows[own]), method=method).status_code)
            wanted = expected(role, entry, own=own, at_root=at_root)
            if got != wanted:
                whose = "own" if own else "other"
                wrong.append(f"{method} {endpoint}, row of the {whose} region: {got}, not {wanted}")
    return wrong


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reaches_its_own_region_and_nothing_else(
    role: Role, app: Flask, session: Session, make: Factory, sign_in: Callable[..., FlaskClient]
):
    north, south = make.region("示例北区"), make.region("示例南区")
    user = make.user(role, north)
    rows = {True: rows_of_region(session, make, north, user), False: rows_of_region(session, make, south)}
    wrong = wrong_cells(app, sign_in(user), role, rows, at_root=False)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", [Role.COUNSEL, Role.ADMINISTRATOR, Role.EXECUTIVE])
def test_the_head_office_reaches_every_region(
    role: Role, app: Flask, session: Session, make: Factory, sign_in: Callable[..., FlaskClient]
):
    user = make.user(role, make.head_office())
    rows = {own: rows_of_region(session, make, make.region(), user) for own in (True, False)}
    wrong = wrong_cells(app, sign_in(user), role, rows, at_root=True)
    assert not wrong, "\n".join(wrong)


def test_who_is_not_signed_in_is_asked_to_sign_in_everywhere(
    app: Flask, client: FlaskClient, session: Session, make: Factory
):
    rows = rows_of_region(session, make, make.region())
    for endpoint, method in routes(app):
        if TABLE[endpoint].needs == OPEN:
            continue
        answer = client.open(address(app, endpoint, rows), method=method)
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/login"), (endpoint, method)


def test_an_auditor_changes_nothing_anywhere(
    app: Flask, session: Session, make: Factory, sign_in: Callable[..., FlaskClient]
):
    rows = rows_of_region(session, make, make.region())
    client = sign_in(make.user(Role.AUDITOR, make.head_office()))
    for endpoint, method in routes(app):
        if method == "POST" and not isinstance(TABLE[endpoint].needs, str):
            assert client.open(address(app, endpoint, rows), method=method).status_code == 403, endpoint
