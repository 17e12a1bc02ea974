"""The way out."""

from __future__ import annotations

import pytest
from django.test import Client

from django_phone_invites.routes import web_url
from django_phone_invites.testing import log_in

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


def test_a_logout_ends_the_session_on_the_server(client):
    log_in(client, PHONE)
    stolen = client.cookies["sessionid"].value
    response = client.post(web_url("logout"))
    assert (response.status_code, response.headers["Location"]) == (302, web_url("phone"))
    assert "_auth_user_id" not in client.session
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get(web_url("profile")).status_code == 302


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
def test_only_a_post_logs_out(client, method):
    log_in(client, PHONE)
    assert client.generic(method, web_url("logout")).status_code == 405
    assert client.get(web_url("profile")).status_code == 200


def test_a_logout_needs_the_csrf_token():
    client = Client(enforce_csrf_checks=True)
    log_in(client, PHONE)
    assert client.post(web_url("logout")).status_code == 403
    assert "_auth_user_id" in client.session
    client.get(web_url("profile"))
    token = client.cookies["csrftoken"].value
    assert client.post(web_url("logout"), {"csrfmiddlewaretoken": token}).status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_logout_of_nobody_is_no_error(client):
    assert client.post(web_url("logout")).headers["Location"] == web_url("phone")


def test_a_logout_leads_to_where_the_site_says(client, settings):
    settings.PHONE_INVITES_LOGOUT_REDIRECT_URL = "/bye/"
    log_in(client, PHONE)
    assert client.post(web_url("logout")).headers["Location"] == "/bye/"
