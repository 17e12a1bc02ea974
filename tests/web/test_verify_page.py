"""The page that sends who is signed in a code, and the way through it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from django_phone_invites import signals
from django_phone_invites.exceptions import GateRefused
from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.routes import web_url
from django_phone_invites.services import pauses, verifications
from django_phone_invites.testing import last_code, outbox, sign_up
from django_phone_invites.web import challenge

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"


def refuse_all(passage):
    raise GateRefused("Show that you are not a robot.")


def wrong():
    code = last_code(PHONE)
    return str((int(code) + 1) % 10 ** len(code)).zfill(len(code))


def verified(client, user):
    return verifications.in_session(client.session, user) is not None


@pytest.fixture
def user(client):
    """Somebody who is signed in, by a way of the site's own."""
    user = sign_up(PHONE)
    client.force_login(user)
    return user


@pytest.fixture
def ask(client, user):
    """Press the button and return where the code is entered."""

    def ask(next_url="/wanted/?a=1"):
        response = client.post(f"{web_url('verify')}?{urlencode({'next': next_url})}")
        assert response.status_code == 302, response.content.decode()
        return response.headers["Location"]

    return ask


def test_the_page_names_the_own_phone_and_asks_for_none(client, user, read_page, text_of):
    response = client.get(web_url("verify"))
    assert "We will send it to +7(909)686-97-22" in text_of(response)
    assert set(read_page(response).fields) == {"csrfmiddlewaretoken"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_the_page_sends_nothing(client, user, method):
    assert client.generic(method, web_url("verify")).status_code == 200
    assert outbox == []
    assert not LoginCode.objects.exists()


def test_the_button_sends_a_code_to_the_own_phone(client, ask, user):
    url = ask()
    row = LoginCode.objects.get()
    assert url == web_url("code", token=row.token)
    assert (row.phone, row.channel, row.address) == (PHONE, "web", "127.0.0.1")
    assert [message.phone for message in outbox] == [PHONE]
    assert not verified(client, user)


def test_no_field_changes_the_phone(client, user):
    client.post(web_url("verify"), {"phone": OTHER})
    assert [message.phone for message in outbox] == [PHONE]


def test_the_code_page_says_confirm_and_offers_no_other_number(client, ask, text_of):
    text = text_of(client.get(ask()))
    assert "Confirm" in text
    assert "Log in" not in text
    assert "Change the number" not in text


def test_the_code_page_of_a_login_stays_as_it_was(client, enter_phone, text_of):
    text = text_of(client.get(enter_phone(client)))
    assert "Log in" in text
    assert "Change the number" in text


def test_the_right_code_verifies_and_leads_back(client, ask, user):
    answer = client.post(ask(), {"auth_number": last_code(PHONE)})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/wanted/?a=1")
    assert verified(client, user)
    assert PhoneAccount.objects.get().verified_at == LoginCode.objects.get().used_at
    assert challenge.load(client.session) == challenge.PendingLogin()


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:x", ""])
def test_the_way_back_is_on_this_host(client, ask, wanted):
    answer = client.post(ask(wanted), {"auth_number": last_code(PHONE)})
    assert answer.headers["Location"] == web_url("profile")


def test_it_is_no_login(client, ask, user, settings):
    """The session stays that of the backend that began it, and nobody is told of a login."""
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        "django.contrib.auth.backends.AllowAllUsersModelBackend",
    ]
    session = client.session
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.AllowAllUsersModelBackend"
    session["kept"] = "of the site"
    session.save()
    logins = []

    def listen(sender, **arguments):
        logins.append(sender)

    url = ask()
    user_logged_in.connect(listen)
    try:
        client.post(url, {"auth_number": last_code(PHONE)})
    finally:
        user_logged_in.disconnect(listen)
    assert logins == []
    assert client.session["kept"] == "of the site"
    assert client.session[BACKEND_SESSION_KEY] == session[BACKEND_SESSION_KEY]


def test_the_session_key_and_the_csrf_token_change(client, ask):
    url = ask()
    client.get(url)
    key, token = client.session.session_key, client.cookies["csrftoken"].value
    client.post(url, {"auth_number": last_code(PHONE)})
    assert client.session.session_key != key
    assert not SessionStore().exists(key)
    assert client.cookies["csrftoken"].value != token


def test_the_site_is_told_that_the_phone_was_verified(client, ask, user):
    heard = []

    def listen(sender, account, user, created, **arguments):
        heard.append((account.user, user, created))

    url = ask()
    signals.phone_verified.connect(listen)
    try:
        client.post(url, {"auth_number": last_code(PHONE)})
    finally:
        signals.phone_verified.disconnect(listen)
    assert heard == [(user, user, False)]


def test_a_wrong_code_verifies_nothing_and_counts(client, ask, user, text_of):
    answer = client.post(ask(), {"auth_number": wrong()})
    assert "This code is wrong." in text_of(answer)
    assert LoginCode.objects.get().attempts == 1
    assert not verified(client, user)


def test_a_new_code_verifies_too_and_leads_back(clock, client, ask, user):
    url = ask()
    clock.shift(60)
    url = client.post(url, {"resend": "1"}).headers["Location"]
    answer = client.post(url, {"auth_number": last_code(PHONE)})
    assert answer.headers["Location"] == "/wanted/?a=1"
    assert verified(client, user)


