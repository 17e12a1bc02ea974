"""POST codes/<id>/: parsing, status, token; and that a refusal keeps its count."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.authtoken.models import Token

from django_phone_invites import codes
from django_phone_invites.models import InviteActivation, LoginCode, PhoneAccount
from django_phone_invites.testing import last_code, sign_up

PHONE = "+79096869722"


@pytest.fixture
def location(request_code):
    """Where the code that was just sent is entered."""
    return request_code()["Location"]


def test_a_right_code_gives_a_token_and_the_users_id(location, guess):
    answer = guess(location, last_code(PHONE))
    user = PhoneAccount.objects.get(phone=PHONE).user
    assert answer.status_code == 200
    assert {**answer.json(), "id": str(answer.json()["id"])} == {
        "token": Token.objects.get(user=user).key,
        "id": str(user.pk),
    }


def test_the_token_opens_the_profile(location, guess, client):
    token = guess(location, last_code(PHONE)).json()["token"]
    profile = client.get("/api/profile/", headers={"Authorization": f"Token {token}"})
    assert (profile.status_code, profile.json()["phone"]) == (200, PHONE)


def test_a_login_sets_no_cookie(location, guess):
    assert not guess(location, last_code(PHONE)).cookies


def test_a_later_login_is_the_same_user_with_the_same_token(location, guess, person):
    known = person(PHONE)
    answer = guess(location, last_code(PHONE))
    assert answer.json()["token"] == known.token
    assert str(answer.json()["id"]) == str(known.user.pk)


def test_an_integer_is_read_with_its_leading_zeros(location, guess, settings):
    # One code in ten starts with a zero, and the key decides which.
    seed = LoginCode.objects.get().seed
    for number in range(1000):
        settings.SECRET_KEY = f"key-{number}"
        if codes.derive(seed).startswith("0"):
            break
    assert codes.derive(seed).startswith("0")
    assert guess(location, int(codes.derive(seed))).status_code == 200


def test_a_code_works_once(request_code, guess):
    asked = request_code()
    right = last_code(PHONE)
    assert guess(asked["Location"], right).status_code == 200
    again = guess(asked["Location"], right)
    assert again.status_code == 409
    assert again.json() == {
        "code": "code_used",
        "detail": "This code was used already. Ask for a new one.",
        "resend_at": asked.json()["resend_at"],
    }


def test_a_wrong_code_costs_one_attempt_and_says_how_many_are_left(request_code, guess, wrong_code):
    asked = request_code()
    answer = guess(asked["Location"], wrong_code())
    assert answer.status_code == 400
    assert answer.json() == {
        "code": "code_invalid",
        "detail": "This code is wrong.",
        "attempts_left": 4,
        "resend_at": asked.json()["resend_at"],
    }
    assert not Token.objects.exists()


def test_the_right_code_after_the_last_attempt_is_refused(location, guess, wrong_code):
    left = [guess(location, wrong_code()).json()["attempts_left"] for _ in range(5)]
    answer = guess(location, last_code(PHONE))
    assert left == [4, 3, 2, 1, 0]
    assert (answer.status_code, answer.json()["code"]) == (409, "code_exhausted")
    assert "resend_at" in answer.json()
    assert LoginCode.objects.get().attempts == 5


def test_a_code_ends_with_its_life(guess, request_code):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        location = request_code()["Location"]
        clock.shift(dt.timedelta(minutes=5))
        answer = guess(location, last_code(PHONE))
        now = dt.datetime.now(dt.timezone.utc)
    assert (answer.status_code, answer.json()["code"]) == (409, "code_expired")
    # The cooldown has been over for a while.
    assert parse_datetime(answer.json()["resend_at"]) < now


def test_a_new_code_ends_the_clients_older_one(guess, request_code):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        older, right = request_code()["Location"], last_code(PHONE)
        clock.shift(60)
        newer = request_code()["Location"]
        answer = guess(older, right)
        assert (answer.status_code, answer.json()["code"]) == (409, "code_expired")
        assert guess(newer, last_code(PHONE)).status_code == 200


def test_a_disabled_user_is_refused_and_gets_no_token(location, guess):
    user = sign_up(PHONE)
    user.is_active = False
    user.save()
    answer = guess(location, last_code(PHONE))
    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")
    assert not Token.objects.exists()


@pytest.mark.parametrize("token", ["x", "0" * 32, "%F0%9F%98%80", "%ff", "9" * 400])
def test_an_id_that_nobody_was_given_is_not_found(client, guess, db, token):
    answer = guess(f"/api/codes/{token}/", "123456")
    assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")


def test_an_id_in_other_case_is_not_found(request_code, guess):
    """MariaDB's collations call the two equal."""
    request_code()
    LoginCode.objects.update(token="a" * 32)
    answer = guess(f"/api/codes/{'A' * 32}/", last_code(PHONE))
    assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")


def test_a_code_of_the_pages_cannot_be_entered_here(client, guess, db):
    client.post("/user/", {"phone": PHONE})
    code = LoginCode.objects.get()
    answer = guess(f"/api/codes/{code.token}/", last_code(PHONE))
    assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")
    assert LoginCode.objects.get().used_at is None


def test_a_first_login_activates_the_invite_code_that_came_along(request_code, guess, person):
    inviter = person("+79096869723")
    location = request_code(invite_code=inviter.invite_code.swapcase())["Location"]
    assert guess(location, last_code(PHONE)).status_code == 200
    assert InviteActivation.objects.get().code == inviter.invite_code


def test_an_invite_code_that_is_refused_does_not_keep_anybody_out(request_code, guess):
    location = request_code(invite_code="nobodys")["Location"]
    assert guess(location, last_code(PHONE)).status_code == 200
    assert not InviteActivation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_attempts_survive_the_refusal_under_atomic_requests(
    request_code, guess, wrong_code, monkeypatch
):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    location = request_code()["Location"]
    assert guess(location, wrong_code()).json()["code"] == "code_invalid"
    assert LoginCode.objects.get().attempts == 1


@pytest.mark.parametrize(
    ("brought", "refused"), [("ZZZZZZ", "invite_unknown"), (None, None), ("own", None)]
)
def test_an_invite_that_was_brought_and_refused_is_told(
    request_code, guess, person, brought, refused
):
    inviter = person("+79096869723")
    code = inviter.invite_code if brought == "own" else brought
    more = {} if code is None else {"invite_code": code}
    location = request_code(**more)["Location"]
    answer = guess(location, last_code(PHONE))
    assert answer.status_code == 200
    if refused is None:
        assert set(answer.json()) == {"token", "id"}
    else:
        assert answer.json()["invite_refusal"] == {
            "code": refused,
            "detail": "There is no such invite code.",
        }
