"""A session of Django, for scripts of the site's own pages that call the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.middleware.csrf import get_token
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from django_phone_invites import sessions
from django_phone_invites.api.issuers.base import IssuedLogin, Issuer
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import SiteUser


class SessionAnswer(serializers.Serializer):
    """What goes into the header ``X-CSRFToken`` of every change."""

    csrf_token = serializers.CharField()


class SessionIssuer(Issuer):
    """Starts a session. The pages share it: a login or a logout of one is that of the other."""

    apps = ("django.contrib.sessions",)
    authentication = "rest_framework.authentication.SessionAuthentication"
    answer = SessionAnswer
    sample = {"csrf_token": "kXbQvJ4yT0mZsW9dLr2n"}

    def issue(self, request: Request, user: SiteUser) -> dict[str, Any]:
        """Log in, and return the CSRF token: its cookie may be one that scripts cannot read."""
        sessions.start(request, user)
        return {"csrf_token": get_token(request)}

    def revoke(self, request: Request) -> None:
        """Delete the session."""
        if not isinstance(request.successful_authenticator, SessionAuthentication):
            raise LogoutImpossible
        sessions.end(request)

    def revoke_all(self, user: SiteUser) -> None:
        """End all sessions of the user, those of the pages as well."""
        if not sessions.end_all(user):
            raise LogoutImpossible

    def logins(self, user: SiteUser) -> Sequence[IssuedLogin]:
        """Return none: they are sessions, which are known without an issuer."""
        return []
