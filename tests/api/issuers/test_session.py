"""A session: the pages share it, and changes need the CSRF token."""

from __future__ import annotations

import pytest
from django.test import Client

from django_phone_invites.models import PhoneAccount
from django_phone_invites.testing import last_code, sign_up

PHONE = "+79096869722"


@pytest.fixture
def kind(put):
    return put("session")


def test_the_pages_share_the_session(kind, log_in):
    login = log_in(kind)
    assert login.client.get("/user/profile/").status_code == 200
    login.call("post", "/api/logout/")
    assert login.client.get("/user/profile/").status_code == 302


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "/api/me/", {"stranger_invite_code": "AAAAAA"}),
        ("patch", "/api/profile/", {"stranger_invite_code": "AAAAAA"}),
        ("post", "/api/logout/", None),
        ("post", "/api/logout/all/", None),
    ],
)
def test_a_change_without_the_csrf_token_is_refused(kind, log_in, method, path, body):
    login = log_in(kind)
    answer = getattr(login.client, method)(path, body, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert kind.is_alive(login)


def test_a_change_with_the_csrf_token_of_the_login_is_made(kind, log_in):
    login = log_in(kind)
    body = {"stranger_invite_code": sign_up("+79096869723").invite_code.code}
    assert login.call("patch", "/api/me/", body).status_code == 200


def test_the_login_changes_the_session_key_and_the_csrf_token(kind, log_in):
    """Session fixation, and a CSRF token that somebody else has planted."""
    client = Client(enforce_csrf_checks=True)
    client.get("/user/")
    session = client.session
    session["kept"] = True
    session.save()
    before, planted = session.session_key, client.cookies["csrftoken"].value
    client.cookies["sessionid"] = before
    asked = client.post("/api/codes/", {"phone": PHONE}, "application/json")
    body = {"auth_number": last_code(PHONE)}
    assert client.post(asked["Location"], body, "application/json").status_code == 200
    assert client.session.session_key != before
    assert not type(session)(before).exists(before)
    refused = client.post("/api/logout/", headers={"X-CSRFToken": planted})
    assert refused.status_code == 403


def test_the_cookies_are_djangos(kind, log_in):
    cookies = log_in(kind).client.cookies
    assert set(cookies) == {"sessionid", "csrftoken"}
    assert cookies["sessionid"]["httponly"]


def test_whoever_has_a_password_is_not_logged_out_everywhere(kind, log_in):
    """Their sessions end with a new password."""
    user = sign_up(PHONE)
    user.set_password("correct horse")
    user.save()
    login = log_in(kind)
    answer = login.call("post", "/api/logout/all/")
    assert (answer.status_code, answer.json()["code"]) == (409, "logout_impossible")
    assert kind.is_alive(login)
    assert PhoneAccount.objects.get().user.check_password("correct horse")


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "x"])
def test_a_logout_does_not_look_at_its_body(kind, log_in, content_type):
    login = log_in(kind)
    header = {"X-CSRFToken": login.given["csrf_token"]}
    answer = login.client.generic("POST", "/api/logout/", b"{[", content_type, headers=header)
    assert answer.status_code == 204
