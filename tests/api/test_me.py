"""GET and PATCH me/: the own profile, without an id; and the ways out beside it."""

from __future__ import annotations

import pytest

PHONE = "+79096869722"


@pytest.fixture
def by_pk(use_api_routes):
    """A site whose profile stands at the user's id, which may be of any type."""
    use_api_routes(profile="<str:pk>/", invitees="<str:pk>/invitees/")


def test_it_is_the_profile(person):
    owner = person(PHONE)
    me = owner.call("get", "/api/me/")
    assert me.status_code == 200
    assert me.json() == owner.call("get", "/api/profile/").json()


def test_credentials_with_a_nul_are_nobodys(client, person):
    token = person(PHONE).call("get", "/api/me/").wsgi_request.META["HTTP_AUTHORIZATION"]
    answer = client.get("/api/me/", HTTP_AUTHORIZATION=f"{token}\0")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_it_tells_the_id_that_the_profile_has_in_its_route(person, by_pk):
    owner = person(PHONE)
    found = owner.call("get", "/api/me/").json()
    assert owner.call("get", f"/api/{found['id']}/").json() == found


@pytest.mark.parametrize("path", ["/api/logout/", "/api/logout/all/"])
def test_a_route_of_the_profile_that_takes_any_word_leaves_the_ways_out_open(person, by_pk, path):
    owner = person(PHONE)
    assert owner.call("post", path).status_code == 204
    assert owner.call("get", "/api/me/").status_code == 401


def test_an_invite_code_is_activated_as_at_the_profile(person):
    owner, invitee = person(PHONE), person("+79096869723")
    body = {"stranger_invite_code": owner.invite_code, "phone": "+79096869799"}
    answer = invitee.call("patch", "/api/me/", body)
    assert (answer.status_code, answer.json()) == (
        200,
        {"stranger_invite_code": owner.invite_code},
    )
    again = invitee.call("patch", "/api/me/", body)
    assert (again.status_code, again.json()["code"]) == (409, "invite_already_activated")
    assert invitee.call("get", "/api/me/").json()["phone"] == "+79096869723"


def test_a_user_without_a_phone_has_none(person):
    owner = person(PHONE)
    owner.user.phone_account.delete()
    answer = owner.call("get", "/api/me/")
    assert (answer.status_code, answer.json()["code"]) == (404, "account_missing")


def test_whoever_has_no_phone_can_still_log_out(person):
    owner = person(PHONE)
    owner.user.phone_account.delete()
    assert owner.call("post", "/api/logout/").status_code == 204


@pytest.mark.parametrize("path", ["/api/logout/", "/api/logout/all/"])
def test_nothing_is_ended_by_a_get(person, path):
    owner = person(PHONE)
    assert owner.call("get", path).status_code == 405
    assert owner.call("get", "/api/me/").status_code == 200
