"""What is the user's own: the profile and the invitees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.views.generic import TemplateView

from django_phone_invites import phones
from django_phone_invites.exceptions import (
    AccountMissing,
)
from django_phone_invites.models import InviteActivation, SiteUser
from django_phone_invites.routes import web_url
from django_phone_invites.services import accounts, invites
from django_phone_invites.web.forms import InviteForm, readable_invite
from django_phone_invites.web.pages import PageView, RefusingFormView
from django_phone_invites.web.step_up import redirect_with_next


class SignedInMixin(PageView):
    """Own data only: sends strangers to the phone page, and hides other users."""

    def redirect_away(self) -> HttpResponseBase | None:
        """Send strangers to the phone page, and find nothing for other users."""
        user: SiteUser = self.request.user
        if not user.is_authenticated:
            return redirect_with_next("phone", self.request.get_full_path())
        if "pk" in self.kwargs and str(self.kwargs["pk"]) != str(user.pk):
            raise Http404
        return None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the user whose page it is."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except AccountMissing as refusal:
            raise Http404(str(refusal)) from None


class ProfileView(SignedInMixin, RefusingFormView):
    """Own phone, own invite code, who activated it, and a place for somebody else's."""

    template_name = "phone_invites/profile.html"
    form_class = InviteForm
    error_field = "stranger_invite_code"

    def get_initial(self) -> dict[str, Any]:
        """Fill in the invite code of a link; a GET activates nothing."""
        return {"stranger_invite_code": readable_invite(self.request.GET.get("invite", ""))}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the profile."""
        user: SiteUser = self.request.user
        profile = accounts.get_profile(user)
        link = f"{web_url('phone')}?{urlencode({'invite': profile.invite_code.code})}"
        return {
            **super().get_context_data(**kwargs),
            "phone": phones.display(profile.account.e164),
            "invite_code": profile.invite_code.code,
            "invite_url": self.request.build_absolute_uri(link),
            "activated_code": profile.activated_code,
            "invitees": show_invitees(profile.invitees),
            "invitee_count": profile.invite_code.uses,
            "invitees_url": web_url("invitees", pk=user.pk),
            "number_url": web_url("number"),
            "logins_url": web_url("logins"),
            "logout_url": web_url("logout"),
        }

    def serve(self, form: Form) -> HttpResponse:
        """Activate the code."""
        user: SiteUser = self.request.user
        invites.activate_invite(user=user, code=form.cleaned_data["stranger_invite_code"])
        return HttpResponseRedirect(web_url("profile", pk=user.pk))


class InviteesView(SignedInMixin, TemplateView):
    """All who activated the own code, in pages."""

    template_name = "phone_invites/invitees.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add one page of invitees."""
        user: SiteUser = self.request.user
        here = web_url("invitees", pk=user.pk)
        older_than = read_position(self.request.GET.get("older_than"))
        page = accounts.get_invitees(user, older_than=older_than)
        profile = accounts.get_profile(user)
        return {
            **super().get_context_data(**kwargs),
            "invitees": show_invitees(page.invitees),
            "phone": phones.display(profile.account.e164),
            "invitee_count": profile.invite_code.uses,
            "older_url": page.older_than and f"{here}?older_than={page.older_than}",
            "newest_url": here if older_than else None,
            "profile_url": web_url("profile", pk=user.pk),
            "logout_url": web_url("logout"),
        }


@dataclass(frozen=True)
class ShownInvitee:
    """An invitee as the inviter sees them."""

    phone: str
    activated_at: dt.datetime


def show_invitees(activations: Sequence[InviteActivation]) -> list[ShownInvitee]:
    """Return invitees with their phones as ``PHONE_INVITES_MASK_INVITEES`` has them."""
    return [
        ShownInvitee(phones.shown_to_inviter(found.invitee_phone), found.activated_at)
        for found in activations
    ]


def read_position(raw: str | None) -> int | None:
    """Return the ``older_than`` of a query string; None for anything but a plausible id."""
    return int(raw) if raw and raw.isascii() and raw.isdecimal() and len(raw) < 19 else None
