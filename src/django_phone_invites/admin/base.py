"""What the pages of the admin share: columns that show what may be seen, and read-only rows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_phone_invites import phones
from django_phone_invites.models import LoginCode, PhoneAccount

VIEW_PHONE_NUMBER = "phone_invites.view_phone_number"


_TITLES = {
    "user": _("user"),
    "owner": _("owner"),
    "inviter": _("inviter"),
    "invitee": _("invitee"),
}


def phone_column(request: HttpRequest) -> Callable[[Any], str]:
    """Return a column that shows the phone of a row as ``request.user`` may see it."""
    return _phone_column(request.user.has_perm(VIEW_PHONE_NUMBER))


def user_column(request: HttpRequest, name: str) -> Callable[[Any], str]:
    """Return a column of a user; by their key where their name may be a phone not to be seen."""
    return _user_column(name, request.user.has_perm(VIEW_PHONE_NUMBER))


# The admin compares columns, so each is made once.
@functools.cache
def _phone_column(whole: bool) -> Callable[[Any], str]:
    show = phones.display if whole else phones.mask

    @admin.display(description=_("phone"))
    def shown_phone(row: PhoneAccount | LoginCode) -> str:
        return show(row.e164 if isinstance(row, PhoneAccount) else row.phone)

    return shown_phone


@functools.cache
def _user_column(name: str, named: bool) -> Callable[[Any], str]:
    @admin.display(description=_TITLES[name])
    def shown_user(row: Any) -> str:
        user = getattr(row, name)
        if user is None:
            return "-"
        return str(user) if named else f"#{user.pk}"

    return shown_user


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the package itself makes and changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds one here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes one here."""
        return False
