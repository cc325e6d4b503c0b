"""What each kind of job is called, and where its result is shown. A new kind is a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.domain.distributors.importing.files import DEALERS
from portal.domain.importing.lists import Lists
from portal.domain.jobs.models import Job, JobState
from portal.domain.price_protection import mailing
from portal.domain.price_protection.batches import services as batches
from portal.domain.price_protection.closing import printing as statements
from portal.domain.price_protection.closing import proposing as closing
from portal.domain.price_protection.deeds import deciding, pricing
from portal.domain.price_protection.purchases import waiting
from portal.domain.price_protection.purchases.importing import PURCHASES
from portal.domain.price_protection.receivables.importing import ACCOUNTS
from portal.domain.price_protection.scans import uploading as scans
from portal.domain.price_protection.sheets import services as sheets

ANOTHER = _l("Upload another file")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its title, where its result is, where one starts again, what the result says in a line.

    `another` says what one starts again with.
    """

    title: Any
    result: Callable[[Job], str]
    again: Callable[[Job], str]
    says: Callable[[Job], str] = lambda _job: ""
    another: Any = ANOTHER


def _batch(job: Job) -> str:
    return url_for("batches.detail", id=job.params["batch_id"])


def _approved_batch(job: Job) -> str:
    return url_for("batches.approval", id=job.params["batch_id"])


def _rows_done(job: Job) -> str:
    done, refused = job.result.get("done", 0), job.result.get("refused", 0)
    said = _with_seals(job, ngettext("%(num)s row done", "%(num)s rows done", done))
    if not refused:
        return said
    left = ngettext("%(num)s row needs something", "%(num)s rows need something", refused)
    return _("%(done)s, %(refused)s", done=said, refused=left)


def _with_seals(job: Job, said: str) -> str:
    """What a job came to, with the originals that it left without the electronic seal they should carry."""
    unsealed = job.result.get("unsealed", 0)
    if not unsealed:
        return said
    lacks = ngettext(
        "%(num)s original without electronic seal: its history says why",
        "%(num)s originals without electronic seal: their histories say why",
        unsealed,
    )
    return _("%(done)s, %(refused)s", done=said, refused=lacks)


def _table(job: Job) -> str:
    return url_for("batches.drafts_answers", job_id=job.id)


def _tables(_job: Job) -> str:
    return url_for("batches.drafts")


def _drafts_changed(job: Job) -> str:
    count = job.result.get("changed", 0)
    return ngettext("%(num)s draft was changed.", "%(num)s drafts were changed.", count)


def _of_list(
    lists: Lists[Any, Any], reading: Any, importing: Any, says: Callable[[Job], str]
) -> dict[str, Kind]:
    """The two kinds of jobs of a list that is handed in."""

    def preview(job: Job) -> str:
        return url_for(f"{lists.name}.import_preview", import_id=job.params["import_id"])

    def another(_job: Job) -> str:
        return url_for(f"{lists.name}.import_file")

    return {
        lists.plan_kind: Kind(reading, preview, another),
        lists.import_kind: Kind(importing, preview, another, says),
    }


def _written(job: Job) -> str:
    count = job.result.get("created", 0) + job.result.get("updated", 0)
    return ngettext("%(num)s record was written.", "%(num)s records were written.", count)


def _entered(job: Job) -> str:
    return ngettext(
        "%(num)s line has been entered.", "%(num)s lines have been entered.", job.result.get("created", 0)
    )


def _accounts_kept(job: Job) -> str:
    count = job.result.get("created", 0) + job.result.get("updated", 0)
    return ngettext("%(num)s account was kept.", "%(num)s accounts were kept.", count)


def _bought(job: Job) -> str:
    return url_for("purchases.index", distributor=job.params["distributor_id"])


def _all_bought(_job: Job) -> str:
    return url_for("purchases.index")


def _accrued(job: Job) -> str:
    said = ngettext("%(num)s line has accrued.", "%(num)s lines have accrued.", job.result.get("accrued", 0))
    refused = job.result.get("refused", 0)
    if not refused:
        return said
    left = ngettext(
        "%(num)s line could not be booked: its history says why",
        "%(num)s lines could not be booked: their histories say why",
        refused,
    )
    return f"{said} {left}"


def _originals(job: Job) -> str:
    return url_for("agreements.printed", job_id=job.id)


def _agreements(_job: Job) -> str:
    return url_for("agreements.index")


def _printed(job: Job) -> str:
    return ngettext(
        "%(num)s original was printed.", "%(num)s originals were printed.", job.result.get("printed", 0)
    )


