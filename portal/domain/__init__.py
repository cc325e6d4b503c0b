"""The rules of the portal: no Flask, no forms."""

import importlib
import pkgutil


def load_models() -> None:
    """Make every table known, whether or not a page has asked for its model yet."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
