"""What an API login gives out is the site's to say, inside the login's own transaction."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from rest_framework.authtoken.models import Token

from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.testing import last_code

PHONE = "+79096869722"


def pair(request, user):
    """Issue two tokens, as JWT packages do."""
    return {"token": f"access-{user.pk}", "refresh": request.data["auth_number"][::-1]}


def denying(request, user):
    raise PermissionDenied


def broken(request, user):
    raise RuntimeError("the issuer is broken")


@pytest.fixture
def enter(request_code, guess):
    """Ask for a code and enter it."""

    def enter():
        return guess(request_code()["Location"], last_code(PHONE))

    return enter


@pytest.fixture
def issue_with(settings):
    """Put an issuer in force."""

    def put(issuer):
        settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.{issuer.__name__}"

    return put


def test_without_a_setting_it_is_the_token_of_rest_framework(enter):
    token = Token.objects.get(key=enter().json()["token"])
    assert token.user_id == PhoneAccount.objects.get().user_id


def test_an_issuer_of_the_sites_own_gives_out_what_it_likes(enter, issue_with):
    issue_with(pair)
    body = enter().json()
    user = PhoneAccount.objects.get().user
    assert str(body.pop("id")) == str(user.pk)
    assert body == {"token": f"access-{user.pk}", "refresh": last_code(PHONE)[::-1]}
    assert not Token.objects.exists()


def test_an_issuer_that_denies_uses_up_no_code_and_makes_no_user(enter, issue_with):
    issue_with(denying)
    answer = enter()
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert LoginCode.objects.get().used_at is None
    assert not PhoneAccount.objects.exists()


def test_a_broken_issuer_is_a_defect_and_uses_up_no_code(enter, issue_with):
    issue_with(broken)
    with pytest.raises(RuntimeError, match="the issuer is broken"):
        enter()
    assert LoginCode.objects.get().used_at is None
    assert not PhoneAccount.objects.exists()
