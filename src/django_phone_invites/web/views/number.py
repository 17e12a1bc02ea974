"""Another number for who is signed in, and the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext as _

from django_phone_invites import logins, phones, sessions
from django_phone_invites.addresses import client_address
from django_phone_invites.exceptions import Refusal, UndoNotFound
from django_phone_invites.models import SiteUser
from django_phone_invites.routes import web_url
from django_phone_invites.services import accounts, numbers, undo, verifications
from django_phone_invites.web import challenge
from django_phone_invites.web.forms import NumberForm, UndoForm
from django_phone_invites.web.pages import RefusingFormView
from django_phone_invites.web.step_up import recently_verified, redirect_with_next, verify_first
from django_phone_invites.web.views.profile import SignedInMixin
from django_phone_invites.web.views.sign_in import AskingView, CodeView, after_login


class NumberView(SignedInMixin, AskingView):
    """Ask for the new number of who is signed in, and send it a code."""

    template_name = "phone_invites/number.html"
    form_class = NumberForm
    error_field = "phone"

    def redirect_away(self) -> HttpResponseBase | None:
        """Ask for a code to the present number first, where there is one."""
        away = super().redirect_away()
        if away is not None:
            return away
        self.has_phone = accounts.has_phone(self.request.user)
        if self.has_phone and not recently_verified(self.request, verifications.MAX_AGE):
            return verify_first(self.request)
        return None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the present number and the way back to it."""
        user: SiteUser = self.request.user
        shown: dict[str, Any] = {"phone": None, "profile_url": None}
        if self.has_phone:
            shown["phone"] = phones.display(accounts.get_account(user).e164)
            shown["profile_url"] = web_url("profile", pk=user.pk)
        return {**super().get_context_data(**kwargs), **shown}

    def wanted(self, form: Form) -> dict[str, Any]:
        """Let the number become that of who is signed in."""
        return {"phone": form.cleaned_data["phone"], "changes": self.request.user}


class NumberCodeView(CodeView):
    """Enter the code that was sent to the new number. It logs nobody in."""

    def redirect_away(self) -> HttpResponseBase | None:
        """Send strangers to the phone page: the code is that of who asked for it."""
        if not self.request.user.is_authenticated:
            return redirect_with_next("phone", web_url("number"))
        self.changes = self.request.user
        return super().redirect_away()

    def phone_url(self) -> str:
        """Return where another code is asked for."""
        return web_url("number")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say that it changes the number."""
        return {**super().get_context_data(**kwargs), "changing": True}

    def serve(self, form: Form) -> HttpResponse:
        """Change the number."""
        request, user = self.request, self.request.user
        done = numbers.change_number(
            login_code=self.login_code,
            user=user,
            guess=form.cleaned_data["auth_number"],
            end_logins=logins.end_all,
            renew=self.renew,
            address=client_address(request.META),
        )
        text = _("Your number was changed.") if done.old else _("Your number was added.")
        messages.success(request, text)
        return HttpResponseRedirect(self.pending.next_url or after_login(user))

    def renew(self, user: SiteUser) -> None:
        """Give the session another key, before the code is used up."""
        challenge.forget(self.request.session)
        sessions.renew(self.request, user)


class UndoFormView(RefusingFormView):
    """Ask for what undoes a change, where the message could not hold a link."""

    template_name = "phone_invites/undo_form.html"
    form_class = UndoForm
    error_field = "token"

    def serve(self, form: Form) -> HttpResponse:
        """Go to where it is undone, if it can be."""
        token = form.cleaned_data["token"]
        undo.get_change(token)
        return HttpResponseRedirect(web_url("undo", token=token))


class UndoView(RefusingFormView):
    """Give a number back, once a button says so. The link is enough: who lost it has no login."""

    template_name = "phone_invites/undo.html"
    form_class = Form
    error_field = None

    def redirect_away(self) -> HttpResponseBase | None:
        """Find the change, or say that there is none."""
        try:
            self.change = undo.get_change(self.kwargs["token"])
        except UndoNotFound as refusal:
            return self.lead_away(refusal, web_url("phone"))
        return None

    def refuse(self, form: Form, refusal: Refusal) -> HttpResponse:
        """Lead away from a change that was undone a moment ago."""
        if isinstance(refusal, UndoNotFound):
            return self.lead_away(refusal, web_url("phone"))
        return super().refuse(form, refusal)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the number, masked: a link may be seen by others."""
        return {**super().get_context_data(**kwargs), "phone": phones.mask(self.change.old)}

    def serve(self, form: Form) -> HttpResponse:
        """Undo it, and lead to the phone page: all logins have ended."""
        undo.undo_change(token=self.kwargs["token"], end_logins=logins.end_all)
        text = _("The number is yours again, and all logins have ended. Sign in with it.")
        messages.success(self.request, text)
        return HttpResponseRedirect(web_url("phone"))
