"""Importing purchases: the pages of their lists."""

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.blueprints.purchases import bp
from portal.domain.importing.report import Action
from portal.domain.price_protection.purchases import listing
from portal.domain.price_protection.purchases.importing import PURCHASES
from portal.domain.price_protection.purchases.importing.report import PurchaseReport
from portal.domain.price_protection.purchases.models import PurchaseImport
from portal.extensions import db
from portal.jobs import start
from portal.web.access import actor
from portal.web.import_pages import SHOWN, ImportPages


class PurchasePages(ImportPages[PurchaseImport]):
    """Nothing is chosen for the whole list."""

    lists = PURCHASES
    sheet = _l("Purchases")
    template = _l("Purchase list template")

    def context(self, file: PurchaseImport, report: PurchaseReport | None) -> dict[str, Any]:
        """The lines that were entered, by the code of their row: each opens its purchase and says what became of it."""
        if file.applied_at is None or report is None:
            return {"entered": {}}
        told = [row.code for row in report.rows if row.action in (Action.CREATED, Action.UPDATED)][:SHOWN]
        keys = [(document, int(line)) for document, _dash, line in (code.rpartition("-") for code in told)]
        found = listing.of_lines(db.session(), actor(), keys)
        return {"entered": {f"{document}-{line}": row for (document, line), row in found.items()}}


PurchasePages(start).register(bp)
