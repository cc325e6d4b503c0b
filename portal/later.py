"""Libraries that only some processes need, loaded where they are first used: most workers never pay for them."""

from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:
        # The import system locks: two threads that come at once both get the whole module.
        return getattr(import_module(self.__name__), name)


def later(name: str) -> Any:
    """The module of this name; it is imported when something of it is asked for."""
    return _Later(name)
