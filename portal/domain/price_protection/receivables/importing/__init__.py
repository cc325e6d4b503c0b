"""Importing the accounts of a quarter from a file: the page, the job and the command share this.

`ACCOUNTS` keeps the lists handed in, an `AccountCourse` says row by row what importing a table does. The same file
again changes nothing. The good rows of a file are taken, the others refused with column and reason.
"""

from portal.domain.price_protection.receivables.importing.columns import SPEC
from portal.domain.price_protection.receivables.importing.course import AccountCourse
from portal.domain.price_protection.receivables.importing.files import ACCOUNTS

__all__ = ["ACCOUNTS", "SPEC", "AccountCourse"]
