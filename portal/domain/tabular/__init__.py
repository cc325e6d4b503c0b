"""Office files as tables of rows: CSV in the encodings offices have, Excel (.xlsx, .xls) and
OpenDocument.

`read_table` finds the head, matches its columns to the fields of a `Spec` and gives the rows with the
numbers that a spreadsheet shows. Pure: no database; what cannot be read is refused with a DomainError whose
field is "file".
"""

from portal.domain.tabular.cells import Broken, Cell
from portal.domain.tabular.columns import Clash, Column, Match, Spec, distinct, heading_key, match_columns
from portal.domain.tabular.grids import Grid
from portal.domain.tabular.tables import Ignored, Row, Skip, Table, TableSheet, read_table

__all__ = [
    "Broken",
    "Cell",
    "Clash",
    "Column",
    "Grid",
    "Ignored",
    "Match",
    "Row",
    "Skip",
    "Spec",
    "Table",
    "TableSheet",
    "distinct",
    "heading_key",
    "match_columns",
    "read_table",
]
