"""Every table of every feature, whether or not a page has asked for its model yet."""

import importlib
import pkgutil

import sqlalchemy as sa

from portal import domain
from portal.db import Base

for _module in pkgutil.walk_packages(domain.__path__, "portal.domain."):
    if _module.name.endswith(".models"):
        importlib.import_module(_module.name)


def every_table() -> list[sa.Table]:
    """All tables of the models, each behind those that it points to."""
    return list(Base.metadata.sorted_tables)
