"""Importing purchases and returns from a file (P2): the page, the job and the command share this.

`PURCHASES` keeps the lists handed in, a `PurchaseCourse` says row by row what importing a table does. Importing the
same file again changes nothing: a document and its line are entered once. The good rows of a file are taken, the
others refused with column and reason.
"""

from portal.domain.price_protection.purchases.importing.columns import SPEC
from portal.domain.price_protection.purchases.importing.course import PurchaseCourse
from portal.domain.price_protection.purchases.importing.files import PURCHASES

__all__ = ["PURCHASES", "SPEC", "PurchaseCourse"]
