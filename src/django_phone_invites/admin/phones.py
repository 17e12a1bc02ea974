"""Phone accounts and login codes: found by a whole number, and read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_phone_invites import phones
from django_phone_invites.admin.base import ReadOnlyAdmin, phone_column, user_column
from django_phone_invites.exceptions import PhoneInvalid
from django_phone_invites.models import LoginCode, PhoneAccount


class PhoneAdmin(ReadOnlyAdmin):
    """Rows with a phone: found by a whole number in any spelling."""

    search_fields = ("phone",)
    search_help_text = _("A whole phone number, in any spelling.")
    columns: tuple[str, ...] = ()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show the phone first."""
        return [phone_column(request), *self.columns]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show the phone first on the page of one row too."""
        return [phone_column(request), *self.details]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show what may be seen, and no other field."""
        return self.get_readonly_fields(request, obj)

    #: What the page of one row shows below the phone.
    details: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Filter by what is shown only: others would tell a phone or a token sign by sign."""
        return lookup.partition("__")[0] in self.columns

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Find by whole numbers only: parts would tell masked digits one by one."""
        if not search_term.strip():
            return queryset, False
        try:
            return queryset.filter(phone=phones.parse(search_term)), False
        except PhoneInvalid:
            return queryset.none(), False


@admin.register(PhoneAccount)
class PhoneAccountAdmin(PhoneAdmin):
    """Who has which phone."""

    columns = ("verified_at", "created_at")
    details = columns
    list_select_related = ("user",)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Add the user."""
        return [phone_column(request), user_column(request, "user", self.admin_site), *self.columns]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Add the user."""
        return self.get_list_display(request)

    date_hierarchy = "created_at"


@admin.register(LoginCode)
class LoginCodeAdmin(PhoneAdmin):
    """Which codes were asked for, and what became of their messages."""

    columns = ("region", "created_at", "channel", "delivery", "attempts", "used_at", "ended_at")
    details = (
        "region",
        "purpose",
        "channel",
        "address",
        "locale",
        "length",
        "attempts",
        "created_at",
        "expires_at",
        "used_at",
        "ended_at",
        "delivery",
        "delivered_by",
        "message_id",
        "delivery_error",
    )
    list_filter = ("delivery", "channel")
    date_hierarchy = "created_at"
