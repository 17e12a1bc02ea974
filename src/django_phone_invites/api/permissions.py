"""A permission for a site's own endpoints that want a right code of late."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from django_phone_invites.api.refusals import in_words
from django_phone_invites.exceptions import VerificationRequired
from django_phone_invites.services import accounts, verifications


class RecentlyVerified(IsAuthenticated):
    """Lets in who entered a right code within ``max_age``; refuses others with 403.

    The body of the refusal is ``{"code": "verification_required", "detail": ...}`` under REST
    framework's own exception handler too. Who has no valid credentials at all gets the usual 401.
    """

    max_age: dt.timedelta = verifications.MAX_AGE
    code = VerificationRequired.code

    @property
    def message(self) -> dict[str, Any]:
        """What REST framework makes the body of."""
        return in_words(VerificationRequired())

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether a right code was entered of late."""
        signed_in = super().has_permission(request, view)
        return signed_in and verifications.is_recent(self.verified_at(request), self.max_age)

    def verified_at(self, request: Request) -> dt.datetime | None:
        """Return when the user last entered a right code, as far as it is known.

        With a session, when it was entered through this session. With a token, when the *user* last
        entered one, through whichever client: what a token remembers is its issuer's. Override it
        where yours are made anew at each login.
        """
        if request.auth is not None:
            return verifications.of_account(request.user)
        session = getattr(request, "session", None)
        return None if session is None else verifications.in_session(session, request.user)


class MayChangeNumber(RecentlyVerified):
    """As ``RecentlyVerified``; lets in who has no number yet, and so nothing to verify."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the number was verified of late, or there is none."""
        if super().has_permission(request, view):
            return True
        return bool(request.user.is_authenticated) and not accounts.has_phone(request.user)
