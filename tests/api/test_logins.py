"""The endpoints of the logins: parsing, status and who may. What ends is in ``issuers/``."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from django_phone_invites import logins, sessions
from django_phone_invites.testing import log_in, sign_up

PHONE = "+79096869722"


def test_a_session_of_the_pages_is_listed_beside_the_token_and_ended_by_it(person):
    browser, own = Client(), person(PHONE)
    log_in(browser, PHONE)
    body = own.call("get", "/api/logins/").json()
    assert set(body) == {"logins", "unknown"}
    assert {(one["kind"], one["is_present"]) for one in body["logins"]} == {
        ("session", False),
        ("token", True),
    }
    session = next(one["id"] for one in body["logins"] if one["kind"] == "session")
    assert own.call("delete", f"/api/logins/{session}/").status_code == 204
    assert browser.get("/user/profile/").status_code == 302


def test_the_session_of_a_token_s_request_is_not_the_present_login(person):
    own = person(PHONE)
    log_in(own.client, PHONE)
    body = own.call("get", "/api/logins/").json()
    assert {one["kind"]: one["is_present"] for one in body["logins"]} == {
        "session": False,
        "token": True,
    }


@pytest.mark.parametrize("reference", ["x", "f" * 32, "0", "-1", "%00", "a" * 400, "é", "9" * 40])
def test_what_names_no_login_is_not_found(person, reference):
    answer = person(PHONE).call("delete", f"/api/logins/{reference}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch"])
def test_a_login_can_be_ended_and_nothing_else(person, method):
    answer = person(PHONE).call(method, f"/api/logins/{'f' * 32}/")
    assert answer.status_code == 405


def test_an_issuer_that_cannot_end_it_is_the_documented_409(person, monkeypatch):
    from django_phone_invites.api.issuers.authtoken import AuthTokenIssuer
    from django_phone_invites.api.issuers.base import Issuer

    own = person(PHONE)
    monkeypatch.setattr(AuthTokenIssuer, "revoke_one", Issuer.revoke_one)
    (listed,) = own.call("get", "/api/logins/").json()["logins"]
    answer = own.call("delete", f"/api/logins/{listed['id']}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "logout_impossible")


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("delete", f"{'f' * 32}/")])
def test_without_a_database_it_is_the_documented_503(person, monkeypatch, method, path):
    def fail(*args):
        raise OperationalError

    own = person(PHONE)
    monkeypatch.setattr(sessions, "show", fail)
    monkeypatch.setattr(sessions, "end_one", fail)
    answer = own.call(method, f"/api/logins/{path}")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_a_credential_of_another_kind_has_no_present_login(db, settings):
    from rest_framework.test import APIClient

    other = APIClient()
    other.force_authenticate(sign_up(PHONE))
    assert other.get("/api/logins/").json() == {"logins": [], "unknown": []}


def test_an_issuer_that_says_nothing_of_its_logins_knows_none(settings, person):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.issue"
    body = person(PHONE).call("get", "/api/logins/").json()
    assert body["unknown"] == [f"{__name__}.issue"]
    # The token that the site reads all the same is one of REST framework.
    assert [one["is_present"] for one in body["logins"]] == [False]
    assert logins.find_all(sign_up(PHONE)).unknown == body["unknown"]


def issue(request, user):
    """Give out what nobody here knows."""
