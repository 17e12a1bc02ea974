"""Users of a site that has verified some phones itself."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model

#: Run by test_real_packages.py, with settings of their own.
collect_ignore = [] if "packages" in settings.ROOT_URLCONF else ["packages"]

DAY = dt.datetime(2026, 1, 31, 12, tzinfo=dt.timezone.utc)


@pytest.fixture
def make_user() -> Callable[..., Any]:
    """Return a function that makes a user, of whichever model, with a phone in ``contacts``."""
    # Not with the settings of tests/elsewhere/packages, which have no such app.
    from tests.users.models import Contact

    numbers = itertools.count(1)

    def make(phone: str | None = None, *, is_verified: bool = True, **more: Any) -> Any:
        model: Any = get_user_model()
        number = next(numbers)
        # Neither a number of the tests nor an address of anybody.
        name = f"+4477009{number:05}" if model.USERNAME_FIELD == "phone" else f"u{number}@a.invalid"
        user = model.objects.create(**{model.USERNAME_FIELD: name})
        if phone is not None:
            more = {"verified_at": DAY, **more}
            Contact.objects.create(user=user, phone=phone, is_verified=is_verified, **more)
        return user

    return make
