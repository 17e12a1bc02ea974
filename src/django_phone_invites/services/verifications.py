"""When a user last entered a right code: through this session, or at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from django_phone_invites.models import PhoneAccount, SiteUser
from django_phone_invites.services.boundary import service

#: What counts as recent where a site's view does not say.
MAX_AGE = dt.timedelta(minutes=15)

_KEY = "phone_invites_verified"


def key_of(user: SiteUser) -> str:
    """Return the id of ``user`` as sessions hold it, "" for nobody."""
    return str(user._meta.pk.value_to_string(user)) if user.is_authenticated else ""


def remember(session: SessionBase, user: SiteUser) -> None:
    """Let ``session`` remember that ``user`` has just entered a right code."""
    # With the user: whatever puts another one into the session does not bring the moment along.
    session[_KEY] = {"user": key_of(user), "at": timezone.now().timestamp()}


def in_session(session: SessionBase, user: SiteUser) -> dt.datetime | None:
    """Return when ``user`` last entered a right code through ``session``; None for never."""
    found: dict[str, Any] = session.get(_KEY, {})
    if not user.is_authenticated or found.get("user") != key_of(user):
        return None
    return dt.datetime.fromtimestamp(found["at"], dt.timezone.utc)


@service
def of_account(user: SiteUser) -> dt.datetime | None:
    """Return when ``user`` last entered a right code anywhere; None without a phone account.

    Raises:
        Unavailable: the database does not answer.
    """
    account = PhoneAccount.objects.filter(user=user).first()
    return None if account is None else account.verified_at


def is_recent(verified_at: dt.datetime | None, max_age: dt.timedelta) -> bool:
    """Tell whether less than ``max_age`` has passed since ``verified_at``."""
    return verified_at is not None and timezone.now() < verified_at + max_age
