"""What the API's tests share: a code that was asked for, and people with tokens."""

from __future__ import annotations

import runpy
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.urls import include, path
from rest_framework.authtoken.models import Token

from django_phone_invites.api import urls
from django_phone_invites.testing import last_code, sign_up

PHONE = "+79096869722"


@dataclass(frozen=True)
class Person:
    """A user with a phone, as an API client: what is called on it goes out with the token."""

    user: AbstractBaseUser
    client: Client
    token: str

    @property
    def invite_code(self) -> str:
        return self.user.invite_code.code

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        send = getattr(self.client, method)
        return send(path, headers={"Authorization": f"Token {self.token}"}, **data)

    def activate(self, code: object) -> Any:
        return self.call("patch", "/api/profile/", {"stranger_invite_code": code})


@pytest.fixture
def person(db: None) -> Callable[[str], Person]:
    """Return the person of a phone."""

    def make(phone: str = PHONE) -> Person:
        user = sign_up(phone)
        return Person(user, Client(), Token.objects.get_or_create(user=user)[0].key)

    return make


@pytest.fixture
def request_code(client: Client, db: None) -> Callable[..., Any]:
    """Ask for a code and return the answer."""

    def send(phone: object = PHONE, **more: object) -> Any:
        return client.post("/api/codes/", {"phone": phone, **more}, content_type="application/json")

    return send


@pytest.fixture
def guess(client: Client) -> Callable[..., Any]:
    """Enter a code at the URL that it was given out with and return the answer."""

    def send(location: str, auth_number: object) -> Any:
        return client.post(location, {"auth_number": auth_number}, content_type="application/json")

    return send


@pytest.fixture
def wrong_code() -> Callable[[str], str]:
    """Return a well-formed code that is not the one that was sent."""

    def make(phone: str = PHONE) -> str:
        right = last_code(phone)
        return right[:-1] + str((int(right[-1]) + 1) % 10)

    return make


@pytest.fixture
def use_api_routes(settings: Any) -> Callable[..., None]:
    """Serve the API at other paths, as a site does through ``PHONE_INVITES_API_ROUTES``."""

    def use_api_routes(**routes: str) -> None:
        settings.PHONE_INVITES_API_ROUTES = routes
        # The URLconf reads the setting when it is imported; run it again and leave the module alone.
        made = runpy.run_path(urls.__file__)
        urlconf = types.ModuleType("urls_of_a_test")
        endpoints = include((made["urlpatterns"], made["app_name"]))
        urlconf.urlpatterns = [path("api/", endpoints)]  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = urlconf

    return use_api_routes
