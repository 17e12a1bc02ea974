"""Each store, under the same tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_phone_invites.limits import get_store
from django_phone_invites.limits.store import Store
from django_phone_invites.transactions import run_durably

#: What each store needs: a fixture that puts it into the settings.
STORES = {"database": "db", "redis": "limits_in_redis"}


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, db: None) -> Store:
    request.getfixturevalue(STORES[request.param])
    return get_store()


@pytest.fixture
def count(store: Store) -> Callable[..., None]:
    """Count one event as a service does."""

    def count(rule: Any, now: Any) -> None:
        reading = store.read([rule], now)
        run_durably(reading.take)

    return count
