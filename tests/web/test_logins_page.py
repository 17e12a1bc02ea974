"""The page of the logins: what it shows, and what its buttons end."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings
from django.test import Client

from django_phone_invites import logins, sessions
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import ActiveLogin
from django_phone_invites.routes import web_url
from django_phone_invites.testing import last_code, log_in, sign_up

pytestmark = pytest.mark.django_db

PHONE, STRANGER = "+79096869722", "+79096869723"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def is_in(client):
    return client.get(web_url("profile")).status_code == 200


def reference_of(client):
    return client.session["phone_invites_login"]


def test_the_profile_leads_to_the_page(client, read_page):
    log_in(client, PHONE)
    assert f'href="{web_url("logins")}"' in client.get(web_url("profile")).content.decode()


def test_the_page_shows_what_is_logged_in_and_which_of_them_asks(client, text_of):
    other = Client(HTTP_USER_AGENT=FIREFOX)
    answer = other.post(web_url("phone"), {"phone": PHONE})
    other.post(answer["Location"], {"auth_number": last_code(PHONE)})
    log_in(client, PHONE)
    log_in(Client(), STRANGER)
    response = client.get(web_url("logins"))
    text = text_of(response)
    assert text.count("Browser session") == 2
    assert "Firefox, Windows" in text
    assert text.count("This device") == 1
    assert [one.is_present for one in response.context["logins"]] == [True, False]


@pytest.mark.skipif(not django_settings.HAS_DRF, reason="no API")
def test_the_page_shows_tokens_too(client, text_of):
    from rest_framework.authtoken.models import Token

    Token.objects.create(user=log_in(client, PHONE))
    text = text_of(client.get(web_url("logins")))
    assert "An app" in text
    assert "API token" in text


def test_what_a_client_says_of_itself_is_escaped(client):
    log_in(client, PHONE)
    ActiveLogin.objects.update(user_agent="<b>&")
    content = client.get(web_url("logins")).content.decode()
    assert "&lt;b&gt;&amp;" in content
    assert "<b>&" not in content


def test_the_page_keeps_to_a_strict_content_security_policy(client, read_page):
    log_in(client, PHONE)
    assert read_page(client.get(web_url("logins"))).violations == []


def test_a_button_ends_one_login(client):
    other = Client()
    log_in(client, PHONE)
    log_in(other, PHONE)
    response = client.post(web_url("logins"), {"login": reference_of(other)})
    assert (response.status_code, response["Location"]) == (302, web_url("logins"))
    assert not is_in(other)
    assert is_in(client)


def test_the_present_login_ends_as_by_a_logout(client):
    log_in(client, PHONE)
    response = client.post(web_url("logins"), {"login": reference_of(client)})
    assert (response.status_code, response["Location"]) == (302, web_url("phone"))
    assert not is_in(client)
    assert not ActiveLogin.objects.exists()


def test_the_present_login_ends_where_the_site_stores_sessions_at_each_request(client, settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    log_in(client, PHONE)
    response = client.post(web_url("logins"), {"login": reference_of(client)})
    assert (response.status_code, response["Location"]) == (302, web_url("phone"))
    assert not is_in(client)


@pytest.mark.parametrize("sent", [{}, {"login": ""}, {"login": "\0"}, {"login": "f" * 32}])
def test_what_names_no_login_ends_none(client, sent):
    log_in(client, PHONE)
    response = client.post(web_url("logins"), sent)
    assert response["Location"] == web_url("logins")
    assert is_in(client)


def test_nobody_ends_the_login_of_somebody_else(client):
    stranger = Client()
    log_in(client, PHONE)
    log_in(stranger, STRANGER)
    client.post(web_url("logins"), {"login": reference_of(stranger)})
    assert is_in(stranger)


def test_all_logins_end_at_once(client):
    other, stranger = Client(), Client()
    for one in (client, other):
        user = log_in(one, PHONE)
    log_in(stranger, STRANGER)
    response = client.post(web_url("logins"), {"all": "1"})
    assert (response.status_code, response["Location"]) == (302, web_url("phone"))
    assert [is_in(one) for one in (client, other, stranger)] == [False, False, True]
    assert logins.find_all(user).logins == []


def test_whoever_has_logins_that_go_on_is_told(client, settings, text_of):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    user = sign_up(PHONE)
    user.set_password("secret")
    user.save()
    log_in(client, PHONE)
    assert "There may be logins that cannot be shown here." in text_of(
        client.get(web_url("logins"))
    )
    response = client.post(web_url("logins"), {"all": "1"}, follow=True)
    assert "There may be logins that go on. A new password ends them." in text_of(response)
    assert not is_in(client)


def issue(request, user):
    """Give out what nobody here can end."""


@pytest.mark.skipif(not django_settings.HAS_DRF, reason="no API")
def test_whoever_has_tokens_that_go_on_is_told(client, settings, text_of):
    settings.PHONE_INVITES_TOKEN_ISSUER = f"{__name__}.issue"
    log_in(client, PHONE)
    assert "There may be logins that cannot be shown" in text_of(client.get(web_url("logins")))
    response = client.post(web_url("logins"), {"all": "1"}, follow=True)
    assert "Some logins could not be ended here." in text_of(response)
    assert not is_in(client)


def test_nobody_makes_the_site_read_all_of_its_sessions(client, monkeypatch):
    """Of a user with a password that may take minutes: it is for operators."""

    def read(user):
        raise AssertionError

    monkeypatch.setattr(sessions, "end_stored", read)
    other, elsewhere, user = Client(), Client(), sign_up(PHONE)
    user.set_password("secret")
    user.save()
    for one in (client, other):
        log_in(one, PHONE)
    elsewhere.force_login(user)
    assert client.post(web_url("logins"), {"all": "1"}).status_code == 302
    assert [is_in(one) for one in (client, other, elsewhere)] == [False, False, True]


def test_a_login_that_cannot_be_ended_is_told(client, monkeypatch, text_of):
    def refuse(user, reference):
        raise LogoutImpossible

    monkeypatch.setattr(logins, "end_one", refuse)
    log_in(client, PHONE)
    response = client.post(web_url("logins"), {"login": "f" * 32}, follow=True)
    assert str(LogoutImpossible.message) in text_of(response)


def test_a_change_needs_the_csrf_token():
    client = Client(enforce_csrf_checks=True)
    log_in(client, PHONE)
    for sent in ({"login": reference_of(client)}, {"all": "1"}):
        assert client.post(web_url("logins"), sent).status_code == 403
    assert is_in(client)


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_sent_to_the_phone_page(client, method):
    response = getattr(client, method)(web_url("logins"))
    assert response.status_code == 302
    assert response["Location"].startswith(web_url("phone"))


def test_a_user_without_a_phone_has_no_such_page(client):
    from django.contrib.auth import get_user_model

    user = sign_up(PHONE)
    client.force_login(user)
    user.phone_account.delete()
    assert client.get(web_url("logins")).status_code == 404
    assert get_user_model().objects.filter(pk=user.pk).exists()


def test_without_a_database_the_page_says_so(client, silent_tables):
    log_in(client, PHONE)
    with silent_tables():
        for response in (
            client.get(web_url("logins")),
            client.post(web_url("logins"), {"login": "f" * 32}),
            client.post(web_url("logins"), {"all": "1"}),
        ):
            assert response.status_code == 503
            assert response["Retry-After"]
    assert is_in(client)
