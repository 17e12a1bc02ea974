"""Find the user of a site whom a phone without an account belongs to: by the site's rule alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from django_phone_invites import logs
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import AccountConflict, AccountDisabled, Refusal, Unavailable
from django_phone_invites.models import PhoneAccount, SiteUser
from django_phone_invites.services import site_rules
from django_phone_invites.services.fixed_codes import is_trusted


def find_user(phone: str) -> SiteUser | None:
    """Return the user whom ``PHONE_INVITES_LINK_USER`` finds for a phone in E.164, None for nobody.

    Raises:
        AccountConflict: it finds several, or one who has a phone account already.
        AccountDisabled: the user is disabled, or staff or a superuser: they are not found by a
            number that somebody wrote into a field.
        Unavailable: the site's function failed.
        Refusal: whatever the function refuses with.
    """
    rule = app_settings.link_user
    if rule is None:
        return None
    user = _only(by_fields(rule, phone)) if isinstance(rule, Mapping) else _ask(rule, phone)
    if user is None:
        return None
    if not user.is_active or is_trusted(user):
        raise AccountDisabled
    if PhoneAccount.objects.filter(user=user).exists():
        raise AccountConflict
    return user


def is_anothers(phone: str, user_id: Any) -> bool:
    """Tell whether the rule finds a user for ``phone`` other than the one with this key.

    Whoever has a phone account already has their phone there, and not by the rule.

    Raises:
        Unavailable: the site's function failed.
    """
    rule = app_settings.link_user
    if rule is None:
        return False
    if isinstance(rule, Mapping):
        others = by_fields(rule, phone).exclude(pk=user_id)
        return others.filter(phone_account__isnull=True).exists()
    try:
        user = _ask(rule, phone)
    except Unavailable:
        raise
    except Refusal:
        return True
    if user is None or user.pk == user_id:
        return False
    return not PhoneAccount.objects.filter(user=user).exists()


def is_somebodys(phone: str) -> bool:
    """Tell whether a right code of ``phone`` is for a user who is there, be they let in or not.

    Raises:
        Unavailable: the site's function failed.
    """
    try:
        return find_user(phone) is not None
    except Unavailable:
        raise
    except Refusal:
        return True


def by_fields(fields: Mapping[str, str], phone: str) -> models.QuerySet[Any]:
    """Return the users whose ``FIELD`` is ``phone`` to the character, and verified if it says so.

    Raises:
        FieldError, ValueError, TypeError: there is no such field, or it takes no such value.
    """
    users = get_user_model()._default_manager
    wanted: dict[str, Any] = {fields["FIELD"]: phone}
    if "VERIFIED_FIELD" in fields:
        wanted[fields["VERIFIED_FIELD"]] = True
    # By their keys: a user who has the number twice is still one.
    return users.filter(pk__in=users.filter(**wanted).values("pk"))


def is_text(path: str) -> bool:
    """Tell whether what a look-up from the user model leads to is compared as text.

    Raises:
        FieldError: it leads nowhere.
    """
    look_up: Any = get_user_model()._base_manager.filter(**{path: True}).query.where.children[0]
    return isinstance(look_up.rhs, str)


def _ask(path: str, phone: str) -> SiteUser | None:
    user: SiteUser | None = site_rules.ask(
        path,
        phone,
        refuses=Refusal,
        tell_failed=lambda name: logs.record(
            "link_failed", "PHONE_INVITES_LINK_USER failed: %s.", name
        ),
    )
    return user


def _only(found: models.QuerySet[Any]) -> SiteUser | None:
    users = list(found[:2])
    if len(users) > 1:
        raise AccountConflict
    return users[0] if users else None
