"""Invite codes and their activations: campaigns are made and codes revoked here."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_phone_invites import codes, phones
from django_phone_invites.admin.base import ReadOnlyAdmin, change_url, user_column
from django_phone_invites.exceptions import PhoneInvalid
from django_phone_invites.models import InviteActivation, InviteCode

OWN_CODE_STAYS = _(
    "Nothing was deleted. A user's own invite code stays, because their profile shows it:"
    " revoke it instead."
)


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
        return code

    def clean_revoked_at(self) -> dt.datetime | None:
        """Refuse what is to come: whatever stands there, the code is revoked."""
        revoked_at: dt.datetime | None = self.cleaned_data["revoked_at"]
        if revoked_at is not None and revoked_at > timezone.now():
            raise ValidationError(
                _("A code is revoked at once. For later, say until when it is valid."),
                code="in_future",
            )
        return revoked_at


@admin.register(InviteCode)
class InviteCodeAdmin(admin.ModelAdmin):
    """Users' own codes and campaigns."""

    form = CampaignForm
    list_select_related = ("owner",)
    search_fields = ("folded", "label")
    search_help_text = _("A code, a label or a whole phone number.")
    readonly_fields = ("uses", "created_at")
    actions = ("revoke", "delete_selected")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show the owner as the request's user may see them."""
        owner = user_column(request, "owner", self.admin_site)
        return ["code", owner, "label", "uses", "max_uses", "expires_at", "revoked_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: InviteCode | None = None) -> list[Any]:
        """Keep a code that exists as it is: people have written it down."""
        owner = user_column(request, "owner", self.admin_site)
        return [owner, *self.readonly_fields, *(["code"] if obj else [])]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[InviteCode], search_term: str
    ) -> tuple[models.QuerySet[InviteCode], bool]:
        """Find by the owner's phone too, by whole numbers only: parts would tell masked digits."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        try:
            phone = phones.parse(search_term)
        except PhoneInvalid:
            return found, may_repeat
        return found | queryset.filter(owner__phone_account__phone=phone), may_repeat

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Keep a user's own code: it goes with the user, and can be revoked before."""
        row = self.get_object(request, unquote(object_id))
        if row is None or row.owner_id is None or not self.has_delete_permission(request, row):
            return super().delete_view(request, object_id, extra_context)
        self.message_user(request, OWN_CODE_STAYS, messages.ERROR)
        return HttpResponseRedirect(change_url(row, self.admin_site.name))

    @admin.action(
        description=delete_selected.short_description,  # type: ignore[attr-defined]
        permissions=["delete"],
    )
    def delete_selected(
        self, request: HttpRequest, queryset: models.QuerySet[InviteCode]
    ) -> HttpResponse | None:
        """Delete campaigns; nothing where a user's own code is among them."""
        if not queryset.filter(owner__isnull=False).exists():
            return delete_selected(self, request, queryset)
        self.message_user(request, OWN_CODE_STAYS, messages.ERROR)
        return None

    @admin.action(description=_("Revoke the selected invite codes"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[InviteCode]) -> None:
        """End codes for whoever has not activated them yet."""
        revoked = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        text = ngettext("%d invite code was revoked.", "%d invite codes were revoked.", revoked)
        self.message_user(request, text % revoked)


@admin.register(InviteActivation)
class InviteActivationAdmin(ReadOnlyAdmin):
    """Who activated whose code."""

    list_select_related = ("inviter", "invitee")
    search_fields = ("code",)
    date_hierarchy = "activated_at"

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show both users as the request's user may see them."""
        inviter = user_column(request, "inviter", self.admin_site)
        invitee = user_column(request, "invitee", self.admin_site)
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
