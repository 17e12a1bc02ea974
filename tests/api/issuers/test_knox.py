"""The tokens of django-rest-knox: one for each login, as long as ``REST_KNOX`` says."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from django_phone_invites.api.issuers import get_issuer

knox = pytest.importorskip("knox.models", reason="django-rest-knox is missing: --group issuers")


@pytest.fixture
def kind(put):
    return put("knox")


def test_each_login_has_a_token_of_its_own_and_only_its_digest_is_kept(kind, log_in):
    first, second = log_in(kind), log_in(kind)
    assert first.given["token"] != second.given["token"]
    kept = [str(row) for row in knox.AuthToken.objects.values()]
    assert len(kept) == 2
    assert not any(first.given["token"] in row for row in kept)


def test_a_token_ends_when_the_login_said(kind, log_in, settings):
    settings.REST_KNOX = {"TOKEN_TTL": dt.timedelta(minutes=30)}
    login = log_in(kind)
    ends = parse_datetime(login.given["expires_at"])
    assert dt.timedelta(minutes=29) < ends - timezone.now() <= dt.timedelta(minutes=30)
    with time_machine.travel(ends + dt.timedelta(seconds=1)):
        assert not kind.is_alive(login)


def test_a_token_without_a_life_says_so(kind, log_in, settings):
    assert get_issuer().ends()
    settings.REST_KNOX = {"TOKEN_TTL": None}
    assert log_in(kind).given["expires_at"] is None
    assert not get_issuer().ends()


def test_the_prefix_of_the_site_is_kept(kind, log_in, settings):
    settings.REST_KNOX = {"TOKEN_PREFIX": "shop_"}
    login = log_in(kind)
    assert login.given["token"].startswith("shop_")
    assert kind.is_alive(login)


def test_a_login_above_the_limit_ends_the_oldest(kind, log_in, settings):
    settings.REST_KNOX = {"TOKEN_LIMIT_PER_USER": 2}
    stranger = log_in(kind, "+79096869723")
    logins = [log_in(kind) for _ in range(3)]
    assert [kind.is_alive(login) for login in logins] == [False, True, True]
    assert kind.is_alive(stranger)


def test_a_token_that_has_ended_is_not_listed(kind, log_in, settings):
    settings.REST_KNOX = {"TOKEN_TTL": dt.timedelta(minutes=30)}
    log_in(kind)
    settings.REST_KNOX = {"TOKEN_TTL": None}
    endless = log_in(kind)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=1)):
        (listed,) = endless.call("get", "/api/logins/").json()["logins"]
    assert listed["ends_at"] is None
    assert listed["is_present"]
