"""A route's path is the setting's or the default; a URL takes what the path has a place for."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings

from django_phone_invites import routes

needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


@pytest.mark.parametrize(("name", "path"), routes.WEB_ROUTES.items())
def test_pages_stand_at_their_default_paths(name: str, path: str) -> None:
    assert routes.web_path(name) == path


@pytest.mark.parametrize(("name", "path"), routes.API_ROUTES.items())
def test_endpoints_stand_at_their_default_paths(name: str, path: str) -> None:
    assert routes.api_path(name) == path


def test_a_setting_replaces_one_path_and_leaves_the_others(settings: Any) -> None:
    settings.PHONE_INVITES_ROUTES = {"code": "auth/<int:pk>/"}
    assert routes.web_path("code") == "auth/<int:pk>/"
    assert routes.web_path("logout") == "logout/"
    assert routes.api_path("code") == "codes/<str:token>/"


def test_the_paths_of_the_api_are_a_setting_of_their_own(settings: Any) -> None:
    settings.PHONE_INVITES_API_ROUTES = {"code": "auth/<int:pk>/"}
    assert routes.api_path("code") == "auth/<int:pk>/"
    assert routes.web_path("code") == "code/<str:token>/"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", set()),
        ("profile/", set()),
        ("auth/<int:pk>/", {"pk"}),
        ("auth/<pk>/", {"pk"}),
        ("<str:token>/<int:pk>", {"token", "pk"}),
    ],
)
def test_parameters_are_found_with_and_without_a_converter(path: str, found: set[str]) -> None:
    assert routes.parameters(path) == found


def test_a_url_takes_the_values_that_its_path_has_a_place_for() -> None:
    assert routes.web_url("phone", token="abc", pk=1) == "/user/"
    assert routes.web_url("code", token="abc", pk=1) == "/user/code/abc/"
    assert routes.web_url("logout") == "/user/logout/"


@needs_api
def test_an_endpoints_url_takes_the_values_that_its_path_has_a_place_for() -> None:
    assert routes.api_url("codes") == "/api/codes/"
    assert routes.api_url("code", token="abc", pk=1) == "/api/codes/abc/"
