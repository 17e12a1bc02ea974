"""The tokens of rest_framework.authtoken: one for each user."""

from __future__ import annotations

from rest_framework.authtoken.models import Token

from django_phone_invites.api.issuers import get_issuer


def test_all_devices_of_a_user_share_the_token(put, log_in):
    kind = put("authtoken")
    first, second = log_in(kind), log_in(kind)
    assert first.given == second.given
    assert Token.objects.get().key == first.given["token"]


def test_a_logout_makes_the_next_login_another_token(put, log_in):
    kind = put("authtoken")
    login = log_in(kind)
    login.call("post", "/api/logout/")
    assert not Token.objects.exists()
    assert log_in(kind).given["token"] != login.given["token"]


def test_the_token_never_ends(put):
    put("authtoken")
    assert not get_issuer().ends()


def test_a_token_that_has_taken_the_place_of_another_is_not_ended_for_it(put, log_in):
    log_in(put("authtoken"))
    issuer = get_issuer()
    token = Token.objects.get()
    (earlier,) = issuer.logins(token.user)
    token.delete()
    Token.objects.create(user=token.user)
    issuer.revoke_one(token.user, earlier.name)
    assert Token.objects.exists()
