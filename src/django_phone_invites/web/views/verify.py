"""Who is signed in verifies their phone again, before something that a site guards."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect

from django_phone_invites import phones
from django_phone_invites.exceptions import Refusal
from django_phone_invites.models import PhoneAccount
from django_phone_invites.services import accounts, verifications
from django_phone_invites.web import challenge
from django_phone_invites.web.pages import RefusingFormView
from django_phone_invites.web.step_up import redirect_with_next
from django_phone_invites.web.views.profile import SignedInMixin
from django_phone_invites.web.views.sign_in import safe_next_url


class VerifyView(SignedInMixin, RefusingFormView):
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

    def serve(self, form: Form) -> HttpResponse:
        """Send the code and go to where it is entered."""
        login_code = challenge.send_code(
            self.request,
            phone=self.get_account().e164,
            next_url=safe_next_url(self.request),
            user=verifications.key_of(self.request.user),
        )
        return HttpResponseRedirect(challenge.code_url(login_code))

    def refuse(self, form: Form, refusal: Refusal) -> HttpResponse:
        """Go to the code that this browser has for the phone, where another is not sent yet."""
        login_code = challenge.resume(
            self.request,
            refusal,
            phone=self.get_account().e164,
            next_url=safe_next_url(self.request),
            user=verifications.key_of(self.request.user),
        )
        if login_code is None:
            return super().refuse(form, refusal)
        return HttpResponseRedirect(challenge.code_url(login_code))
