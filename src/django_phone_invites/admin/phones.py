"""Phone accounts and login codes: found by a whole number, and read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from django_phone_invites import phones
from django_phone_invites.admin import erasing, logins, reasons, why
from django_phone_invites.admin.base import (
    VIEW_PHONE_NUMBER,
    ReadOnlyAdmin,
    phone_column,
    user_column,
)
from django_phone_invites.exceptions import PhoneInvalid, Unavailable
from django_phone_invites.models import LoginCode, PhoneAccount, PhoneChange
from django_phone_invites.services.explain import explain

TRIES = "admin/phone_invites/logincode/_tries.html"
WHY = "admin/phone_invites/logincode/why.html"


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
        return lookup.partition("__")[0] in {*self.columns, *self.list_filter}

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
    actions = ("erase", "disable")

    def get_urls(self) -> list[URLPattern]:
        """Add what the page that asks posts to."""
        return [erasing.url(self), *super().get_urls()]

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Whoever sees them and has the permission of its own may."""
        return request.user.has_perm(erasing.ERASE_PHONE) and self.has_view_permission(request)

    @admin.action(description=_("Erase the selected phones"), permissions=["erase"])
    def erase(
        self, request: HttpRequest, queryset: models.QuerySet[PhoneAccount]
    ) -> TemplateResponse:
        """Ask whether they are to be erased."""
        return erasing.ask(self, request, queryset)

    def has_disable_permission(self, request: HttpRequest) -> bool:
        """Whoever may change users may."""
        return logins.may_disable(request)

    @admin.action(
        description=_("Disable the users of the selected phones"), permissions=["disable"]
    )
    def disable(self, request: HttpRequest, queryset: models.QuerySet[PhoneAccount]) -> None:
        """Disable the users, and end all that they are logged in with."""
        logins.disable(self, request, queryset)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Add the user."""
        return [phone_column(request), user_column(request, "user", self.admin_site), *self.columns]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Add the user."""
        return self.get_list_display(request)

    date_hierarchy = "created_at"


@admin.register(PhoneChange)
class PhoneChangeAdmin(ReadOnlyAdmin):
    """Who has changed which number, and whether that was undone."""

    search_fields = ("old", "new")
    search_help_text = PhoneAdmin.search_help_text
    columns = ("changed_at", "undo_until", "undone_at")
    list_select_related = ("user",)
    date_hierarchy = "changed_at"

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Show both numbers, and the user."""
        numbers = [phone_column(request, name) for name in ("old", "new")]
        return [*numbers, user_column(request, "user", self.admin_site), *self.columns]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show the same on the page of one row."""
        return self.get_list_display(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show what may be seen, and no other field."""
        return self.get_readonly_fields(request, obj)

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
            phone = phones.parse(search_term)
        except PhoneInvalid:
            return queryset.none(), False
        return queryset.filter(models.Q(old=phone) | models.Q(new=phone)), False


@admin.register(LoginCode)
class LoginCodeAdmin(PhoneAdmin):
    """Which codes were asked for, and what became of their messages."""

    # Few and narrow: with more, 1280 pixels show the last ones only after scrolling.
    columns = ("created_at", "region", "delivery", "is_used")
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
        "what_became_of_it",
        "delivery_at",
        "next_try_at",
        "delivered_by",
        "message_id",
        "delivery_error",
        "senders_asked",
    )
    list_filter = ("delivery", "channel")
    date_hierarchy = "created_at"

    class Media:
        css = {"all": ["phone_invites/admin.css"]}

    @admin.display(description=_("used"), boolean=True, ordering="used_at")
    def is_used(self, row: LoginCode) -> bool:
        """Tell whether it was entered."""
        return row.used_at is not None

    @admin.display(description=_("what became of it"))
    def what_became_of_it(self, row: LoginCode) -> str:
        """Say it in words."""
        return reasons.of_message(row, timezone.now())

    @admin.display(description=_("tries"))
    def senders_asked(self, row: LoginCode) -> str:
        """Show what each sender answered."""
        tries = reasons.tries(row)
        return render_to_string(TRIES, {"tries": tries}) if tries else "-"

    def get_urls(self) -> list[URLPattern]:
        """Add the page that says why a phone got no code."""
        view = self.admin_site.admin_view(self.why_view)
        return [path("why/", view, name="phone_invites_logincode_why"), *super().get_urls()]

    @method_decorator(sensitive_post_parameters("phone"))
    def why_view(self, request: HttpRequest) -> TemplateResponse:
        """Ask for a number, and say why it got no code."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = why.PhoneForm(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Why did no code arrive?"),
            "opts": self.opts,
            "form": form,
            "answer": self._answer(request, form),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, WHY, context)

    def _answer(self, request: HttpRequest, form: why.PhoneForm) -> why.Answer | None:
        if not form.is_valid():
            return None
        try:
            found = explain(form.cleaned_data["phone"])
        except Unavailable as refusal:
            form.add_error(None, str(refusal))
            return None
        shows_number = request.user.has_perm(VIEW_PHONE_NUMBER)
        return why.answer(found, shows_number=shows_number, site_name=self.admin_site.name)
