"""Importing purchases: the pages of their lists."""

from flask_babel import lazy_gettext as _l

from portal.blueprints.purchases import bp
from portal.domain.price_protection.purchases.importing import PURCHASES
from portal.domain.price_protection.purchases.models import PurchaseImport
from portal.jobs import start
from portal.web.import_pages import ImportPages


class PurchasePages(ImportPages[PurchaseImport]):
    """Nothing is chosen for the whole list."""

    lists = PURCHASES
    sheet = _l("Purchases")
    template = _l("Purchase list template")


PurchasePages(start).register(bp)
