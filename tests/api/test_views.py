"""What all endpoints share: headers, no site settings, and the routes of the published contract."""

from __future__ import annotations

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from rest_framework.settings import api_settings

from django_phone_invites.api import views
from django_phone_invites.models import LoginCode
from django_phone_invites.testing import last_code

PHONE = "+79096869722"
BY_PK = {"codes": "create/", "code": "auth/<int:pk>/", "profile": "user/<str:pk>/"}

# The routes by pk. The user's id is a string here because the user models' keys differ.
urlpatterns = [
    path("user/", include("django_phone_invites.web.urls")),
    path(
        "api_user/",
        include(
            (
                [
                    path("create/", views.RequestCodeView.as_view(), name="codes"),
                    path("auth/<int:pk>/", views.VerifyCodeView.as_view(), name="code"),
                    path("user/<str:pk>/", views.ProfileView.as_view(), name="profile"),
                    path("user/<str:pk>/invitees/", views.InviteesView.as_view(), name="invitees"),
                ],
                "phone_invites_api",
            )
        ),
    ),
]


@pytest.fixture
def by_pk(settings):
    """Serve the routes above."""
    settings.ROOT_URLCONF = __name__
    settings.PHONE_INVITES_API_ROUTES = BY_PK


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("post", "/api/codes/"),
        ("post", "/api/codes/x/"),
        ("get", "/api/profile/"),
        ("patch", "/api/profile/"),
        ("get", "/api/profile/invitees/"),
        ("options", "/api/codes/"),
    ],
)
def test_no_answer_is_cached(person, method, route):
    answer = person().call(method, route, None if method == "get" else {})
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


def test_answers_are_json_whatever_the_client_prefers(client, db):
    answer = client.get("/api/profile/", headers={"Accept": "text/html, */*;q=0.1"})
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("route", ["/api/codes/", "/api/codes/x/"])
def test_the_way_to_a_login_needs_no_csrf_token(db, route):
    answer = Client(enforce_csrf_checks=True).post(route, {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_parsers_renderers_and_throttles_are_not_the_sites():
    site = (
        api_settings.DEFAULT_PARSER_CLASSES,
        api_settings.DEFAULT_RENDERER_CLASSES,
        api_settings.DEFAULT_AUTHENTICATION_CLASSES,
    )
    view = views.RequestCodeView
    assert view.parser_classes not in site
    assert view.renderer_classes not in site
    assert (view.authentication_classes, view.permission_classes, view.throttle_classes) == (
        [],
        [],
        [],
    )


def test_own_data_is_read_with_the_sites_authentication():
    assert views.ProfileView.authentication_classes == api_settings.DEFAULT_AUTHENTICATION_CLASSES


@pytest.mark.parametrize("view", [views.RequestCodeView, views.VerifyCodeView, views.ProfileView])
def test_no_endpoint_runs_inside_atomic_requests(view):
    assert connection.alias in view.as_view()._non_atomic_requests


def test_a_stranger_spends_nobody_s_attempts_by_counting_up(by_pk, client, db):
    sent = client.post("/api_user/create/", {"phone": PHONE}, content_type="application/json")
    for _ in range(10):
        answer = client.post(
            sent["Location"],
            {"auth_number": "000000"},
            content_type="application/json",
            REMOTE_ADDR="203.0.113.7",
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")
    body = {"auth_number": last_code(PHONE)}
    own = client.post(sent["Location"], body, content_type="application/json")
    assert own.status_code == 200


def test_codes_are_entered_by_pk_where_the_route_says_so(by_pk, client, db):
    asked = client.post("/api_user/create/", {"phone": PHONE}, content_type="application/json")
    code = LoginCode.objects.get()
    assert asked.json()["id"] == code.pk
    assert asked["Location"] == f"/api_user/auth/{code.pk}/"
    entered = client.post(
        asked["Location"], {"auth_number": last_code(PHONE)}, content_type="application/json"
    )
    assert entered.status_code == 200


@pytest.mark.parametrize("pk", ["0", str(2**63 - 1), str(2**63), "9" * 400])
def test_a_pk_that_nobody_was_given_is_not_found(by_pk, client, db, pk):
    answer = client.post(
        f"/api_user/auth/{pk}/", {"auth_number": 1}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "code_not_found")


@pytest.mark.parametrize("pk", ["-1", "x", "%00", "1.5", "9" * 5000])
def test_what_is_no_pk_is_not_found(by_pk, client, db, pk):
    answer = client.post(
        f"/api_user/auth/{pk}/", {"auth_number": 1}, content_type="application/json"
    )
    assert answer.status_code == 404


def test_the_own_id_opens_the_profile(by_pk, person):
    owner = person()
    assert owner.call("get", f"/api_user/user/{owner.user.pk}/").status_code == 200
    assert owner.call("get", f"/api_user/user/{owner.user.pk}/invitees/").status_code == 200


@pytest.mark.parametrize("below", ["", "invitees/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_another_users_profile_is_as_missing_as_none(by_pk, person, method, below):
    owner, stranger = person(), person("+79096869723")
    with time_machine.travel(timezone.now(), tick=False):  # Expires, in whole seconds
        of_another = owner.call(method, f"/api_user/user/{stranger.user.pk}/{below}")
        of_nobody = owner.call(method, f"/api_user/user/{'0' * 9}/{below}")
    assert (of_another.status_code, of_another.json()["code"]) == (404, "not_found")
    assert of_another.content == of_nobody.content
    assert of_another.headers == of_nobody.headers


def test_patching_another_user_changes_nothing(by_pk, person):
    owner, stranger, third = person(), person("+79096869723"), person("+79096869724")
    body = {"stranger_invite_code": third.invite_code}
    answer = owner.call("patch", f"/api_user/user/{stranger.user.pk}/", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert third.call("get", f"/api_user/user/{third.user.pk}/").json()["invite_user_count"] == 0


@pytest.mark.parametrize("pk", ["%00", "-1", "9" * 400, "%ff", "%F0%9F%98%80"])
def test_no_id_of_a_user_is_an_error(by_pk, person, pk):
    answer = person().call("get", f"/api_user/user/{pk}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_stranger_is_not_told_which_users_exist(by_pk, person, client):
    known = client.get(f"/api_user/user/{person().user.pk}/")
    unknown = client.get("/api_user/user/0/")
    assert (known.status_code, known.content) == (401, unknown.content)
