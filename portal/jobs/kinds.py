"""Which function does which kind of job. A new kind is a function and a line here."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.distributors.importing.files import DEALERS
from portal.domain.importing.lists import Lists
from portal.domain.jobs.runs import Run
from portal.domain.price_protection import mailing
from portal.domain.price_protection.batches import services as batches
from portal.domain.price_protection.batches import tasks as batch_tasks
from portal.domain.price_protection.closing import printing, proposing
from portal.domain.price_protection.deeds import deciding, price_making, pricing
from portal.domain.price_protection.purchases import waiting
from portal.domain.price_protection.purchases.importing import PURCHASES
from portal.domain.price_protection.receivables.importing import ACCOUNTS
from portal.domain.price_protection.scans import uploading as scans
from portal.domain.price_protection.sheets import services as sheets
from portal.jobs.batches import approve
from portal.jobs.pricing import approve_amendments
from portal.jobs.quarters import close_quarter, print_statements
from portal.jobs.scans import file_pile, read_pile
from portal.printing.batch import print_agreements

Handler = Callable[[Session, Run], dict[str, Any]]

_LISTS: tuple[Lists[Any, Any], ...] = (DEALERS, PURCHASES, ACCOUNTS)
KINDS: dict[str, Handler] = {
    **{lists.plan_kind: lists.do_plan for lists in _LISTS},
    **{lists.import_kind: lists.do_import for lists in _LISTS},
    waiting.KIND: waiting.accrue_list,
    batches.CHECK: batch_tasks.check_rows,
    batches.DRAFT: batch_tasks.make_drafts,
    batches.SUBMIT: batch_tasks.submit_drafts,
    batches.APPROVE: approve,
    sheets.PLAN: sheets.plan,
    sheets.APPLY: sheets.apply,
    mailing.KIND: print_agreements,
    scans.READ: read_pile,
    scans.FILE: file_pile,
    proposing.KIND: close_quarter,
    printing.KIND: print_statements,
    pricing.KIND: price_making.make_amendments,
    deciding.REVIEW: deciding.review_all,
    deciding.APPROVE: approve_amendments,
}
