"""渠道管理系统: the distributor portal."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(*, pages: bool = True, **overrides: Any) -> "Flask":
    """The application: configuration from the environment, then extensions, blueprints (`pages`) and commands.

    It is loaded here and now: the processes that print, read scans and look into files need the modules of their
    own under `portal` and are half as large without it.
    """
    app: Flask = import_module("portal.application").create_app(pages=pages, **overrides)
    return app
