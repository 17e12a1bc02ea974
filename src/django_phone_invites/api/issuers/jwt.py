"""The tokens of djangorestframework-simplejwt: a short access token, and one that refreshes it.

A refresh token is a row of the blacklist app, and ends there. An access token is no row: it works
until its own end, five minutes by default, whatever becomes of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from django_phone_invites.api.issuers.base import IssuedLogin, Issuer
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import SiteUser

try:
    from rest_framework_simplejwt.settings import api_settings
    from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
    from rest_framework_simplejwt.tokens import RefreshToken, Token
    from rest_framework_simplejwt.utils import datetime_from_epoch
except ImportError as missing:  # pragma: no cover - tested in a process of its own
    raise ImportError(
        'JSON Web Tokens need rest_framework_simplejwt: pip install "django-phone-invites[jwt]"'
    ) from missing

#: The claim that names the login (OpenID Connect Front-Channel Logout 1.0, 3: "session ID"). Simple
#: JWT copies it to every access token, and keeps it where it gives out another refresh token.
_LOGIN = "sid"


class JWTAnswer(serializers.Serializer):
    """An access token, when it ends, and the token that refreshes it."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    refresh = serializers.CharField()


class JWTIssuer(Issuer):
    """Gives out a pair of tokens for each login. ``SIMPLE_JWT`` says how long they live."""

    apps = ("rest_framework_simplejwt.token_blacklist",)
    authentication = "rest_framework_simplejwt.authentication.JWTAuthentication"
    answer = JWTAnswer
    sample = {
        "token": "eyJhbGciOiJIUzI1NiJ9.e30.access",
        "expires_at": "2026-01-01T12:05:00Z",
        "refresh": "eyJhbGciOiJIUzI1NiJ9.e30.refresh",
    }

    def issue(self, request: Request, user: SiteUser) -> dict[str, Any]:
        """Return a new pair."""
        refresh = RefreshToken.for_user(user)
        refresh[_LOGIN] = refresh[api_settings.JTI_CLAIM]
        access = refresh.access_token
        self.remember(request, user, refresh[_LOGIN], datetime_from_epoch(refresh["exp"]))
        return {
            "token": str(access),
            "expires_at": datetime_from_epoch(access["exp"]),
            "refresh": str(refresh),
        }

    def revoke(self, request: Request) -> None:
        """Blacklist the refresh tokens of the login that the access token is of."""
        login = self.present(request)
        if login is None:
            raise LogoutImpossible
        self.revoke_one(request.user, login)

    def revoke_all(self, user: SiteUser) -> None:
        """Blacklist the refresh tokens of all logins."""
        _blacklist(_outstanding(user))

    def logins(self, user: SiteUser) -> Sequence[IssuedLogin]:
        """Return one for each login with a refresh token that works."""
        found: dict[str, IssuedLogin] = {}
        for kept in _outstanding(user).order_by("expires_at"):
            name = _login_of(kept)
            # Where rotation does not end the one before, the first says when the login began.
            began_at = found[name].began_at if name in found else kept.created_at
            found[name] = IssuedLogin(name, began_at, kept.expires_at)
        return list(found.values())

    def present(self, request: Request) -> str | None:
        """Return the claim that names the login."""
        return request.auth.get(_LOGIN) if isinstance(request.auth, Token) else None

    def revoke_one(self, user: SiteUser, name: str) -> None:
        """Blacklist the refresh tokens of the login."""
        _blacklist(kept for kept in _outstanding(user) if _login_of(kept) == name)


def _outstanding(user: SiteUser) -> QuerySet[Any]:
    found: QuerySet[Any] = OutstandingToken.objects.filter(
        user=user, blacklistedtoken=None, expires_at__gt=timezone.now()
    )
    return found


def _login_of(kept: Any) -> str:
    # The row of a login's first token was made before the claim, which is that token's own id.
    login: str = RefreshToken(kept.token, verify=False).get(_LOGIN, kept.jti)
    return login


def _blacklist(outstanding: Any) -> None:
    # Another logout may be at the same tokens.
    BlacklistedToken.objects.bulk_create(
        [BlacklistedToken(token=kept) for kept in outstanding], ignore_conflicts=True
    )
