"""Invite codes and their activations: campaigns are made and codes revoked here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_phone_invites import codes
from django_phone_invites.admin.base import ReadOnlyAdmin, user_column
from django_phone_invites.models import InviteActivation, InviteCode


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
