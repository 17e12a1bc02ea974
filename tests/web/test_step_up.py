"""A site's own views that want a right code of late."""

from __future__ import annotations

import datetime as dt
from types import ModuleType
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from django.views.generic import View

from django_phone_invites.routes import web_url
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.login import verify_code
from django_phone_invites.testing import last_code, log_in, outbox, sign_up
from django_phone_invites.web.step_up import (
    RecentlyVerifiedMixin,
    recently_verified,
    recently_verified_required,
)

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"
FIVE_MINUTES = dt.timedelta(minutes=5)


@recently_verified_required(max_age=FIVE_MINUTES)
def guarded(request, item=0):
    """Say what it was given."""
    return HttpResponse(f"{request.user.pk} {item}")


class GuardedView(RecentlyVerifiedMixin, View):
    max_age = FIVE_MINUTES

    def get(self, request):
        return HttpResponse("in")

    post = get


class DefaultView(GuardedView):
    max_age = RecentlyVerifiedMixin.max_age


@pytest.fixture(autouse=True)
def _guarded_urls(settings):
    urlconf = ModuleType("urls_of_a_test")
    urlconf.urlpatterns = [
        path("user/", include("django_phone_invites.web.urls")),
        path("guarded/<int:item>/", guarded),
        path("class/", GuardedView.as_view()),
        path("default/", DefaultView.as_view()),
    ]
    settings.ROOT_URLCONF = urlconf


def with_next(name, url):
    return f"{web_url(name)}?{urlencode({'next': url})}"


def test_who_has_just_entered_a_code_is_let_in(client, enter_phone):
    client.post(enter_phone(client), {"auth_number": last_code(PHONE)})
    answer = client.get("/guarded/7/")
    assert answer.content.decode() == f"{sign_up(PHONE).pk} 7"
    assert client.get("/class/").content == b"in"


@pytest.mark.parametrize(
    ("url", "seconds"), [("/guarded/7/", 300), ("/class/", 300), ("/default/", 900)]
)
def test_a_code_is_recent_for_exactly_so_long(clock, client, url, seconds):
    log_in(client, PHONE)
    clock.shift(seconds - 0.001)
    assert client.get(url).status_code == 200
    clock.shift(0.001)
    assert client.get(url).headers["Location"] == with_next("verify", url)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("url", ["/guarded/7/?a=1&b=2", "/class/?a=1&b=2"])
def test_who_has_not_is_led_to_a_code_and_nothing_is_sent(client, url, method):
    client.force_login(sign_up(PHONE))
    answer = getattr(client, method)(url)
    assert (answer.status_code, answer.headers["Location"]) == (302, with_next("verify", url))
    assert outbox == []


@pytest.mark.parametrize("url", ["/guarded/7/", "/class/"])
def test_a_stranger_is_led_to_the_login_which_is_enough(client, url):
    answer = client.get(url)
    assert answer.headers["Location"] == with_next("phone", url)
    asked = client.post(answer.headers["Location"], {"phone": PHONE})
    done = client.post(asked.headers["Location"], {"auth_number": last_code(PHONE)}, follow=True)
    assert done.redirect_chain == [(url, 302)]
    assert done.status_code == 200


def test_a_code_entered_elsewhere_does_not_count(client):
    client.force_login(sign_up(PHONE))
    log_in(Client(), PHONE)
    asked = request_code(phone=PHONE, channel="api").login_code
    verify_code(login_code=asked, guess=last_code(PHONE), sign_in=lambda user: None)
    assert client.get("/class/").status_code == 302


def test_a_login_of_another_kind_does_not_count(client):
    """Whoever takes the session over brings no code along."""
    log_in(client, PHONE)
    client.force_login(sign_up(OTHER))
    assert client.get("/class/").status_code == 302
    client.force_login(sign_up(PHONE))
    assert client.get("/class/").status_code == 302


def test_a_wrong_code_does_not_count(client, enter_phone):
    client.force_login(sign_up(PHONE))
    url = enter_phone(client)
    wrong = str((int(last_code(PHONE)) + 1) % 10**6).zfill(6)
    client.post(url, {"auth_number": wrong})
    assert client.get("/class/").status_code == 302


def test_a_logout_forgets_it(client):
    log_in(client, PHONE)
    client.post(web_url("logout"))
    client.force_login(sign_up(PHONE))
    assert client.get("/class/").status_code == 302


def test_a_disabled_user_is_nobody(client):
    user = log_in(client, PHONE)
    type(user).objects.update(is_active=False)
    assert client.get("/class/").headers["Location"] == with_next("phone", "/class/")


def test_a_view_of_the_site_may_ask_by_itself(client):
    user = log_in(client, PHONE)
    request = RequestFactory().get("/")
    request.session, request.user = client.session, user
    assert recently_verified(request, FIVE_MINUTES)
    assert not recently_verified(request, dt.timedelta(0))


def test_the_decorated_view_keeps_its_name():
    assert (guarded.__name__, guarded.__doc__) == ("guarded", "Say what it was given.")


def test_a_site_that_guards_a_view_asks_the_database_for_nothing(client, django_assert_num_queries):
    user = log_in(client, PHONE)
    request = RequestFactory().get("/")
    request.session, request.user = client.session, user
    request.session.get("loaded")
    with django_assert_num_queries(0):
        assert guarded(request).status_code == 200
