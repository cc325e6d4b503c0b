"""Every code and every name of a file, which rows may refer to before they come."""

from collections.abc import Callable, Iterator
from functools import cached_property

from portal.domain.distributors import facts
from portal.domain.errors import DomainError
from portal.domain.tabular import Broken, Table


class Named:
    """Reads the file once more, and only when a row without code or with a supplier asks."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @cached_property
    def codes(self) -> set[str]:
        """The code keys of all rows."""
        return {facts.code_key(code) for code in self._said("code", facts.code_of)}

    @cached_property
    def names(self) -> set[str]:
        """The names of all rows."""
        return set(self._said("name", facts.BY_NAME["name"].read))

    def _said(self, field: str, read: Callable[[str], str]) -> Iterator[str]:
        for sheet in self.table.sheets:
            for cell in sheet.column(field):
                if isinstance(cell, str) and not isinstance(cell, Broken):
                    try:
                        if said := read(cell):
                            yield said
                    except DomainError:
                        continue  # its row says why
