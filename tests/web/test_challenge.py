"""What a browser's session remembers between asking and entering."""

from __future__ import annotations

import json

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore

from django_phone_invites.exceptions import CodeNotFound
from django_phone_invites.models import LoginCode
from django_phone_invites.services.challenges import request_code
from django_phone_invites.web import challenge
from django_phone_invites.web.challenge import PendingLogin

PHONE = "+79096869722"


def ask(phone=PHONE):
    return request_code(phone=phone, channel=LoginCode.Channel.WEB).login_code


def test_a_new_session_remembers_nothing():
    session = SessionStore()
    assert challenge.load(session) == PendingLogin(token="", next_url="")
    assert session.is_empty()


def test_what_is_stored_is_loaded_and_can_be_json():
    session = SessionStore()
    pending = PendingLogin(token="ab" * 16, next_url="/here/?a=1")
    challenge.store(session, pending)
    assert challenge.load(session) == pending
    assert json.loads(json.dumps(dict(session.items()))) == dict(session.items())


def test_the_last_one_counts():
    session = SessionStore()
    challenge.store(session, PendingLogin(token="first", next_url="/first/"))
    challenge.store(session, PendingLogin(token="second"))
    assert challenge.load(session) == PendingLogin(token="second", next_url="")


def test_what_is_forgotten_is_gone_and_the_rest_stays():
    session = SessionStore()
    session["cart"] = 1
    challenge.store(session, PendingLogin(token="first"))
    challenge.forget(session)
    challenge.forget(session)
    assert dict(session.items()) == {"cart": 1}


@pytest.mark.django_db
def test_the_own_code_is_found_by_either_id():
    row = ask()
    pending = PendingLogin(token=row.token)
    assert challenge.find_own_code(pending) == row
    assert challenge.find_own_code(pending, token=row.token) == row
    assert challenge.find_own_code(pending, pk=row.pk) == row


@pytest.mark.django_db
def test_another_id_is_not_the_own_code():
    row, other = ask(), ask("+79096869723")
    pending = PendingLogin(token=row.token)
    for ids in ({"token": other.token}, {"pk": other.pk}, {"pk": -1}, {"pk": 10**400}):
        with pytest.raises(CodeNotFound):
            challenge.find_own_code(pending, **ids)


@pytest.mark.django_db
@pytest.mark.parametrize("ids", [{"pk": 0}, {"token": ""}])
def test_an_empty_id_is_no_id(ids):
    pending = PendingLogin(token=ask().token)
    with pytest.raises(CodeNotFound):
        challenge.find_own_code(pending, **ids)


@pytest.mark.django_db
def test_a_live_code_is_found_for_its_own_number_in_any_spelling():
    row = ask()
    pending = PendingLogin(token=row.token)
    assert challenge.find_live_code(pending, "+7 909 686-97-22") == row
    assert challenge.find_live_code(pending, "+79096869723") is None
    assert challenge.find_live_code(PendingLogin(), PHONE) is None


def test_what_an_older_release_has_stored_is_loaded():
    session = SessionStore()
    session["phone_invites"] = {"token": "first", "next_url": "/first/"}
    assert challenge.load(session) == PendingLogin(token="first", next_url="/first/", user="")


@pytest.mark.django_db
def test_a_spent_code_is_not_live():
    row = ask()
    LoginCode.objects.update(attempts=5)
    assert challenge.find_live_code(PendingLogin(token=row.token), PHONE) is None
