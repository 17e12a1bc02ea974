"""The tokens of Simple JWT: a pair for each login, which is ended through its refresh tokens."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from django_phone_invites.models import PhoneAccount

tokens = pytest.importorskip(
    "rest_framework_simplejwt.tokens", reason="Simple JWT is missing: --group issuers"
)


@pytest.fixture
def kind(put):
    return put("jwt")


def refresh(token):
    """Refresh as ``TokenRefreshView`` does."""
    from rest_framework_simplejwt.serializers import TokenRefreshSerializer

    serializer = TokenRefreshSerializer(data={"refresh": token})
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def is_blacklisted(token):
    from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

    jti = tokens.RefreshToken(token, verify=False)["jti"]
    return BlacklistedToken.objects.filter(token__jti=jti).exists()


def test_the_login_says_when_its_access_token_ends(kind, log_in):
    given = log_in(kind).given
    ends = parse_datetime(given["expires_at"])
    assert int(ends.timestamp()) == tokens.AccessToken(given["token"])["exp"]


def test_a_logout_with_an_access_token_that_was_refreshed_ends_the_login(kind, log_in):
    login, other = log_in(kind), log_in(kind)
    login.given["token"] = refresh(login.given["refresh"])["access"]
    assert login.call("post", "/api/logout/").status_code == 204
    assert is_blacklisted(login.given["refresh"])
    assert not is_blacklisted(other.given["refresh"])


@pytest.mark.parametrize("path", ["/api/logout/", "/api/logout/all/"])
def test_refresh_tokens_that_took_the_place_of_others_end_too(kind, log_in, monkeypatch, path):
    from rest_framework_simplejwt import serializers

    # The package binds its settings when it is imported.
    monkeypatch.setattr(serializers.api_settings, "ROTATE_REFRESH_TOKENS", True)
    login = log_in(kind)
    rotated = refresh(login.given["refresh"])["refresh"]
    assert login.call("post", path).status_code == 204
    assert is_blacklisted(rotated)
    assert is_blacklisted(login.given["refresh"])


def test_an_access_token_works_until_its_own_end(kind, log_in):
    """It is no row anywhere; the documentation says so."""
    login = log_in(kind)
    login.call("post", "/api/logout/")
    assert login.call("get", "/api/me/").status_code == 200
    assert login.call("post", "/api/logout/").status_code == 204


def test_a_token_that_was_not_given_out_here_names_no_login(kind, log_in):
    login = log_in(kind)
    user = PhoneAccount.objects.get().user
    login.given["token"] = str(tokens.RefreshToken.for_user(user).access_token)
    answer = login.call("post", "/api/logout/")
    assert (answer.status_code, answer.json()["code"]) == (409, "logout_impossible")
    assert not is_blacklisted(login.given["refresh"])
    assert login.call("post", "/api/logout/all/").status_code == 204
    assert is_blacklisted(login.given["refresh"])


@pytest.mark.parametrize("bad", ["x", "a.b.c", "\xff"])
def test_a_token_that_is_none_is_refused_with_the_code_of_its_package(kind, log_in, bad):
    login = log_in(kind)
    login.given["token"] = bad
    answer = login.call("get", "/api/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


def test_a_refresh_token_opens_nothing(kind, log_in):
    login = log_in(kind)
    login.given["token"] = login.given["refresh"]
    assert login.call("get", "/api/me/").status_code == 401


def logins_of(login):
    return login.call("get", "/api/logins/").json()["logins"]


@pytest.mark.parametrize("blacklists", [True, False])
def test_a_login_stays_one_while_its_refresh_tokens_rotate(kind, log_in, monkeypatch, blacklists):
    from rest_framework_simplejwt import serializers

    monkeypatch.setattr(serializers.api_settings, "ROTATE_REFRESH_TOKENS", True)
    monkeypatch.setattr(serializers.api_settings, "BLACKLIST_AFTER_ROTATION", blacklists)
    login = log_in(kind)
    (before,) = logins_of(login)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        rotated = refresh(login.given["refresh"])["refresh"]
        (after,) = logins_of(login)
        assert (after["id"], after["is_present"]) == (before["id"], True)
        assert after["ends_at"] > before["ends_at"]
        assert login.call("delete", f"/api/logins/{after['id']}/").status_code == 204
        assert is_blacklisted(rotated)
        assert is_blacklisted(login.given["refresh"])
        assert logins_of(login) == []


def test_a_token_that_was_not_given_out_here_is_listed_and_ended_all_the_same(kind, log_in):
    login = log_in(kind)
    user = PhoneAccount.objects.get().user
    other = tokens.RefreshToken.for_user(user)
    listed = {one["is_present"]: one["id"] for one in logins_of(login)}
    assert set(listed) == {True, False}
    assert login.call("delete", f"/api/logins/{listed[False]}/").status_code == 204
    assert is_blacklisted(str(other))
    assert not is_blacklisted(login.given["refresh"])


def test_the_refresh_token_of_a_disabled_user_refreshes_nothing(kind, log_in):
    from rest_framework.exceptions import AuthenticationFailed

    login = log_in(kind)
    user = PhoneAccount.objects.get().user
    user.is_active = False
    user.save()
    with pytest.raises(AuthenticationFailed):
        refresh(login.given["refresh"])
