"""Who is signed in verifies their phone again, before something that a site guards."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponseBase

from django_phone_invites import phones
from django_phone_invites.models import PhoneAccount
from django_phone_invites.services import accounts, verifications
from django_phone_invites.web.step_up import redirect_with_next
from django_phone_invites.web.views.profile import SignedInMixin
from django_phone_invites.web.views.sign_in import AskingView, safe_next_url


class VerifyView(SignedInMixin, AskingView):
    """Send a code to the own phone, once a button says so; nobody types a number here."""

    template_name = "phone_invites/verify.html"
    form_class = Form
    error_field = None

    def redirect_away(self) -> HttpResponseBase | None:
        """Send strangers to the phone page: the code that they log in with is all they need."""
        if not self.request.user.is_authenticated:
            return redirect_with_next("phone", safe_next_url(self.request))
        return None

    def get_account(self) -> PhoneAccount:
        """Return the own phone.

        Raises:
            AccountMissing: the user has none; that page is not found.
        """
        return accounts.get_account(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the phone."""
        phone = phones.display(self.get_account().e164)
        return {**super().get_context_data(**kwargs), "phone": phone}

    def wanted(self, form: Form) -> dict[str, Any]:
        """Let the own phone verify who is signed in."""
        user = verifications.key_of(self.request.user)
        return {"phone": self.get_account().e164, "user": user}
