"""Where the user is logged in, and how that ends."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from django_phone_invites import logins, phones, sessions
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import SiteUser
from django_phone_invites.routes import web_url
from django_phone_invites.services import accounts
from django_phone_invites.web.views.profile import SignedInMixin
from django_phone_invites.web.views.sign_in import after_logout


class LoginsView(SignedInMixin, TemplateView):
    """What is logged in as the user. A POST ends one login, or with ``all`` every one."""

    template_name = "phone_invites/logins.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the logins."""
        user: SiteUser = self.request.user
        account = accounts.get_account(user)
        present = sessions.present(self.request, user)
        known = logins.find_all(user, present=present)
        return {
            **super().get_context_data(**kwargs),
            "phone": phones.display(account.e164),
            "logins": known.logins,
            "unknown": known.unknown,
            "logins_url": web_url("logins"),
            "profile_url": web_url("profile", pk=user.pk),
            "logout_url": web_url("logout"),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End what the form names."""
        if "all" in request.POST:
            return self.end_all()
        return self.end_one(request.POST.get("login", ""))

    def end_all(self) -> HttpResponse:
        """End all logins, this one included, and go to where a logout leads."""
        left = logins.log_out_everywhere(self.request.user)
        sessions.end(self.request)
        if left == [logins.SESSIONS]:
            text = _("There may be logins that go on. A new password ends them.")
            messages.warning(self.request, text)
        elif left:
            messages.warning(self.request, _("Some logins could not be ended here."))
        return HttpResponseRedirect(after_logout())

    def end_one(self, reference: str) -> HttpResponse:
        """End a login and show the others; one that is not there any more has ended as well."""
        user: SiteUser = self.request.user
        is_present = reference == sessions.present(self.request, user)
        try:
            logins.end_one(user, reference)
        except LogoutImpossible as refusal:
            messages.error(self.request, str(refusal))
        if is_present:
            # The session is gone: nothing may store it again.
            sessions.end(self.request)
            return HttpResponseRedirect(after_logout())
        return HttpResponseRedirect(web_url("logins"))