def _pile(job: Job) -> str:
    return url_for("scans.detail", id=job.params["pile_id"])


def _pages_read(job: Job) -> str:
    return ngettext("%(num)s page was read.", "%(num)s pages were read.", job.result.get("pages", 0))


def _filed(job: Job) -> str:
    return ngettext("%(num)s paper was filed.", "%(num)s papers were filed.", job.result.get("filed", 0))


def _price_change(job: Job) -> str:
    return url_for("agreements.price_change", change_id=job.params["change_id"])


def _amended(job: Job) -> str:
    return ngettext("%(num)s amendment", "%(num)s amendments", job.result.get("made", 0))


def _decided(job: Job) -> str:
    refused, said = job.result.get("refused", 0), _with_seals(job, _amended(job))
    if not refused:
        return said
    left = ngettext(
        "%(num)s was left out: the list says why", "%(num)s were left out: the list says why", refused
    )
    return _("%(done)s, %(refused)s", done=said, refused=left)


def _quarter(job: Job) -> str:
    return url_for("quarters.detail", id=job.params["proposal_id"])


def _closed(job: Job) -> str:
    said = _(
        "%(stated)s agreements closed, %(printed)s statements printed",
        stated=job.result.get("stated", 0),
        printed=job.result.get("printed", 0),
    )
    left = len(job.result.get("left", ()))
    return (
        _("%(done)s, %(refused)s", done=said, refused=_("%(count)s left out", count=left)) if left else said
    )


def _statements(job: Job) -> str:
    return url_for("quarters.printed_again", job_id=job.id)


def _register(job: Job) -> str:
    return url_for("quarters.register", name=job.params["quarter"])


def _stated(job: Job) -> str:
    return ngettext(
        "%(num)s statement was printed.", "%(num)s statements were printed.", job.result.get("printed", 0)
    )


_TO_BATCH = _l("To the batch")
KINDS = {
    batches.CHECK: Kind(_l("Checking a batch"), _batch, _batch, _rows_done, _TO_BATCH),
    batches.DRAFT: Kind(_l("Making the drafts of a batch"), _batch, _batch, _rows_done, _TO_BATCH),
    batches.SUBMIT: Kind(_l("Submitting a batch"), _batch, _batch, _rows_done, _TO_BATCH),
    batches.APPROVE: Kind(_l("Approving a list"), _approved_batch, _approved_batch, _rows_done, _TO_BATCH),
    sheets.PLAN: Kind(_l("Reading a table of drafts"), _table, _tables),
    sheets.APPLY: Kind(_l("Changing drafts by a table"), _table, _tables, _drafts_changed),
    **_of_list(DEALERS, _l("Reading a dealer list"), _l("Importing a dealer list"), _written),
    **_of_list(PURCHASES, _l("Reading a list of purchases"), _l("Importing purchases"), _entered),
    **_of_list(
        ACCOUNTS, _l("Reading a list of accounts"), _l("Importing account reconciliations"), _accounts_kept
    ),
    waiting.KIND: Kind(
        _l("Accruing what was bought before the signing"),
        _bought,
        _all_bought,
        _accrued,
        _l("To the purchases"),
    ),
    mailing.KIND: Kind(
        _l("Printing originals"), _originals, _agreements, _printed, _l("Choose agreements to print")
    ),
    scans.READ: Kind(_l("Reading scans"), _pile, _pile, _pages_read, _l("To the pile")),
    pricing.KIND: Kind(
        _l("Changing prices in many agreements"), _price_change, _price_change, _amended, _l("To the change")
    ),
    deciding.REVIEW: Kind(
        _l("Recording counsel's review"), _price_change, _price_change, _decided, _l("To the change")
    ),
    deciding.APPROVE: Kind(
        _l("Approving amendments"), _price_change, _price_change, _decided, _l("To the change")
    ),
    closing.KIND: Kind(
        _l("Closing a quarter"), _quarter, _quarter, _closed, _l("To the close of the quarter")
    ),
    statements.KIND: Kind(
        _l("Printing statements"), _statements, _register, _stated, _l("To the statements")
    ),
    scans.FILE: Kind(_l("Filing scans"), _pile, _pile, _filed, _l("To the pile")),
}


def result_of(job: Job) -> str:
    """The address of what came of a job; "" where there is nothing to see."""
    has_result = job.state is JobState.DONE or (job.state is JobState.CANCELLED and bool(job.result))
    return KINDS[job.kind].result(job) if has_result else ""
