"""One thing that waits for somebody: what the workbench lists, whichever feature it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from portal.db import today


@dataclass(frozen=True)
class Todo:
    """A line of the workbench; `kind`, `title`, `sub` and `verb` are msgids, put into words with `params`."""

    kind: str
    title: str
    verb: str
    endpoint: str
    args: Mapping[str, Any] = field(default_factory=dict)
    sub: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    # The day by which it should be done, None when nothing presses; Asia/Shanghai.
    due_on: date | None = None
    amount_fen: int | None = None
    # Groups the tabs above the list: "approval", "draft", "signature", "trail", "expiry", "purchases",
    # "register", "meetings", "setup".
    group: str = ""

    @property
    def is_overdue(self) -> bool:
        """Whether its day has passed (Asia/Shanghai)."""
        return self.due_on is not None and self.due_on < today()
