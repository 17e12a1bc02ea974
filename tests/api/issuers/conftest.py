"""Each issuer in force, with the authentication that reads what it gives out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils.module_loading import import_string

from django_phone_invites.api.views import SignedInView
from django_phone_invites.testing import last_code

PHONE = "+79096869722"
JSON = "application/json"
_NO_TIME = dt.timedelta(0)


@dataclass(frozen=True)
class Login:
    """A client that has logged in, and what it was given."""

    client: Client
    given: dict[str, Any]
    prefix: str

    def call(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        """Send a request as a client of this issuer does."""
        headers = {"HTTP_X_CSRFTOKEN": self.given.get("csrf_token", "")}
        if "token" in self.given:
            headers = {"HTTP_AUTHORIZATION": f"{self.prefix} {self.given['token']}"}
        data = {} if body is None else {"data": body, "content_type": JSON}
        return getattr(self.client, method)(path, **data, **headers, **extra)


@dataclass(frozen=True)
class Kind:
    """An issuer, what it needs, and how its tokens are sent."""

    path: str
    authentication: str
    package: str = "rest_framework"
    prefix: str = "Token"
    #: The header that asks for credentials; REST framework answers 403 where there is none.
    asks: str | None = "Token"

    def is_alive(self, login: Login) -> bool:
        """Tell whether a login can still be gone on with."""
        if "refresh" not in login.given:
            return bool(login.call("get", "/api/me/").status_code == 200)
        from rest_framework_simplejwt.exceptions import TokenError
        from rest_framework_simplejwt.tokens import RefreshToken

        try:
            RefreshToken(login.given["refresh"])
        except TokenError:
            return False
        return True


KINDS = {
    "authtoken": Kind(
        "authtoken.AuthTokenIssuer", "rest_framework.authentication.TokenAuthentication"
    ),
    "knox": Kind("knox.KnoxIssuer", "knox.auth.TokenAuthentication", "knox"),
    "jwt": Kind(
        "jwt.JWTIssuer",
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework_simplejwt",
        prefix="Bearer",
        asks='Bearer realm="api"',
    ),
    "session": Kind(
        "session.SessionIssuer", "rest_framework.authentication.SessionAuthentication", asks=None
    ),
}


@pytest.fixture
def put(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Kind]:
    """Put an issuer in force, by its name, as a site's settings do."""

    def put(name: str) -> Kind:
        kind = KINDS[name]
        pytest.importorskip(kind.package, reason=f"{kind.package} is missing: --group issuers")
        settings.PHONE_INVITES_TOKEN_ISSUER = f"django_phone_invites.api.issuers.{kind.path}"
        # REST framework's views read the site's setting once, when they are imported.
        monkeypatch.setattr(
            SignedInView, "authentication_classes", [import_string(kind.authentication)]
        )
        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "DEFAULT_AUTHENTICATION_CLASSES": [kind.authentication],
        }
        # Of a site that lets nobody wait.
        settings.PHONE_INVITES_RESEND_COOLDOWN = settings.PHONE_INVITES_RESEND_COOLDOWN_MAX = (
            _NO_TIME
        )
        return kind

    return put


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, put: Callable[[str], Kind]) -> Kind:
    """Each issuer in turn."""
    return put(request.param)


@pytest.fixture
def log_in(db: None) -> Callable[..., Login]:
    """Log in through the API, on a device of its own."""

    def log_in(kind: Kind, phone: str = PHONE, user_agent: str = "") -> Login:
        client = Client(enforce_csrf_checks=True, HTTP_USER_AGENT=user_agent)
        asked = client.post("/api/codes/", {"phone": phone}, JSON)
        entered = client.post(asked["Location"], {"auth_number": last_code(phone)}, JSON)
        assert entered.status_code == 200, entered.content
        return Login(client, entered.json(), kind.prefix)

    return log_in
