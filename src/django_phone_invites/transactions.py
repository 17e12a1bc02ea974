"""Transactions that a refusal cannot undo, and that conflicts do not break."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import (
    DatabaseError,
    connections,
    router,
    transaction,
)

from django_phone_invites.models import LoginCode

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

#: Seconds for which conflicts are tried again. Each round of a race lets at least one through, so a
#: hundred at once are through long before.
PATIENCE = 10.0

# PostgreSQL, appendix A: serialization_failure, deadlock_detected.
_SQLSTATES = {"40001", "40P01"}
# MariaDB: ER_CHECKREAD (a row changed since the snapshot), ER_LOCK_DEADLOCK.
_ERROR_NUMBERS = {1020, 1213}

_READ_COMMITTED = "read committed"


class Conflict(Exception):
    """Another transaction was first; raised by ``work`` to be run again."""


def run_durably(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction of its own and return what it returns, once committed.

    It must be the outermost transaction: inside another one, whoever raises further out would undo
    what was counted here. ``durable`` makes that a ``RuntimeError`` at the first call.

    A conflict with another transaction runs ``work`` again, for ``PATIENCE`` at most. The
    transaction is READ COMMITTED, whatever the connection has: what is changed here is changed on
    a condition, and under a snapshot all but one of those that meet at a row would begin again.

    Raises:
        RuntimeError: there is a transaction around this one.
        OperationalError, Conflict: the database does not answer, or conflicts do not end.
    """
    using = router.db_for_write(LoginCode)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with transaction.atomic(using=using, durable=True):
                _see_what_others_commit(using)
                return work()
        except (DatabaseError, Conflict) as error:
            if not _is_conflict(error) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0, 0.02))  # noqa: S311 - a pause, not a secret


def _see_what_others_commit(using: str) -> None:
    connection = connections[using]
    # psycopg has an enumeration, mysqlclient a string (None: what the server has), SQLite nothing.
    level = getattr(connection, "isolation_level", _READ_COMMITTED)
    name = str(getattr(level, "name", level)).lower().replace("_", " ")
    # Inside a test's transaction it is too late to choose.
    if name != _READ_COMMITTED and not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {_READ_COMMITTED}")


def outside_transactions(view: F) -> F:
    """Keep ``ATOMIC_REQUESTS`` from wrapping ``view``, on every database."""
    for alias in connections:
        transaction.non_atomic_requests(using=alias)(view)
    return view


def _is_conflict(error: DatabaseError | Conflict) -> bool:
    if isinstance(error, Conflict):
        return True
    cause = error.__cause__
    number = cause.args[0] if cause is not None and cause.args else None
    # psycopg calls it sqlstate, psycopg2 pgcode.
    sqlstate = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return sqlstate in _SQLSTATES or number in _ERROR_NUMBERS or "database is locked" in str(error)
