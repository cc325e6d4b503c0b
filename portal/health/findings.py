"""What a check says: how it stands, in words, and what to do next."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    WARNING = "warning"  # it works; something will go wrong, or is weaker than it should be
    FAILED = "failed"  # something does not work


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `text` and `todo` are msgids, translated at the edge with their params."""

    state: State
    text: str
    todo: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


def ok(text: str, **params: Any) -> Finding:
    """It is as it should be."""
    return Finding(State.OK, text, "", params)


def warning(text: str, todo: str, **params: Any) -> Finding:
    """It works, yet somebody should do this."""
    return Finding(State.WARNING, text, todo, params)


def failed(text: str, todo: str, **params: Any) -> Finding:
    """It does not work until somebody does this."""
    return Finding(State.FAILED, text, todo, params)


@dataclass(frozen=True)
class Place:
    """Where the portal stands: its settings, its folder and its database, as the checks look at them."""

    config: Mapping[str, Any]
    engine: Engine
    migrations: Path
    static: Path
    # Reads every page of a SQLite file, which takes seconds: for the command, not for a page.
    is_thorough: bool = False

    @property
    def instance(self) -> Path:
        """The folder of database, keys and queue."""
        return Path(self.config["INSTANCE"])

    @property
    def database_file(self) -> Path | None:
        """The file of a SQLite database."""
        name = self.engine.url.database
        return Path(name) if self.engine.dialect.name == "sqlite" and name and name != ":memory:" else None


@dataclass(frozen=True)
class Check:
    """One check: `title` is a msgid; `look` yields at least one finding and changes nothing."""

    name: str
    title: str
    look: Callable[[Place], Iterator[Finding]]
