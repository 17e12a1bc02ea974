"""What the pages of the admin share: columns that show what may be seen, and read-only rows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth import get_permission_codename, get_user_model
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from django_phone_invites import phones
from django_phone_invites.models import LoginCode, PhoneAccount, PhoneChange, SiteUser

VIEW_PHONE_NUMBER = "phone_invites.view_phone_number"


_TITLES = {
    "phone": _("phone"),
    "old": _("old number"),
    "new": _("new number"),
    "user": _("user"),
    "owner": _("owner"),
    "inviter": _("inviter"),
    "invitee": _("invitee"),
}


def phone_column(request: HttpRequest, name: str = "phone") -> Callable[[Any], str]:
    """Return a column that shows a phone of a row as ``request.user`` may see it."""
    return _phone_column(name, request.user.has_perm(VIEW_PHONE_NUMBER))


def user_column(request: HttpRequest, name: str, site: admin.AdminSite) -> Callable[[Any], str]:
    """Return a column of a user; by their key where their name may be a phone not to be seen.

    It leads to the user's own page, where ``site`` has one and ``request.user`` may open it.
    """
    named = request.user.has_perm(VIEW_PHONE_NUMBER)
    return _user_column(name, named, site.name if _has_user_pages(request, site) else None)


def _has_user_pages(request: HttpRequest, site: admin.AdminSite) -> bool:
    model = get_user_model()
    opts = model._meta
    needed = [get_permission_codename(action, opts) for action in ("view", "change")]
    # For users in general: to ask for each of a list would cost a query each with some backends.
    allowed = any(request.user.has_perm(f"{opts.app_label}.{codename}") for codename in needed)
    return allowed and site.is_registered(model)


# The admin compares columns, so each is made once.
@functools.cache
def _phone_column(name: str, whole: bool) -> Callable[[Any], str]:
    show = phones.display if whole else phones.mask

    @admin.display(description=_TITLES[name])
    def shown_phone(row: PhoneAccount | LoginCode | PhoneChange) -> str:
        phone = row.e164 if isinstance(row, PhoneAccount) else getattr(row, name)
        shown = show(phone) if phone else "-"
        # The admin's own class; a browser would break the line at a hyphen.
        return format_html('<span class="nowrap">{}</span>', shown)

    return shown_phone


@functools.cache
def _user_column(name: str, named: bool, site_name: str | None) -> Callable[[Any], str]:
    @admin.display(description=_TITLES[name])
    def shown_user(row: Any) -> str:
        user = getattr(row, name)
        if user is None:
            return "-"
        words = str(user) if named else f"#{user.pk}"
        return words if site_name is None else _link(user, words, site_name)

    return shown_user


def _link(user: SiteUser, words: str, site_name: str) -> str:
    return format_html('<a href="{}">{}</a>', change_url(user, site_name), words)


def change_url(row: models.Model, site_name: str) -> str:
    """Return where the admin shows ``row``."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(name, args=[quote(row.pk)], current_app=site_name)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the package itself makes and changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds one here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes one here."""
        return False
