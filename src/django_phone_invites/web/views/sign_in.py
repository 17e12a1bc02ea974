"""The way in and out: the phone, the code, the logout."""

from __future__ import annotations

import datetime as dt
import math
from abc import abstractmethod
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from django_phone_invites import phones, sessions
from django_phone_invites.addresses import client_address
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import CodeNotFound, PhoneReserved, PhoneTaken, Refusal
from django_phone_invites.models import SiteUser
from django_phone_invites.routes import web_url
from django_phone_invites.services import accounts, challenges, verifications
from django_phone_invites.services.login import verify_code
from django_phone_invites.web import challenge
from django_phone_invites.web.forms import CodeForm, PhoneForm, readable_invite
from django_phone_invites.web.pages import PageView, RefusingFormView

#: Characters of a ``next`` that are kept: it waits in the session, which may be a cookie of 4,096
#: bytes, and Django refuses to redirect to a very long one (MAX_URL_REDIRECT_LENGTH).
MAX_NEXT_URL = 2_000


class AskingView(RefusingFormView):
    """A form that asks for a code and leads to where it is entered."""

    @abstractmethod
    def wanted(self, form: Form) -> dict[str, Any]:
        """Return what the code is for, as ``challenge.send_code`` takes it."""

    def serve(self, form: Form) -> HttpResponse:
        """Send the code and go to where it is entered."""
        login_code = challenge.send_code(
            self.request, next_url=safe_next_url(self.request), **self.wanted(form)
        )
        return HttpResponseRedirect(challenge.code_url(login_code))

    def refuse(self, form: Form, refusal: Refusal) -> HttpResponse:
        """Go to the code that this browser has for the phone, where another is not sent yet."""
        login_code = challenge.resume(
            self.request, refusal, next_url=safe_next_url(self.request), **self.wanted(form)
        )
        if login_code is None:
            return super().refuse(form, refusal)
        return HttpResponseRedirect(challenge.code_url(login_code))


