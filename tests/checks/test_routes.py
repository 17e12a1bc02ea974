"""The paths of the routes."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings

from tests.checks.reports import found, ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.


needs_api = pytest.mark.skipif(not django_settings.HAS_DRF, reason="REST framework is missing")


@pytest.mark.parametrize("setting", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
def test_a_route_that_does_not_exist_is_reported(setting: str, settings: Any) -> None:
    setattr(settings, setting, {"profil": "me/"})
    message = one("phone_invites.E005")
    assert message.msg == f"{setting}: there is no route 'profil'."
    assert message.hint == "Did you mean profile?"


@pytest.mark.parametrize("setting", ["PHONE_INVITES_ROUTES", "PHONE_INVITES_API_ROUTES"])
@pytest.mark.parametrize(
    ("name", "path", "problem"),
    [
        ("profile", 5, "is not a string"),
        ("profile", None, "is not a string"),
        ("profile", "<nothing:pk>/", "is not a path"),
        ("profile", "<int:p k>/", "is not a path"),
        ("profile", "<str:token>/", "can hold pk only"),
        ("invitees", "<slug>/", "can hold pk only"),
        ("code", "auth/", "must hold either <str:token> or <int:pk>"),
        ("code", "<int:pk>/<str:token>/", "must hold either <str:token> or <int:pk>"),
        ("code", "<int:number>/", "can hold pk or token only"),
        ("number_code", "number/", "must hold either <str:token> or <int:pk>"),
    ],
)
def test_a_path_that_its_view_cannot_serve_is_reported(
    setting: str, name: str, path: object, problem: str, settings: Any
) -> None:
    setattr(settings, setting, {name: path})
    message = one("phone_invites.E006")
    assert message.msg.startswith(f"{setting}: the path of '{name}' {problem}")


@pytest.mark.parametrize("path", ["logins/", "logins/<int:reference>/"])
def test_the_path_of_a_login_holds_its_reference(path: str, settings: Any) -> None:
    settings.PHONE_INVITES_API_ROUTES = {"login": path}
    assert one("phone_invites.E006").msg.endswith("the path of 'login' must hold <str:reference>.")


def test_another_path_of_a_login_is_in_order(settings: Any) -> None:
    settings.PHONE_INVITES_API_ROUTES = {"login": "sessions/<str:reference>/"}
    assert "phone_invites.E006" not in ids()


def test_a_page_without_parameters_takes_none(settings: Any) -> None:
    settings.PHONE_INVITES_ROUTES = {"logout": "<int:pk>/"}
    assert "can hold no parameter only" in one("phone_invites.E006").msg


@pytest.mark.parametrize(
    "routes",
    [
        {"code": "auth/<int:pk>/", "profile": "deteil/<int:pk>/"},
        {"code": "auth/<str:token>/", "profile": "me/", "invitees": "me/<uuid:pk>/all/"},
        {"code": "auth/<token>/"},
    ],
)
def test_paths_that_their_views_can_serve_pass(routes: dict[str, str], settings: Any) -> None:
    settings.PHONE_INVITES_ROUTES = routes
    settings.PHONE_INVITES_API_ROUTES = routes
    assert found() == []


@pytest.mark.parametrize("path", ["<int:token>/", "<str:pk>/", "<pk>/", "<uuid:pk>/"])
def test_a_code_route_with_a_converter_of_the_wrong_kind_is_reported(
    path: str, settings: Any
) -> None:
    settings.PHONE_INVITES_ROUTES = {"code": path}
    assert ids() == ["phone_invites.E006"]


@pytest.mark.parametrize("path", ["undo/", "undo/<int:token>/"])
def test_the_page_that_undoes_a_change_is_told_of_which(path: str, settings: Any) -> None:
    settings.PHONE_INVITES_ROUTES = {"undo": path}
    message = one("phone_invites.E006")
    assert message.msg == "PHONE_INVITES_ROUTES: the path of 'undo' must hold <str:token>."
