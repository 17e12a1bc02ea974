"""Own data only: no answer, and no template, is given a token, a nonce, an address or another's phone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import models
from django.forms import BaseForm
from django.test import Client

from django_phone_invites.models import LoginCode
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import last_code, log_in, sign_up

pytestmark = pytest.mark.django_db

OWN, INVITER, INVITEE, STRANGER = (f"+7909686972{last}" for last in range(1, 5))
ADDRESS = "203.0.113.7"
API_PATHS = (
    *("/api/profile/", "/api/profile/invitees/", "/api/me/"),
    *("/api/logout/", "/api/logout/all/", "/api/logins/", f"/api/logins/{'f' * 32}/"),
)
#: What no key of an answer and no name in a context says.
WORDS = {"nonce", "address", "attempts", "token", "username", "password", "inviter"}


@pytest.fixture
def own() -> Any:
    """A user with an inviter, an invitee, and somebody that they have nothing to do with."""
    own, inviter, invitee = (sign_up(phone) for phone in (OWN, INVITER, INVITEE))
    sign_up(STRANGER)
    activate_invite(user=own, code=inviter.invite_code.code)
    activate_invite(user=invitee, code=own.invite_code.code)
    return own


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each key below ``value`` with what stands there."""
    if isinstance(value, Mapping):
        below = list(value.items())
    elif isinstance(value, (list, tuple, models.QuerySet)):
        below = [("", one) for one in value]
    elif dataclasses.is_dataclass(value):
        below = list(vars(value).items())
    elif isinstance(value, models.Model):
        below = [
            (field.name, getattr(value, field.attname)) for field in value._meta.concrete_fields
        ]
    elif isinstance(value, BaseForm):
        below = [(field.name, f"{field} {field.errors}") for field in value]
    else:
        return
    for key, found in below:
        yield str(key), found
        yield from walk(found)


def foreign() -> list[str]:
    """Return what is nobody's to see, as it may be written."""
    codes = LoginCode.objects.values_list("nonce", "address")
    kept = [str(part) for row in codes for part in row if part]
    phones = [INVITER, STRANGER, INVITEE, "686-97-22", "686-97-23", "686-97-24"]
    return [*kept, *phones, *keys_of_tokens()]


def keys_of_tokens() -> list[str]:
    if not django_settings.HAS_DRF:
        return []
    from rest_framework.authtoken.models import Token

    return list(Token.objects.values_list("key", flat=True))


def test_no_page_and_no_template_is_given_more_than_the_own_data(own: Any) -> None:
    client = Client(REMOTE_ADDR=ADDRESS)
    asked = client.post("/user/", {"phone": OWN})["Location"]
    token = LoginCode.objects.get().token
    answers = [
        client.get("/user/"),
        client.get(asked),
        client.post(asked, {"auth_number": "x"}),
        client.post(asked, {"resend": "1"}),
    ]
    assert client.post(asked, {"auth_number": last_code(OWN)}).status_code == 302
    answers += [
        client.get("/user/profile/"),
        client.get("/user/profile/invitees/"),
        client.get("/user/logins/"),
        client.post("/user/profile/", {"stranger_invite_code": "NOBODY"}),
        client.get("/user/"),
        client.get("/user/verify/"),
        client.post("/user/verify/"),
    ]
    # These are Django's; the user is the own one, and messages are told in the body.
    passed = {"view", "request", "user", "perms", "csrf_token", "messages"}
    for answer in answers:
        assert answer.context is not None
        given = {
            key: value
            for context in answer.context
            for layer in context.dicts
            for key, value in layer.items()
            if key not in passed
        }
        found = list(walk(given))
        assert WORDS.isdisjoint(key for key, _ in found), answer.request["PATH_INFO"]
        told = answer.content.decode() + repr(found)
        assert [secret for secret in [*foreign(), token] if secret in told] == []


