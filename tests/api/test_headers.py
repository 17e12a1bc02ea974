"""The headers of every route and method, whatever the answer."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from django.test import Client

from django_phone_invites import exceptions
from django_phone_invites.routes import API_ROUTES

PHONE = "+79096869722"
PATHS = {name: f"/api/{re.sub('<.*>', 'x', path)}" for name, path in API_ROUTES.items()}
METHODS = ["get", "head", "post", "put", "patch", "delete", "options"]
ALLOWED = {
    "codes": "POST, OPTIONS",
    "code": "POST, OPTIONS",
    "profile": "GET, PATCH, HEAD, OPTIONS",
    "invitees": "GET, HEAD, OPTIONS",
    "me": "GET, PATCH, HEAD, OPTIONS",
    "logout": "POST, OPTIONS",
    "logout_all": "POST, OPTIONS",
    "number": "POST, OPTIONS",
    "number_code": "POST, OPTIONS",
    "number_undo": "POST, OPTIONS",
    "logins": "GET, HEAD, OPTIONS",
    "login": "DELETE, OPTIONS",
}
ANONYMOUS = {"codes", "code", "number_undo"}


def test_the_table_has_every_route():
    assert set(ALLOWED) == set(API_ROUTES)


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", ALLOWED)
def test_no_answer_is_cached_or_sets_a_cookie(person, client, method, route, signed_in):
    owner = person()
    answer = (
        owner.call(method, PATHS[route]) if signed_in else getattr(client, method)(PATHS[route])
    )
    assert {"no-store", "no-cache", "private"} <= set(answer["Cache-Control"].split(", "))
    assert not answer.cookies


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", ALLOWED)
def test_credentials_are_asked_for_where_they_are_missing_and_nowhere_else(
    person, client, method, route
):
    answer = getattr(client, method)(PATHS[route])
    assert (answer.status_code == 401) is (route not in ANONYMOUS)
    assert answer.get("WWW-Authenticate") == (None if route in ANONYMOUS else "Token")
    assert "WWW-Authenticate" not in person().call(method, PATHS[route])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("route", ALLOWED)
def test_a_method_that_is_not_served_is_405_and_says_which_are(person, method, route):
    answer = person().call(method, PATHS[route])
    assert (answer.status_code == 405) is (method.upper() not in ALLOWED[route].split(", "))
    assert answer["Allow"] == ALLOWED[route]


@pytest.mark.parametrize("route", ALLOWED)
def test_options_say_which_methods_there_are(person, route):
    answer = person().call("options", PATHS[route])
    assert (answer.status_code, answer["Allow"]) == (200, ALLOWED[route])
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["renders"] == ["application/json"]


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("route", ALLOWED)
def test_head_answers_as_get_without_a_body(person, client, route, signed_in):
    owner = person()
    ask = owner.call if signed_in else (lambda method, path: getattr(client, method)(path))
    got, head = ask("get", PATHS[route]), ask("head", PATHS[route])
    assert head.content == b""
    assert head.status_code == got.status_code
    # Expires is the moment, and a 405 names the method in its body.
    differing = {"Expires"} | ({"Content-Length"} if got.status_code == 405 else set())
    assert {key: head[key] for key in head.headers if key not in differing} == {
        key: got[key] for key in got.headers if key not in differing
    }


def test_only_a_new_code_has_a_location(request_code, person):
    asked = request_code()
    assert asked.status_code == 201
    assert asked["Location"] == f"/api/codes/{asked.json()['id']}/"
    owner = person()
    for route, allowed in ALLOWED.items():
        for method in allowed.lower().split(", "):
            assert "Location" not in owner.call(method, PATHS[route])


#: Whatever a route calls, with where it is looked up.
CALLED = {
    ("post", "codes"): "services.challenges.request_code",
    ("post", "code"): "services.challenges.find_code",
    ("get", "profile"): "services.accounts.get_profile",
    ("patch", "profile"): "services.invites.activate_invite",
    ("get", "invitees"): "services.accounts.get_invitees",
    ("get", "me"): "services.accounts.get_profile",
    ("patch", "me"): "services.invites.activate_invite",
    ("post", "logout"): "api.views.logins.log_out",
    ("post", "logout_all"): "api.views.logins.log_out_everywhere",
    ("get", "logins"): "logins.find_all",
    ("delete", "login"): "logins.end_one",
    ("post", "number"): "services.challenges.request_code",
    ("post", "number_code"): "services.challenges.find_code",
    ("post", "number_undo"): "services.undo.undo_change",
}
BODY = {
    "phone": PHONE,
    "auth_number": "123456",
    "stranger_invite_code": "AAAAAA",
    "token": "0" * 32,
}


def _refusals():
    now = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    limited = exceptions.RateLimited(retry_at=now + dt.timedelta(seconds=9), now=now)
    return [
        pytest.param(limited, 429, "9", id="429"),
        pytest.param(exceptions.SendingPaused(), 503, "300", id="paused"),
        pytest.param(exceptions.Unavailable(), 503, "5", id="unavailable"),
    ]


@pytest.mark.parametrize(("refusal", "status", "after"), _refusals())
@pytest.mark.parametrize(("method", "route"), CALLED)
def test_who_should_come_back_is_told_when(
    person, monkeypatch, method, route, refusal, status, after
):
    def refuse(*args, **kwargs):
        raise refusal

    owner = person()
    monkeypatch.setattr(f"django_phone_invites.{CALLED[method, route]}", refuse)
    answer = owner.call(method, PATHS[route], None if method == "get" else BODY)
    assert (answer.status_code, answer["Retry-After"]) == (status, after)
    assert "no-store" in answer["Cache-Control"]


# Languages

#: A refusal for each way in which one comes about: ours, a field's, REST framework's, the parser's.
REFUSED = [
    ("post", "/api/codes/", {"phone": "12"}, 400, "invalid"),
    ("post", "/api/codes/", {}, 400, "invalid"),
    ("post", "/api/codes/x/", {"auth_number": "123456"}, 404, "code_not_found"),
    ("patch", "/api/me/", {"stranger_invite_code": "AAAAAA"}, 400, "invite_unknown"),
    ("get", "/api/codes/", None, 405, "method_not_allowed"),
    ("post", "/api/codes/", {"phone": "1" * 20_000}, 413, "body_too_large"),
]


def _told(answer):
    """Return the words and the codes of a refusal, each in its order."""
    body = answer.json()
    errors = [each for field in body.get("errors", {}).values() for each in field]
    return (
        [body["detail"], *(each["detail"] for each in errors)],
        [body["code"], *(each["code"] for each in errors)],
    )


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), REFUSED)
def test_a_refusal_speaks_the_language_of_the_request_and_its_code_none(
    person, method, path, body, status, code
):
    owner = person("+79096869723")
    data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    answers = {
        language: getattr(Client(), method)(
            path,
            headers={"Accept-Language": language, "Authorization": f"Token {owner.token}"},
            **data,
        )
        for language in ("en", "ru", "tlh")
    }
    assert {answer.status_code for answer in answers.values()} == {status}
    words, codes = zip(*(_told(answer) for answer in answers.values()), strict=True)
    assert codes[0][0] == code
    assert codes[0] == codes[1] == codes[2]
    assert words[0] == words[2] != words[1]
    assert all(text.isascii() for text in words[0])
    assert not any(text.isascii() for text in words[1])
    assert answers["ru"]["Content-Language"] == "ru"


@pytest.mark.parametrize("authorization", ["", "Token x", "Token"])
def test_a_401_speaks_the_language_of_the_request(client, db, authorization):
    headers = {"Accept-Language": "ru", "Authorization": authorization}
    answer = client.get("/api/me/", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] in {"not_authenticated", "authentication_failed"}
    assert not answer.json()["detail"].isascii()
