"""Sites that let nobody in without a login: the way in stays open."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.conf import settings as django_settings
from django.test import Client

from django_phone_invites.routes import api_url, web_url

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(django.VERSION < (5, 1), reason="LoginRequiredMiddleware is of Django 5.1"),
]


@pytest.fixture(autouse=True)
def _login_required(settings: Any) -> None:
    settings.LOGIN_URL = "phone_invites:phone"
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]


def test_the_page_of_the_phone_is_shown() -> None:
    assert Client().get(web_url("phone")).status_code == 200


def test_a_page_that_needs_a_user_asks_for_one_itself() -> None:
    answer = Client().get(web_url("profile", pk=1))
    assert answer.status_code == 302
    assert answer.url.startswith(web_url("phone"))


@pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")
def test_the_api_answers_for_itself() -> None:
    asked = Client().post(api_url("codes"), {"phone": "+79096869722"}, "application/json")
    assert asked.status_code == 201
    assert Client().get(api_url("profile", pk=1)).status_code == 401
