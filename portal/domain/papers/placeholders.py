"""A placeholder: what it is called, where its value comes from, and what values it takes."""

from dataclasses import dataclass
from enum import StrEnum

from portal.domain.errors import DomainError
from portal.domain.i18n import Msgid
from portal.domain.papers.values import Kind, Raw


class Source(StrEnum):
    """Where the value of a placeholder comes from."""

    FRONT = "front"  # the front matter of the template
    NUMBER = "number"  # the record's own number, given by the portal
    AGREEMENT = "agreement"  # the record itself, asked for while it is written
    AGREEMENT_DEFAULT = "agreement_default"  # the record itself, with a default from the settings
    COMPANY = "company"  # the contracting company's particulars
    DISTRIBUTOR = "distributor"
    SETTINGS = "settings"
    LEDGER = "ledger"  # what the books say
    ROW = "row"  # an item of a list
    COMPUTED = "computed"  # follows from other values and is never stored


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One entry of the registry.

    `zh` is its label on paper, `label` the msgid of its label on screen; `papers` the letters of the
    papers it stands in; `example` a stored value, the shipped default where the settings have one. An
    optional one prints `empty` or the value of `empty_from` instead.
    """

    name: str
    zh: str
    label: str
    papers: str
    source: Source
    kind: Kind
    example: Raw
    empty: str | None = None
    empty_from: str | None = None

    @property
    def is_required(self) -> bool:
        """Say whether printing is refused while it is empty."""
        return self.empty is None and self.empty_from is None

    @property
    def row_list(self) -> str | None:
        """Name the list it belongs to; None when it stands by itself."""
        return self.name.split(".")[0] if "." in self.name else None

    @property
    def is_input(self) -> bool:
        """Say whether somebody gives it: it neither follows from other values nor comes from the template."""
        return self.source not in (Source.COMPUTED, Source.FRONT, Source.NUMBER)

    @property
    def key(self) -> str:
        """Name it within its row."""
        return self.name.split(".")[-1]

    def validate(self, raw: object) -> Raw:
        """Give the value to store for what was typed (a string) or is stored; DomainError names the field."""
        try:
            return self.kind.accept(raw, Msgid(self.label))
        except DomainError as error:
            raise DomainError(error.msgid, field=self.name, **error.params) from error
