"""Sessions: the backend that they name, and how all of a user's end."""

from __future__ import annotations

import pytest
from django.test import Client

from django_phone_invites import sessions
from django_phone_invites.testing import log_in, sign_up

PHONE = "+79096869722"


def test_the_session_names_the_backend_of_the_setting(settings):
    settings.PHONE_INVITES_AUTHENTICATION_BACKEND = "site.auth.Phones"
    assert sessions.login_backend() == "site.auth.Phones"


@pytest.mark.parametrize(
    ("backends", "chosen"),
    [
        (
            ["django.contrib.auth.backends.ModelBackend"],
            "django.contrib.auth.backends.ModelBackend",
        ),
        (
            [
                "django.contrib.auth.backends.BaseBackend",
                "django.contrib.auth.backends.AllowAllUsersModelBackend",
            ],
            "django.contrib.auth.backends.AllowAllUsersModelBackend",
        ),
        (["django.contrib.auth.backends.BaseBackend"], "django.contrib.auth.backends.BaseBackend"),
    ],
)
def test_the_session_names_the_first_backend_that_knows_users(settings, backends, chosen):
    settings.AUTHENTICATION_BACKENDS = backends
    assert sessions.login_backend() == chosen


def is_in(client):
    return client.get("/user/profile/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "engine",
    [
        "django.contrib.sessions.backends.db",
        "django.contrib.sessions.backends.cache",
        "django.contrib.sessions.backends.signed_cookies",
    ],
)
def test_all_sessions_of_one_user_end_whatever_keeps_them(settings, engine):
    settings.SESSION_ENGINE = engine
    clients = [Client(), Client()]
    stranger = Client()
    log_in(stranger, "+79096869723")
    for client in clients:
        user = log_in(client, PHONE)
    assert [is_in(client) for client in clients] == [True, True]
    assert sessions.end_all(user)
    assert [is_in(client) for client in clients] == [False, False]
    assert is_in(stranger)


@pytest.mark.django_db
def test_whoever_was_logged_out_everywhere_logs_in_again(client):
    sessions.end_all(log_in(client, PHONE))
    assert not is_in(client)
    log_in(client, PHONE)
    assert is_in(client)


@pytest.mark.django_db
def test_a_password_that_somebody_knows_is_kept_and_so_are_the_sessions(client):
    user = sign_up(PHONE)
    user.set_password("correct horse")
    user.save()
    log_in(client, PHONE)
    assert not sessions.end_all(user)
    user.refresh_from_db()
    assert user.check_password("correct horse")
    assert is_in(client)


@pytest.mark.django_db
def test_a_password_that_was_set_meanwhile_is_kept():
    stale, user = sign_up(PHONE), sign_up(PHONE)
    user.set_password("correct horse")
    user.save()
    assert sessions.end_all(stale)
    user.refresh_from_db()
    assert user.check_password("correct horse")