class PhoneView(AskingView):
    """Ask for a phone number and send it a code."""

    template_name = "phone_invites/phone.html"
    form_class = PhoneForm
    error_field = "phone"

    def get_initial(self) -> dict[str, Any]:
        """Carry the invite code of a link along."""
        return {"invite": readable_invite(self.request.GET.get("invite", ""))}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the invite code that was brought along, and where whoever is signed in goes."""
        context = super().get_context_data(**kwargs)
        invite = readable_invite(context["form"]["invite"].value() or "")
        profile_url = self.profile_url(invite)
        lacks_phone = self.request.user.is_authenticated and profile_url is None
        return {
            **context,
            "invite": invite,
            "profile_url": profile_url,
            "number_url": web_url("number") if lacks_phone else None,
        }

    def profile_url(self, invite: str) -> str | None:
        """Return the profile page of whoever is signed in, with the invite code for its form."""
        user: SiteUser = self.request.user
        if not accounts.has_phone(user):
            return None
        query = f"?{urlencode({'invite': invite})}" if invite else ""
        return web_url("profile", pk=user.pk) + query

    def wanted(self, form: Form) -> dict[str, Any]:
        """Let the number log in, with the invite code that was brought along."""
        return {"phone": form.cleaned_data["phone"], "invite": form.cleaned_data["invite"]}


class CodeView(RefusingFormView):
    """Enter the code. It works only in the browser that asked for it."""

    template_name = "phone_invites/code.html"
    form_class = CodeForm
    error_field = "auth_number"

    #: Whose number the code changes; None as it logs in.
    changes: SiteUser | None = None

    def redirect_away(self) -> HttpResponseBase | None:
        """Find the code that this browser asked for, or send the browser to ask for one."""
        self.pending = challenge.load(self.request.session)
        try:
            self.login_code = challenge.find_own_code(
                self.pending, changes=self.changes, **self.kwargs
            )
            self.require_same_user()
        except CodeNotFound as refusal:
            if accounts.has_phone(self.request.user):  # back, or twice: the code has logged in
                return HttpResponseRedirect(after_login(self.request.user))
            return self.lead_away(refusal, self.phone_url())
        return None

    def phone_url(self) -> str:
        """Return where another code is asked for."""
        return web_url("phone")

    def require_same_user(self) -> None:
        """Refuse a code that verifies again somebody who is not signed in any more.

        Raises:
            CodeNotFound: that is so.
        """
        if self.pending.user not in ("", verifications.key_of(self.request.user)):
            raise CodeNotFound

    def get_form_kwargs(self) -> dict[str, Any]:
        """Tell the form how long the code is."""
        return {**super().get_form_kwargs(), "code_length": self.login_code.length}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the page says about the code."""
        now = timezone.now()
        resend_at = challenges.get_challenge(self.login_code).resend_at
        return {
            **super().get_context_data(**kwargs),
            "phone": phones.display(self.login_code.phone),
            "code_length": self.login_code.length,
            "attempts_left": self.login_code.attempts_left,
            "expires_at": self.login_code.expires_at,
            "expires_seconds": seconds_until(self.login_code.expires_at, now),
            "resend_at": resend_at,
            "resend_seconds": seconds_until(resend_at, now),
            "verifying": bool(self.pending.user),
            "spent": not self.login_code.is_live(now),
            "phone_url": self.phone_url(),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a new code if that was asked for; otherwise try the one that was entered."""
        if "resend" in request.POST:
            return self.resend()
        return super().post(request, *args, **kwargs)

    def resend(self) -> HttpResponse:
        """Send a new code to the same phone and go to where it is entered."""
        try:
            login_code = challenge.send_code(
                self.request,
                phone=self.login_code.phone,
                invite=self.login_code.invite,
                next_url=self.pending.next_url,
                user=self.pending.user,
                changes=self.changes,
            )
        except Refusal as refusal:
            return self.refuse(self.form_class(code_length=self.login_code.length), refusal)
        return HttpResponseRedirect(challenge.code_url(login_code))

    def serve(self, form: Form) -> HttpResponse:
        """Log in, or verify again who is signed in."""
        done = verify_code(
            login_code=self.login_code,
            guess=form.cleaned_data["auth_number"],
            sign_in=self.sign_in,
            address=client_address(self.request.META),
            only=self.request.user if self.pending.user else None,
        )
        if done.invite_refusal:
            messages.warning(self.request, str(done.invite_refusal))
        return HttpResponseRedirect(self.pending.next_url or after_login(done.account.user))

    def refuse(self, form: Form, refusal: Refusal) -> HttpResponse:
        """Go to where another number is entered, if no code to this one could help."""
        if isinstance(refusal, PhoneTaken | PhoneReserved):
            return self.lead_away(refusal, self.phone_url())
        return super().refuse(form, refusal)

    def sign_in(self, user: SiteUser) -> None:
        """Start the user's session, or renew it, before the code is used up."""
        challenge.forget(self.request.session)
        begin = sessions.renew if self.pending.user else sessions.start
        begin(self.request, user)


class LogoutView(PageView):
    """End the session. POST only."""

    http_method_names: tuple[str, ...] = ("post", "options")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Log out and go to the phone page, or where the site wants it."""
        sessions.end(request)
        return HttpResponseRedirect(after_logout())


def after_login(user: SiteUser) -> str:
    """Return where a login without ``next`` leads."""
    return resolve_url(app_settings.login_redirect_url or web_url("profile", pk=user.pk))


def after_logout() -> str:
    """Return where a logout leads."""
    return resolve_url(app_settings.logout_redirect_url or web_url("phone"))


def safe_next_url(request: HttpRequest) -> str:
    """Return where the request wants to go after the login.

    Returns "" where that is not on this host, or is longer than ``MAX_NEXT_URL``.
    """
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = len(wanted) <= MAX_NEXT_URL and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else ""


def seconds_until(moment: dt.datetime, now: dt.datetime) -> int:
    """Return the whole seconds from ``now`` to ``moment``, 0 if it is past."""
    return max(0, math.ceil((moment - now).total_seconds()))
