"""How each database is told its isolation level."""

from __future__ import annotations

from typing import Any


def options(engine: str, level: str) -> dict[str, Any]:
    """Return the ``OPTIONS`` for ``level`` ("read committed" or "repeatable read")."""
    if engine.endswith("postgresql"):
        from psycopg import IsolationLevel

        return {"isolation_level": IsolationLevel[level.upper().replace(" ", "_")]}
    return {"isolation_level": level}
