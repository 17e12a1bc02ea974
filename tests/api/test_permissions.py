"""A site's own endpoints that want a right code of late."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.authentication import SessionAuthentication, TokenAuthentication
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response
from rest_framework.views import APIView

from django_phone_invites.api import refusals
from django_phone_invites.api.permissions import RecentlyVerified
from django_phone_invites.models import PhoneAccount
from django_phone_invites.testing import last_code, log_in, sign_up

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"


class WithinFiveMinutes(RecentlyVerified):
    max_age = dt.timedelta(minutes=5)


class SinceTheToken(WithinFiveMinutes):
    """For tokens that are made anew at each login."""

    def verified_at(self, request):
        return request.auth.created


class GuardedView(APIView):
    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [WithinFiveMinutes]

    def post(self, request):
        return Response({"done": True})


class OurHandlerView(GuardedView):
    def get_exception_handler(self):
        return refusals.answer


class EitherView(GuardedView):
    permission_classes = [WithinFiveMinutes | IsAdminUser]


urlpatterns = [
    path("user/", include("django_phone_invites.web.urls")),
    path("api/", include("django_phone_invites.api.urls")),
    path("guarded/", GuardedView.as_view()),
    path("default/", GuardedView.as_view(permission_classes=[RecentlyVerified])),
    path("token/", GuardedView.as_view(permission_classes=[SinceTheToken])),
    path("ours/", OurHandlerView.as_view()),
    path("either/", EitherView.as_view()),
]


@pytest.fixture(autouse=True)
def _guarded_urls(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def clock(time_machine):
    """A clock that only moves when it is shifted."""
    time_machine.move_to(dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone.utc), tick=False)
    return time_machine


@pytest.mark.parametrize(("url", "seconds"), [("/guarded/", 300), ("/default/", 900)])
def test_a_code_is_recent_for_exactly_so_long(clock, person, url, seconds):
    own = person()
    clock.shift(seconds - 0.001)
    assert own.call("post", url).status_code == 200
    clock.shift(0.001)
    assert own.call("post", url).status_code == 403


@pytest.mark.parametrize("url", ["/guarded/", "/ours/"])
def test_the_refusal_has_a_stable_code_and_says_what_to_do(clock, person, url):
    own = person()
    clock.shift(300)
    answer = own.call("post", url)
    assert (answer.status_code, answer.json()) == (
        403,
        {
            "code": "verification_required",
            "detail": "Confirm that it is you: ask for a code, enter it, and try again.",
        },
    )


def test_the_refusal_speaks_the_language_of_the_request(clock, person):
    own = person()
    clock.shift(300)
    answer = own.client.post(
        "/guarded/", headers={"Authorization": f"Token {own.token}", "Accept-Language": "ru"}
    )
    assert answer.json()["detail"] == (
        "Подтвердите, что это вы: запросите код, введите его и повторите."
    )


def test_a_code_of_the_api_is_what_it_asks_for(clock, person, request_code, guess):
    own = person()
    clock.shift(300)
    assert own.call("post", "/guarded/").status_code == 403
    assert guess(request_code()["Location"], last_code(PHONE)).status_code == 200
    assert own.call("post", "/guarded/").json() == {"done": True}


def test_with_a_token_the_code_of_any_client_counts(clock, person, client):
    """What is known is when the user last entered one."""
    own = person()
    clock.shift(300)
    asked = client.post("/user/", {"phone": PHONE})
    client.post(asked["Location"], {"auth_number": last_code(PHONE)})
    assert own.call("post", "/guarded/").status_code == 200


def test_another_user_s_code_does_not_count(clock, person, request_code, guess):
    own = person()
    clock.shift(300)
    guess(request_code(OTHER)["Location"], last_code(OTHER))
    assert own.call("post", "/guarded/").status_code == 403


def test_a_site_may_ask_its_tokens(clock, person):
    own = person()
    clock.shift(300)
    PhoneAccount.objects.update(verified_at=dt.datetime.now(dt.timezone.utc))
    assert own.call("post", "/guarded/").status_code == 200
    assert own.call("post", "/token/").status_code == 403


def test_with_a_session_the_code_of_this_session_counts(client):
    client.force_login(sign_up(PHONE))
    assert client.post("/guarded/").json()["code"] == "verification_required"
    log_in(client, PHONE)
    assert client.post("/guarded/").status_code == 200
    other = Client()
    other.force_login(sign_up(PHONE))
    assert other.post("/guarded/").status_code == 403


def test_a_site_without_sessions_refuses_who_brings_no_token(client, settings, monkeypatch):
    from rest_framework.authentication import BaseAuthentication

    user = sign_up(PHONE)

    class Known(BaseAuthentication):
        def authenticate(self, request):
            return user, None

    monkeypatch.setattr(GuardedView, "authentication_classes", [Known])
    settings.MIDDLEWARE = []
    assert client.post("/guarded/").json()["code"] == "verification_required"


def test_a_stranger_is_asked_for_credentials_first(client):
    answer = client.post("/guarded/")
    assert answer.status_code == 401
    assert "code" not in answer.json()


def test_a_user_without_a_phone_is_refused(person):
    own = person()
    PhoneAccount.objects.all().delete()
    assert own.call("post", "/guarded/").status_code == 403


def test_it_stands_beside_other_permissions(clock, person):
    own = person()
    assert own.call("post", "/either/").status_code == 200
    clock.shift(300)
    assert own.call("post", "/either/").status_code == 403
    type(own.user).objects.update(is_staff=True)
    assert own.call("post", "/either/").status_code == 200
