"""Every code and every name of a file, which rows may refer to before they come."""

from functools import cached_property

from portal.domain.distributors.importing.drafts import drafts_of
from portal.domain.tabular import Table


class Named:
    """Reads the file once more, and only when a row without code or with a supplier asks."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @cached_property
    def codes(self) -> set[str]:
        """The code keys of all rows."""
        return {
            draft.code_key
            for sheet in self.table.sheets
            if "code" in sheet.match.fields
            for _, draft in drafts_of(sheet, only=("code",))
            if draft is not None and draft.code
        }

    @cached_property
    def names(self) -> set[str]:
        """The names of all rows."""
        return {
            draft.name
            for sheet in self.table.sheets
            if "name" in sheet.match.fields
            for _, draft in drafts_of(sheet, only=("name",))
            if draft is not None and draft.name
        }