@pytest.mark.skipif(not django_settings.HAS_DRF, reason="no API")
def test_no_answer_of_the_api_holds_more_than_the_own_data(own: Any) -> None:
    client = Client(REMOTE_ADDR=ADDRESS)

    def call(method: str, path: str, body: object = None, **headers: str) -> Any:
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(client, method)(path, **data, **headers)

    asked = call("post", "/api/codes/", {"phone": OWN})
    answers = [
        asked,
        call("post", "/api/codes/", {"phone": OWN}),
        call("post", asked["Location"], {"auth_number": "x"}),
        call("post", asked["Location"], {"auth_number": 1}),
        call("get", "/api/profile/"),
    ]
    entered = call("post", asked["Location"], {"auth_number": last_code(OWN)}).json()
    assert set(entered) == {"id", "token"}
    own_token = {"HTTP_AUTHORIZATION": f"Token {entered['token']}"}
    answers += [
        call("post", asked["Location"], {"auth_number": last_code(OWN)}),
        call("get", "/api/profile/", **own_token),
        call("options", "/api/profile/", **own_token),
        call("get", "/api/profile/invitees/", **own_token),
        call("patch", "/api/profile/", {"stranger_invite_code": "NOBODY"}, **own_token),
        call("get", "/api/me/", **own_token),
        call("get", "/api/logins/", **own_token),
        call("delete", f"/api/logins/{'f' * 32}/", **own_token),
        call("options", "/api/logout/all/", **own_token),
    ]
    keys = {key for answer in answers for key, _ in walk(answer.json())}
    assert keys - {""} == {
        *("id", "phone", "expires_at", "resend_at", "attempts_left"),
        *("code", "detail", "errors", "auth_number"),
        *("invite_code", "stranger_invite_code", "invite_user", "invite_user_count"),
        *("activated_at", "older_than"),
        *("logins", "kind", "issuer", "began_at", "ends_at", "user_agent", "is_present", "unknown"),
        *("name", "description", "renders", "parses"),
    }
    for answer in answers:
        told = answer.content.decode() + repr(dict(answer.headers))
        assert [secret for secret in foreign() if secret in told] == []


def test_a_form_that_was_open_before_the_login_is_refused_after_it() -> None:
    """The secret of the CSRF token changes, so whoever planted the old one has nothing."""
    client = Client(enforce_csrf_checks=True)
    client.get("/user/")
    planted = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    asked = client.post("/user/", {"phone": OWN, **planted})["Location"]
    entered = {"auth_number": last_code(OWN), **planted}
    assert client.post(asked, entered).status_code == 302
    assert client.get("/user/profile/").status_code == 200
    assert client.post("/user/logout/", planted).status_code == 403
    assert client.get("/user/profile/").status_code == 200


def test_a_second_login_of_the_same_user_changes_the_session_key_too() -> None:
    client = Client()
    log_in(client, OWN)
    before = client.session.session_key
    asked = client.post("/user/", {"phone": OWN})["Location"]
    client.post(asked, {"auth_number": last_code(OWN)})
    assert client.session.session_key != before
    thief = Client()
    thief.cookies["sessionid"] = before
    assert thief.get("/user/profile/").status_code == 302


def test_a_planted_session_is_not_logged_in_with_its_victim() -> None:
    """Session fixation: whoever knew the cookie before the login has nothing after it."""
    victim, thief = Client(), Client()
    asked = victim.post("/user/", {"phone": OWN})["Location"]
    thief.cookies["sessionid"] = victim.cookies["sessionid"].value
    victim.post(asked, {"auth_number": last_code(OWN)})
    assert victim.get("/user/profile/").status_code == 200
    assert thief.get("/user/profile/").status_code == 302


@pytest.mark.parametrize("change", ["disabled", "deleted"])
def test_whoever_is_disabled_or_deleted_is_out_at_once_everywhere(change: str) -> None:
    client = Client()
    user = log_in(client, OWN)
    headers = {"HTTP_AUTHORIZATION": f"Token {token_of(user)}"}
    if change == "disabled":
        type(user)._default_manager.update(is_active=False)
    else:
        user.delete()
    for path in ("/user/profile/", "/user/profile/invitees/"):
        for method in ("GET", "HEAD", "POST"):
            answer = client.generic(method, path)
            assert (answer.status_code, answer["Location"][:12]) == (302, "/user/?next=")
    for path in API_PATHS if django_settings.HAS_DRF else ():
        for method in ("GET", "PATCH", "OPTIONS", "DELETE"):
            answer = client.generic(method, path, **headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_disabled_user_s_live_code_logs_in_nowhere() -> None:
    client = Client()
    asked = client.post("/user/", {"phone": OWN})["Location"]
    user = sign_up(OWN)
    type(user)._default_manager.update(is_active=False)
    assert client.post(asked, {"auth_number": last_code(OWN)}).status_code == 200
    assert client.get("/user/profile/").status_code == 302
    # Nor later: the code is over.
    type(user)._default_manager.update(is_active=True)
    assert client.post(asked, {"auth_number": last_code(OWN)}).status_code == 200
    assert client.get("/user/profile/").status_code == 302


def token_of(user: Any) -> str:
    if not django_settings.HAS_DRF:
        return ""
    from rest_framework.authtoken.models import Token

    return str(Token.objects.get_or_create(user=user)[0].key)


def test_a_logout_of_the_pages_ends_each_copy_of_the_session_and_no_other() -> None:
    phone, laptop = Client(), Client()
    log_in(phone, OWN)
    log_in(laptop, OWN)
    copy = Client()
    copy.cookies["sessionid"] = phone.cookies["sessionid"].value
    assert phone.post("/user/logout/").status_code == 302
    assert copy.get("/user/profile/").status_code == 302
    assert laptop.get("/user/profile/").status_code == 200
