"""A site's own function for an issuer: it says what a login gives out, and ends nothing."""

from __future__ import annotations

import io

import pytest
import yaml
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
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


@pytest.mark.parametrize("path", ["/api/logout/", "/api/logout/all/"])
def test_what_a_function_gave_out_is_not_ended_here(person, issue_with, path):
    owner = person(PHONE)
    issue_with(pair)
    answer = owner.call("post", path)
    assert (answer.status_code, answer.json()["code"]) == (409, "logout_impossible")
    assert owner.call("get", "/api/me/").status_code == 200


def test_the_schema_says_nothing_of_what_a_function_gives_out(issue_with):
    issue_with(pair)
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    schema = yaml.safe_load(out.getvalue())
    described = schema["components"]["schemas"]["Login"]
    assert set(described["properties"]) == {"id", "invite_refusal"}
    answer = schema["paths"]["/api/codes/{token}/"]["post"]["responses"]["200"]
    assert set(answer["content"]["application/json"]["examples"]["Granted"]["value"]) == {"id"}
