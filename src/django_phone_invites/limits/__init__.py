"""Exact limits: how much of what is allowed to whom, and counters that all processes share.

``rules`` is the arithmetic, ``policy`` says what is limited, a store keeps the counters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.module_loading import import_string

from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import RateLimited
from django_phone_invites.limits.rules import Counted, Limit
from django_phone_invites.limits.store import Reading, Store
from django_phone_invites.transactions import run_durably

__all__ = ["Reading", "Store", "forget", "get_store", "read", "take"]


def get_store() -> Store:
    """Return the store that ``PHONE_INVITES_LIMIT_STORE`` names.

    Raises:
        ImportError, TypeError: the setting is wrong; ``manage.py check`` says so.
    """
    declared = app_settings.limit_store
    options: dict[str, Any] = declared.get("OPTIONS", {})
    store: Store = import_string(declared["BACKEND"])(**options)
    return store


def read(counted: Sequence[Counted], now: dt.datetime) -> Reading:
    """Return the counters of ``counted`` as they are now."""
    return get_store().read(counted, now)


def forget(counted: Sequence[Counted]) -> None:
    """Remove the counters of ``counted``. Call it inside ``run_durably``."""
    get_store().forget(counted)


def take(limit: Limit, now: dt.datetime) -> bool:
    """Count one event in a transaction of its own; return False where the limit is reached.

    For what is done once in a while over all processes: the first that comes does it.
    """
    try:
        run_durably(read([limit], now).take)
    except RateLimited:
        return False
    return True
