"""Test numbers: phones whose code stands in the settings, for the review of an app by its store."""

from __future__ import annotations

import datetime as dt

from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from django_phone_invites.conf import FixedCode, app_settings
from django_phone_invites.exceptions import CodeExpired
from django_phone_invites.models import LoginCode, SiteUser


def is_in_force(fixed: FixedCode, now: dt.datetime) -> bool:
    """Tell whether ``fixed`` is right at ``now``: through its last day in UTC."""
    return now.astimezone(dt.timezone.utc).date() <= fixed["until"]


@sensitive_variables()
def length_of(phone: str, now: dt.datetime) -> int | None:
    """Return how many digits the fixed code of ``phone`` has; None where it is no test number."""
    fixed = _find(phone, now)
    return None if fixed is None else len(fixed["code"])


@sensitive_variables()
def is_right(login_code: LoginCode, guess: str, now: dt.datetime) -> bool:
    """Tell whether ``guess`` is the fixed code, in the same time for every guess.

    Raises:
        CodeExpired: the code was asked for a test number that is none any more.
    """
    fixed = _find(login_code.phone, now)
    if fixed is None:
        raise CodeExpired
    return constant_time_compare(fixed["code"], guess)


def _find(phone: str, now: dt.datetime) -> FixedCode | None:
    fixed = app_settings.test_numbers.get(phone)
    return fixed if fixed is not None and is_in_force(fixed, now) else None


def is_trusted(user: SiteUser) -> bool:
    """Tell whether ``user`` is staff or a superuser, whom no fixed code logs in.

    A user model need have neither attribute.
    """
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))
