"""Engines that share what SQLAlchemy has worked out: each test has a database and so engines of its own, but their
statements are those of the test before, and to compile them anew would be half of what a short test does."""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.database import engine_for

_known: dict[str, Engine] = {}


def sharing_engine_for(url: str, *, pool_size: int, **more: Any) -> AsyncEngine:
    """As `engine_for`; knows what is known to one that was made with the same settings and has been connected."""
    made = engine_for(url, pool_size=pool_size, **more)
    engine = made.sync_engine
    known = _known.setdefault(repr(more), engine)
    if known.dialect.server_version_info is None:  # what a server can do is asked of it at first
        _known[repr(more)] = engine
    else:
        engine.dialect = known.dialect
        engine._compiled_cache = known._compiled_cache
    return made
