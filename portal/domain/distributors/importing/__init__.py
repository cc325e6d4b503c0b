"""Importing a dealer list into the register (D1): the page, the job and the command share this.

`DEALERS` (files) keeps the lists handed in, a `DealerCourse` says row by row what importing a table does.
Importing the same file again changes nothing. The good rows of a file are taken, the others refused with
column and reason; what a file leaves open never blanks what is known.
"""

from portal.domain.distributors.importing.columns import SPEC, word_of
from portal.domain.distributors.importing.course import DealerCourse
from portal.domain.distributors.importing.report import Assumed, DealerReport, StandIn
from portal.domain.distributors.importing.rows import Defaults

__all__ = [
    "SPEC",
    "Assumed",
    "DealerCourse",
    "DealerReport",
    "Defaults",
    "StandIn",
    "word_of",
]
