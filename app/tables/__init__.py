"""The database tables, one module for each subject."""

import importlib
import pkgutil

from sqlalchemy import MetaData


def all_tables() -> MetaData:
    """The metadata of all tables, whichever modules have been imported so far."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    columns = importlib.import_module(f"{__name__}.columns")
    found: MetaData = columns.metadata
    return found
