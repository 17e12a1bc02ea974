"""All logins of a user end at once, whatever gave them out."""

from __future__ import annotations

import importlib.util

import pytest
from django.conf import settings as django_settings
from django.test import Client

from django_phone_invites import logins
from django_phone_invites.testing import log_in, sign_up

pytestmark = pytest.mark.django_db

PHONE, STRANGER = "+79096869722", "+79096869723"
needs_drf = pytest.mark.skipif(not django_settings.HAS_DRF, reason="no API")


def is_in(client):
    return client.get("/user/profile/").status_code == 200


def test_sessions_end():
    clients, stranger = [Client(), Client()], Client()
    for client in clients:
        user = log_in(client, PHONE)
    log_in(stranger, STRANGER)
    assert logins.end_all(user) == []
    assert [is_in(client) for client in clients] == [False, False]
    assert is_in(stranger)


@pytest.mark.parametrize("engine", ["db", "cached_db"])
def test_sessions_of_a_user_with_a_password_end_where_a_table_keeps_them(settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    sign_up(PHONE).set_password("secret")
    own, stranger = Client(), Client()
    user = sign_up(PHONE)
    user.set_password("secret")
    user.save()
    log_in(own, PHONE)
    log_in(stranger, STRANGER)
    assert logins.end_all(user) == []
    assert not is_in(own)
    assert is_in(stranger)
    user.refresh_from_db()
    assert user.check_password("secret")


def test_sessions_that_cannot_be_found_are_named(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    user = sign_up(PHONE)
    user.set_password("secret")
    user.save()
    assert logins.end_all(user) == ["sessions"]


@needs_drf
@pytest.mark.parametrize("issuer", ["authtoken.AuthTokenIssuer", "session.SessionIssuer"])
def test_tokens_end_whichever_issuer_is_in_force(settings, issuer):
    """A site that has changed its issuer may still take what the one before gave out."""
    from rest_framework.authtoken.models import Token

    settings.PHONE_INVITES_TOKEN_ISSUER = f"django_phone_invites.api.issuers.{issuer}"
    user, stranger = sign_up(PHONE), sign_up(STRANGER)
    Token.objects.create(user=user)
    Token.objects.create(user=stranger)
    assert logins.end_all(user) == []
    assert Token.objects.get().user == stranger


@pytest.mark.skipif(not importlib.util.find_spec("knox"), reason="knox is missing: --group issuers")
def test_tokens_of_knox_end():
    from knox.models import get_token_model

    user = sign_up(PHONE)
    get_token_model().objects.create(user)
    assert logins.end_all(user) == []
    assert not get_token_model().objects.exists()


@pytest.mark.skipif(
    not importlib.util.find_spec("rest_framework_simplejwt"),
    reason="Simple JWT is missing: --group issuers",
)
def test_refresh_tokens_of_simple_jwt_end():
    from rest_framework_simplejwt.exceptions import TokenError
    from rest_framework_simplejwt.tokens import RefreshToken

    user = sign_up(PHONE)
    given = str(RefreshToken.for_user(user))
    assert logins.end_all(user) == []
    with pytest.raises(TokenError):
        RefreshToken(given)


def test_an_app_that_is_not_installed_is_not_asked(settings):
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app.startswith(("django.contrib", "tests"))
    ]
    assert list(logins._issuers()) == []


def issue(request, user):
    """Give out what nobody here can end."""


@needs_drf
def test_what_a_site_s_own_function_gave_out_is_named(settings):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.issue"
    assert logins.end_all(sign_up(PHONE)) == [f"{__name__}.issue"]
