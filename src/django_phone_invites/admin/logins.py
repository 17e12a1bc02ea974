"""What is logged in: looked at, and ended by deleting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth import get_permission_codename, get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_phone_invites import logins
from django_phone_invites.admin.base import ReadOnlyAdmin, user_column
from django_phone_invites.exceptions import Refusal
from django_phone_invites.models import ActiveLogin, PhoneAccount


@admin.register(ActiveLogin)
class ActiveLoginAdmin(ReadOnlyAdmin):
    """Which logins were made through this package, and go on as far as it knows."""

    columns = ("kind", "user_agent", "created_at")
    list_select_related = ("user",)
    date_hierarchy = "created_at"
    ordering = ("-pk",)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show the user first."""
        return [user_column(request, "user", self.admin_site), *self.columns]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show the same on the page of one row."""
        return self.get_list_display(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show what may be seen, and no other field."""
        return self.get_list_display(request)

    @admin.display(description=_("kind"))
    def kind(self, row: ActiveLogin) -> str:
        """Say what the login is kept in."""
        return row.issuer.rpartition(".")[2] or gettext("Browser session")

    def delete_model(self, request: HttpRequest, obj: ActiveLogin) -> None:
        """End the login: without its row nobody would see that it goes on."""
        self._end(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[ActiveLogin]) -> None:
        """End the logins."""
        self._end(request, list(queryset.select_related("user")))

    def _end(self, request: HttpRequest, rows: Sequence[ActiveLogin]) -> None:
        for row in rows:
            try:
                logins.end_remembered(row)
            except Refusal as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)


def may_disable(request: HttpRequest) -> bool:
    """Tell whether users can be disabled, and by whoever asks."""
    opts: Any = get_user_model()._meta
    try:
        opts.get_field("is_active")
    except FieldDoesNotExist:
        return False
    return request.user.has_perm(f"{opts.app_label}.{get_permission_codename('change', opts)}")


def disable(
    model_admin: ModelAdmin, request: HttpRequest, accounts: models.QuerySet[PhoneAccount]
) -> None:
    """Disable the users of phones, one by one, and end their logins; say what goes on."""
    disabled = 0
    for account in accounts.select_related("user"):
        if account.user_id == request.user.pk:
            text = gettext("%(phone)s: nobody disables themselves here.")
            model_admin.message_user(request, text % {"phone": account}, messages.ERROR)
            continue
        left = logins.disable(account.user)
        model_admin.log_change(request, account, gettext("Disabled."))
        disabled += 1
        if left:
            text = gettext("%(phone)s: these logins could not be ended here: %(names)s.")
            values = {"phone": account, "names": ", ".join(left)}
            model_admin.message_user(request, text % values, messages.WARNING)
    text = ngettext("%d user was disabled.", "%d users were disabled.", disabled)
    model_admin.message_user(request, text % disabled)