# Nobody else


def test_a_phone_that_went_to_somebody_else_switches_no_user(client, ask, user, text_of):
    other = sign_up(OTHER)
    url = ask()
    PhoneAccount.objects.filter(user=user).delete()
    PhoneAccount.objects.filter(user=other).update(phone=PHONE)
    answer = client.post(url, {"auth_number": last_code(PHONE)})
    assert "There is another account with this number." in text_of(answer)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not verified(client, user)


def test_a_phone_that_is_nobody_s_makes_no_user(client, ask, user, text_of):
    url = ask()
    PhoneAccount.objects.all().delete()
    answer = client.post(url, {"auth_number": last_code(PHONE)})
    assert "This user has no phone number." in text_of(answer)
    assert get_user_model().objects.count() == 1
    assert not PhoneAccount.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_user_of_the_session_does_not_enter_it(client, ask, user, method):
    """Also where a site has put them into the session without emptying it, as Django does."""
    url = ask()
    pending = client.session["phone_invites"]
    other = sign_up(OTHER)
    client.force_login(other)
    session = client.session
    session["phone_invites"] = pending
    session.save()
    answer = getattr(client, method)(url, {"auth_number": last_code(PHONE)})
    assert answer.headers["Location"] == web_url("profile")
    assert client.session["_auth_user_id"] == str(other.pk)
    assert LoginCode.objects.get().attempts == 0


def test_another_browser_of_the_same_user_does_not_enter_it(ask, user):
    url = ask()
    browser = Client()
    browser.force_login(user)
    browser.post(url, {"auth_number": last_code(PHONE)})
    assert not verified(browser, user)


def test_a_user_disabled_meanwhile_is_sent_to_the_login(client, ask, user):
    url = ask()
    type(user).objects.update(is_active=False)
    answer = client.post(url, {"auth_number": last_code(PHONE)})
    assert answer.headers["Location"] == web_url("phone")
    assert not verified(client, user)


def test_a_login_with_another_number_is_a_login(client, ask, user, enter_phone):
    """Who types a number on the phone page wants to be somebody else, and says so."""
    old = ask()
    url = enter_phone(client, OTHER)
    assert client.post(old, {"auth_number": last_code(PHONE)}).status_code == 302
    client.post(url, {"auth_number": last_code(OTHER)})
    assert client.session["_auth_user_id"] == str(sign_up(OTHER).pk)


@pytest.mark.parametrize("query", ["", "?next=%2Fwanted%2F"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_the_login_with_where_they_wanted_to_go(client, query, method):
    answer = getattr(client, method)(web_url("verify") + query)
    assert answer.headers["Location"] == web_url("phone") + query
    assert outbox == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_user_without_a_phone_has_no_such_page(client, user, method):
    PhoneAccount.objects.all().delete()
    assert getattr(client, method)(web_url("verify")).status_code == 404


# Too often, and not at all


def test_a_second_press_leads_to_the_code_that_lives(client, ask, user, text_of):
    url = ask("/first/")
    assert ask("/second/") == url
    assert "A code was sent to this number already." in text_of(client.get(url))
    assert len(outbox) == 1
    answer = client.post(url, {"auth_number": last_code(PHONE)})
    assert answer.headers["Location"] == "/second/"


def test_the_code_that_was_asked_for_with_the_own_number_will_do(client, user, enter_phone, ask):
    url = enter_phone(client)
    assert ask() == url
    client.post(url, {"auth_number": last_code(PHONE)})
    assert verified(client, user)
    assert len(outbox) == 1


def test_another_browser_is_told_when_to_come_back(clock, ask, user, text_of):
    browser = Client()
    browser.force_login(user)
    ask()
    answer = browser.post(web_url("verify"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "Try again in 60 seconds." in text_of(answer)


def test_a_pause_is_503(client, user, text_of):
    pauses.pause(region="RU")
    answer = client.post(web_url("verify"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")
    assert "Codes are not sent at the moment. Try again later." in text_of(answer)


def test_the_site_s_gate_is_asked_here_too(client, user, settings, text_of):
    settings.PHONE_INVITES_GATE = f"{__name__}.refuse_all"
    assert "Show that you are not a robot." in text_of(client.post(web_url("verify")))
    assert outbox == []


def test_a_number_of_a_country_that_is_left_out_by_now_is_refused(client, user, settings, text_of):
    settings.PHONE_INVITES_REGIONS = ["KZ"]
    text = text_of(client.post(web_url("verify")))
    assert "Codes are not sent to numbers of this country." in text


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_silent_database_is_503(client, user, silent_tables, method):
    with silent_tables():
        answer = getattr(client, method)(web_url("verify"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_the_site_may_serve_it_elsewhere(client, user, use_routes):
    use_routes(verify="confirm/")
    assert client.get("/user/confirm/").status_code == 200


def test_the_page_speaks_russian(client, user, text_of):
    page = client.get(web_url("verify"), HTTP_ACCEPT_LANGUAGE="ru")
    assert "Подтвердите, что это вы" in text_of(page)
    assert "Мы отправим его на номер +7(909)686-97-22" in text_of(page)
