"""Where services end and skins begin: outages become refusals, and reached limits are logged."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError

from django_phone_invites import logs
from django_phone_invites.exceptions import RateLimited, Unavailable
from django_phone_invites.transactions import Conflict

F = TypeVar("F", bound=Callable[..., Any])


def service(function: F) -> F:
    """Make a function one that skins call.

    Raises:
        Unavailable: the database does not answer. Whoever asked should come back; nothing was sent
            and nothing was verified.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except RateLimited as refusal:
            logs.record(
                "rate_limited",
                "Refused by the limit %s for %d seconds.",
                refusal.limit,
                refusal.retry_after,
            )
            raise
        except (OperationalError, InterfaceError, Conflict) as error:
            cause = error.__cause__ or error
            logs.record("unavailable", "The database does not answer: %s.", type(cause).__name__)
            raise Unavailable from error

    return wrapper  # type: ignore[return-value]
