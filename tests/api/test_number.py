"""Another number through the API: who may ask, who may enter, and the way back."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.testing import last_code, outbox, sign_up

pytestmark = pytest.mark.django_db

OLD, NEW, THIRD = "+79096869722", "+79161234567", "+79261234567"


def number_of(user):
    account = PhoneAccount.objects.filter(user=user.pk).first()
    return None if account is None else account.e164


def ask(owner, phone=NEW, **more):
    return owner.call("post", "/api/number/", {"phone": phone, **more})


def enter(owner, location, auth_number=None):
    auth_number = last_code(NEW) if auth_number is None else auth_number
    return owner.call("post", location, {"auth_number": auth_number})


def token():
    return re.search("[0-9a-f]{32}", outbox[-1].text)[0]


def undo(said):
    return Client().post("/api/number/undo/", {"token": said}, content_type="application/json")


def test_a_number_is_asked_for_entered_and_given_back(person):
    owner = person(OLD)
    asked = ask(owner)
    assert asked.status_code == 201
    body = asked.json()
    assert set(body) == {"id", "phone", "expires_at", "resend_at", "attempts_left"}
    assert asked["Location"] == f"/api/number/{body['id']}/"
    done = enter(owner, asked["Location"])
    assert (done.status_code, done.json()) == (200, {"phone": NEW})
    assert owner.call("get", "/api/profile/").json()["phone"] == NEW
    back = undo(token())
    assert (back.status_code, back.content) == (204, b"")
    assert number_of(owner.user) == OLD
    # All logins have ended.
    assert owner.call("get", "/api/profile/").status_code == 401


def test_the_last_code_of_the_old_number_must_be_of_late(person):
    owner = person(OLD)
    PhoneAccount.objects.update(
        verified_at=PhoneAccount.objects.get().verified_at - dt.timedelta(minutes=15)
    )
    answer = ask(owner)
    assert (answer.status_code, answer.json()["code"]) == (403, "verification_required")
    assert outbox == []


def test_a_stranger_is_401(client):
    for path in ("/api/number/", "/api/number/x/"):
        assert client.post(path, {}, content_type="application/json").status_code == 401


def test_who_has_no_number_is_asked_for_nothing_first(person):
    owner = person(OLD)
    PhoneAccount.objects.all().delete()
    answer = enter(owner, ask(owner)["Location"])
    assert answer.json() == {"phone": NEW}


def test_nobody_else_enters_it(person):
    owner, other = person(OLD), person(THIRD)
    location = ask(owner)["Location"]
    answer = enter(other, location)
    assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")
    assert LoginCode.objects.get().attempts == 0


def test_it_does_not_log_in(person, guess):
    asked = ask(person(OLD))
    answer = guess(f"/api/codes/{asked.json()['id']}/", last_code(NEW))
    assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")


def test_a_login_code_does_not_change_a_number(person, request_code):
    asked = request_code(NEW)
    answer = enter(person(OLD), f"/api/number/{asked.json()['id']}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")


def test_the_answer_is_the_same_for_a_number_of_somebody(person):
    owner = person(OLD)
    sign_up(NEW)
    taken, free = ask(owner, NEW), ask(owner, THIRD)
    assert (taken.status_code, set(taken.json())) == (free.status_code, set(free.json()))
    answer = enter(owner, taken["Location"])
    assert (answer.status_code, answer.json()["code"]) == (409, "phone_taken")


def test_a_number_that_may_be_given_back_is_409(person, request_code, guess):
    owner = person(OLD)
    enter(owner, ask(owner)["Location"])
    asked = request_code(OLD)
    answer = guess(asked["Location"], last_code(OLD))
    assert (answer.status_code, answer.json()["code"]) == (409, "phone_reserved")


def test_a_wrong_code_says_how_many_are_left(person):
    owner = person(OLD)
    location = ask(owner)["Location"]
    wrong = str((int(last_code(NEW)) + 1) % 10**6).zfill(6)
    body = enter(owner, location, wrong).json()
    assert (body["code"], body["attempts_left"]) == ("code_invalid", 4)


def test_the_same_key_sends_once(person):
    owner = person(OLD)
    headers = {"Authorization": f"Token {owner.token}", "Idempotency-Key": "k"}
    answers = [
        owner.client.post(
            "/api/number/", {"phone": NEW}, content_type="application/json", headers=headers
        )
        for _ in range(2)
    ]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert len(outbox) == 1


@pytest.mark.parametrize("said", ["0" * 32, "x", ""])
def test_a_token_that_undoes_nothing(said):
    answer = undo(said)
    assert answer.json()["code"] == ("undo_not_found" if said else "invalid")
    assert answer.status_code == (404 if said else 400)


def test_numbered_ids_are_the_user_s_alone(person, use_api_routes):
    use_api_routes(number_code="n/<int:pk>/")
    owner, other = person(OLD), person(THIRD)
    asked = ask(owner)
    row = LoginCode.objects.get()
    assert (asked.json()["id"], asked["Location"]) == (row.pk, f"/api/n/{row.pk}/")
    assert enter(other, asked["Location"]).status_code == 404
    assert enter(owner, asked["Location"]).status_code == 200
