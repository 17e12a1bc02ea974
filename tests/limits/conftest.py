"""Each store, under the same tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_phone_invites.limits import get_store
from django_phone_invites.limits.store import Store
from django_phone_invites.transactions import run_durably

STORES: dict[str, dict[str, Any]] = {
    "database": {"BACKEND": "django_phone_invites.limits.database.DatabaseStore"},
}


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, settings: Any, db: None) -> Store:
    settings.PHONE_INVITES_LIMIT_STORE = STORES[request.param]
    return get_store()


@pytest.fixture
def count(store: Store) -> Callable[..., None]:
    """Count one event as a service does."""

    def count(rule: Any, now: Any) -> None:
        reading = store.read([rule], now)
        run_durably(reading.take)

    return count
