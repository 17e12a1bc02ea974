"""The admin: phones are masked without the permission to see them, and nothing shows a code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_phone_invites import codes, phones
from django_phone_invites.exceptions import PhoneInvalid
from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount

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
        return [phone_column(request), user_column(request, "user"), *self.columns]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Add the user."""
        return self.get_list_display(request)

    date_hierarchy = "created_at"


@admin.register(LoginCode)
class LoginCodeAdmin(PhoneAdmin):
    """Which codes were asked for, and what became of their messages."""

    columns = ("created_at", "channel", "delivery", "attempts", "used_at", "ended_at")
    details = (
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


class CampaignForm(forms.ModelForm):
    """Makes a campaign's code: a word of the site's own."""

    class Meta:
        model = InviteCode
        fields = ("code", "label", "max_uses", "expires_at", "revoked_at")

    def clean_code(self) -> str:
        """Refuse what could not be activated, and what exists in another case."""
        code: str = self.cleaned_data["code"].strip()
        folded = codes.fold_invite_code(code)
        if folded is None:
            raise ValidationError(_("Use 4 to 32 letters A to Z and digits."), code="invalid")
        if InviteCode.objects.filter(folded=folded).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("This code exists already."), code="unique")
        self.instance.folded = folded
        return code


@admin.register(InviteCode)
class InviteCodeAdmin(admin.ModelAdmin):
    """Users' own codes and campaigns."""

    form = CampaignForm
    list_select_related = ("owner",)
    search_fields = ("folded", "label")
    search_help_text = _("A code or a label.")
    readonly_fields = ("uses", "created_at")
    actions = ("revoke",)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show the owner as the request's user may see them."""
        owner = user_column(request, "owner")
        return ["code", owner, "label", "uses", "max_uses", "expires_at", "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: InviteCode | None = None) -> list[Any]:
        """Keep a code that exists as it is: people have written it down."""
        owner = user_column(request, "owner")
        return [owner, *self.readonly_fields, *(["code"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: InviteCode | None = None) -> bool:
        """Keep a user's own code: it goes with the user, and can be revoked before."""
        if obj is not None and obj.owner_id is not None and self._is_own_page(request):
            return False
        return super().has_delete_permission(request, obj)

    def _is_own_page(self, request: HttpRequest) -> bool:
        """Tell invite codes' pages from that of a user, whose deletion takes the code along."""
        match = request.resolver_match
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return match is not None and (match.url_name or "").startswith(prefix)

    @admin.action(description=_("Revoke the selected invite codes"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[InviteCode]) -> None:
        """End codes for whoever has not activated them yet."""
        queryset.filter(revoked_at=None).update(revoked_at=timezone.now())


@admin.register(InviteActivation)
class InviteActivationAdmin(ReadOnlyAdmin):
    """Who activated whose code."""

    list_select_related = ("inviter", "invitee")
    search_fields = ("code",)
    date_hierarchy = "activated_at"

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show both users as the request's user may see them."""
        inviter = user_column(request, "inviter")
        invitee = user_column(request, "invitee")
        return ["code", inviter, invitee, "activated_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show the same on the page of one."""
        return self.get_list_display(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show the same on the page of one."""
        return self.get_list_display(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes one: an invite code is activated once, for ever."""
        return False
