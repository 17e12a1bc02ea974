"""The page that asks for the code."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.messages import get_messages
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone

from django_phone_invites.models import LoginCode, PhoneAccount
from django_phone_invites.routes import web_url
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import accounts, pauses
from django_phone_invites.testing import last_code, sign_up
from django_phone_invites.web import challenge

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


def wrong(step=1):
    code = last_code(PHONE)
    return str((int(code) + step) % 10 ** len(code)).zfill(len(code))


def is_in(client):
    return "_auth_user_id" in client.session


def row():
    return LoginCode.objects.latest("pk")


@pytest.fixture
def url(client, enter_phone):
    """The page for the code that ``client`` asked for."""
    return enter_phone(client)


def test_the_page_asks_for_the_code(client, url, read_page, text_of):
    response = client.get(url)
    field = read_page(response).fields["auth_number"]
    assert (field["autocomplete"], field["inputmode"]) == ("one-time-code", "numeric")
    assert "value" not in field
    assert "We sent a 6-digit code to +7(909)686-97-22" in text_of(response)
    assert b'name="resend"' in response.content


def test_the_right_code_logs_in(client, url):
    response = client.post(url, {"auth_number": last_code(PHONE)})
    user = get_user_model().objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == web_url("profile", pk=user.pk)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.get(response.headers["Location"]).status_code == 200


def test_a_test_number_logs_in_with_the_code_of_the_settings(client, enter_phone, settings, clock):
    until = timezone.now().date()
    settings.PHONE_INVITES_TEST_NUMBERS = {PHONE: {"code": "13579246", "until": until}}
    url = enter_phone(client)
    page = client.get(url).content.decode()
    assert "13579246" not in page
    client.post(url, {"auth_number": "1357 9246"})
    assert is_in(client)
    assert outbox == []


@pytest.mark.parametrize("grouping", ["{} {}", " {}{} ", "{}-{}", "{} - {}"])
def test_the_code_may_be_grouped(client, url, grouping):
    code = last_code(PHONE)
    client.post(url, {"auth_number": grouping.format(code[:3], code[3:])})
    assert is_in(client)


def test_a_login_changes_the_session_key_and_the_csrf_token(client, url):
    client.get(url)
    session, token = client.session.session_key, client.cookies["csrftoken"].value
    client.post(url, {"auth_number": last_code(PHONE)})
    assert client.session.session_key != session
    assert client.cookies["csrftoken"].value != token
    assert not type(client.session)(session).exists(session)


def test_a_login_forgets_the_code(client, url):
    client.post(url, {"auth_number": last_code(PHONE)})
    assert challenge.load(client.session) == challenge.PendingLogin()
    logged_out = Client()
    logged_out.get(web_url("phone"))
    assert logged_out.get(url).headers["Location"] == web_url("phone")


def test_back_to_the_page_of_a_used_code_leads_on(client, url):
    """The back button and a double submit find somebody who is signed in already."""
    client.post(url, {"auth_number": last_code(PHONE)})
    for again in (client.get(url), client.post(url, {"auth_number": last_code(PHONE)})):
        assert again.headers["Location"] == web_url("profile")
    assert not list(get_messages(again.wsgi_request))


def test_a_login_leads_to_where_the_site_says(client, url, settings):
    settings.PHONE_INVITES_LOGIN_REDIRECT_URL = "/welcome/"
    done = client.post(url, {"auth_number": last_code(PHONE)})
    assert done.headers["Location"] == "/welcome/"


def test_next_wins_over_where_the_site_says(client, enter_phone, settings):
    settings.PHONE_INVITES_LOGIN_REDIRECT_URL = "phone_invites:invitees"
    url = enter_phone(client, query="?next=/offers/")
    done = client.post(url, {"auth_number": last_code(PHONE)})
    assert done.headers["Location"] == "/offers/"


def test_a_disabled_user_s_page_has_no_form_left(client, url, text_of):
    user = sign_up(PHONE)
    user.is_active = False
    user.save()
    page = client.post(url, {"auth_number": last_code(PHONE)})
    assert page.context["spent"] is True
    assert "This account is disabled." in text_of(page)
    assert "attempts left" not in text_of(page)


def test_another_user_s_session_ends_with_the_login(client, enter_phone):
    client.force_login(sign_up("+79096869723"))
    session = client.session
    session["kept"] = "secret of the first user"
    session.save()
    client.post(enter_phone(client), {"auth_number": last_code(PHONE)})
    assert client.session["_auth_user_id"] == str(accounts.find(PHONE).user.pk)
    assert "kept" not in client.session


def test_a_login_goes_where_it_was_wanted(client, enter_phone):
    url = enter_phone(client, next="/admin/?q=1")
    response = client.post(url, {"auth_number": last_code(PHONE)})
    assert response.headers["Location"] == "/admin/?q=1"


@pytest.mark.parametrize(("length", "kept"), [(2_000, True), (2_001, False), (50_000, False)])
def test_a_very_long_next_does_not_spoil_the_login(client, enter_phone, length, kept):
    wanted = "/" + "a" * (length - 1)
    url = enter_phone(client, next=wanted)
    response = client.post(url, {"auth_number": last_code(PHONE)})
    assert is_in(client)
    assert (response.status_code, response.headers["Location"] == wanted) == (302, kept)


def test_a_wrong_code_is_refused_with_the_attempts_left(client, url, text_of):
    response = client.post(url, {"auth_number": wrong()})
    assert response.status_code == 200
    text = text_of(response)
    assert "This code is wrong." in text
    assert "You have 4 attempts left." in text
    assert not is_in(client)
    assert row().attempts == 1


def test_the_last_attempt_is_announced(client, url, settings, text_of):
    settings.PHONE_INVITES_CODE_ATTEMPTS = 1
    assert "You have 1 attempt left." in text_of(client.get(url))


def test_a_wrong_code_is_not_shown_again(client, url, read_page):
    response = client.post(url, {"auth_number": wrong()})
    assert "value" not in read_page(response).fields["auth_number"]
    assert wrong() not in response.content.decode()


def test_guesses_are_evaluated_up_to_the_limit(client, url, text_of):
    for step in range(1, 6):
        client.post(url, {"auth_number": wrong(step)})
    response = client.post(url, {"auth_number": last_code(PHONE)})
    assert response.status_code == 200
    assert "Too many wrong attempts. Ask for a new code." in text_of(response)
    assert not is_in(client)
    assert row().attempts == 5


def test_a_spent_code_has_no_field_but_a_way_to_a_new_one(client, url, read_page, text_of):
    for step in range(1, 6):
        client.post(url, {"auth_number": wrong(step)})
    response = client.get(url)
    assert "auth_number" not in read_page(response).fields
    assert "This code can no longer be used." in text_of(response)
    assert b'name="resend"' in response.content


def test_an_expired_code_is_refused(client, enter_phone, clock, text_of):
    url = enter_phone(client)
    clock.shift(300)
    response = client.post(url, {"auth_number": last_code(PHONE)})
    assert "This code is no longer valid. Ask for a new one." in text_of(response)
    assert not is_in(client)


@pytest.mark.parametrize(
    "guess",
    ["", "1", "1234567", "abcdef", "１２３４５６", "12345\0", "9" * 33, "-" * 20, "12345\u200b"],
)
def test_a_malformed_code_costs_nothing(client, url, guess):
    response = client.post(url, {"auth_number": guess})
    assert response.status_code == 200
    assert response.context["form"].errors["auth_number"]
    assert row().attempts == 0


@pytest.mark.parametrize("guess", ["", "abcdef", "12345\0", "9" * 33])
def test_every_malformed_code_counts_for_its_address(client, url, settings, guess):
    settings.PHONE_INVITES_ADDRESS_FAILURES_PER_HOUR = 2
    statuses = [client.post(url, {"auth_number": guess}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


@pytest.mark.parametrize("body", [b"", b"auth_number[]=1", b"auth_number=%FF", b"\xff"])
def test_a_broken_body_costs_nothing(client, url, body):
    response = client.post(url, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert row().attempts == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_the_page_neither_sends_nor_counts(client, url, method):
    guess = last_code(PHONE)
    response = client.generic(method, f"{url}?auth_number={guess}&resend=1")
    assert response.status_code == 200
    assert len(outbox) == 1
    assert (row().attempts, row().used_at) == (0, None)
    assert not is_in(client)


def test_a_disabled_user_is_refused(client, enter_phone, text_of):
    user = sign_up(PHONE)
    user.is_active = False
    user.save()
    response = client.post(enter_phone(client), {"auth_number": last_code(PHONE)})
    assert response.status_code == 200
    assert "This account is disabled." in text_of(response)
    assert not is_in(client)


def test_a_disabled_user_s_code_is_shown_as_the_spent_one_that_it_is(
    client, enter_phone, read_page
):
    user = sign_up(PHONE)
    user.is_active = False
    user.save()
    response = client.post(enter_phone(client), {"auth_number": last_code(PHONE)})
    assert (response.context["spent"], response.context["attempts_left"]) == (True, 4)
    assert "auth_number" not in read_page(response).fields


# Only in the browser that asked


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_browser_is_sent_to_ask_for_a_code_of_its_own(url, method, text_of):
    other = Client()
    response = getattr(other, method)(url, {"auth_number": last_code(PHONE)})
    assert (response.status_code, response.headers["Location"]) == (302, web_url("phone"))
    text = text_of(other.get(web_url("phone")))
    assert "This code was not requested here. Ask for a new one." in text
    assert not is_in(other)
    assert row().attempts == 0


def test_another_browser_s_guesses_and_wishes_count_for_nothing(client, url):
    other = Client()
    for step in range(1, 8):
        other.post(url, {"auth_number": wrong(step)})
    other.post(url, {"resend": "1"})
    client.post(url, {"auth_number": last_code(PHONE)})
    assert is_in(client)
    assert len(outbox) == 1


def test_a_browser_with_a_code_of_its_own_does_not_enter_another_s(client, url, enter_phone):
    other = Client()
    enter_phone(other, "+79096869723")
    response = other.post(url, {"auth_number": last_code(PHONE)})
    assert response.headers["Location"] == web_url("phone")
    assert not is_in(other)


def test_the_code_of_the_api_is_not_entered_on_the_page(client, url):
    LoginCode.objects.update(channel=LoginCode.Channel.API)
    response = client.post(url, {"auth_number": last_code(PHONE)})
    assert response.headers["Location"] == web_url("phone")
    assert not is_in(client)


def test_a_purged_code_is_not_found(client, url):
    LoginCode.objects.all().delete()
    assert client.get(url).headers["Location"] == web_url("phone")


# Another code


def test_a_new_code_ends_the_old_one(client, enter_phone, clock):
    old = enter_phone(client)
    first = last_code(PHONE)
    clock.shift(60)
    response = client.post(old, {"resend": "1"})
    assert response.status_code == 302
    new = response.headers["Location"]
    assert new != old
    assert len(outbox) == 2
    assert LoginCode.objects.earliest("pk").ended_at is not None
    assert client.post(old, {"auth_number": first}).headers["Location"] == web_url("phone")
    client.post(new, {"auth_number": last_code(PHONE)})
    assert is_in(client)


def test_a_new_code_too_soon_is_refused_and_the_old_one_lives(client, enter_phone, clock, text_of):
    url = enter_phone(client)
    clock.shift(20)
    response = client.post(url, {"resend": "1"})
    assert "Try again in 40 seconds." in text_of(response)
    assert len(outbox) == 1
    client.post(url, {"auth_number": last_code(PHONE)})
    assert is_in(client)


def test_the_page_tells_when_a_new_code_can_be_had(client, enter_phone, clock, text_of):
    url = enter_phone(client)
    clock.shift(59.5)
    response = client.get(url)
    assert "You can ask for a new code in 1 s" in text_of(response)
    assert b'data-pi-resend="1"' in response.content
    clock.shift(0.5)
    assert b"data-pi-resend" not in client.get(url).content


def test_a_new_code_keeps_the_invite_and_the_destination(client, enter_phone, clock):
    inviter = sign_up("+79096869723")
    url = enter_phone(client, next="/admin/", invite=inviter.invite_code.code)
    clock.shift(60)
    url = client.post(url, {"resend": "1"}).headers["Location"]
    response = client.post(url, {"auth_number": last_code(PHONE)})
    assert response.headers["Location"] == "/admin/"
    user = get_user_model().objects.get(phone_account__phone=PHONE)
    assert accounts.get_profile(user).activated_code == inviter.invite_code.code


def test_a_number_that_is_refused_by_now_gets_no_new_code(
    client, enter_phone, clock, settings, text_of
):
    url = enter_phone(client)
    clock.shift(60)
    settings.PHONE_INVITES_REGIONS = ["KZ"]
    response = client.post(url, {"resend": "1"})
    assert "Codes are not sent to numbers of this country." in text_of(response)
    assert len(outbox) == 1


def test_a_pause_sends_no_new_code_and_the_one_that_was_sent_logs_in(
    client, enter_phone, clock, text_of
):
    url = enter_phone(client)
    clock.shift(60)
    pauses.pause(region="RU")
    response = client.post(url, {"resend": "1"})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "300"
    assert "Codes are not sent at the moment. Try again later." in text_of(response)
    assert len(outbox) == 1
    client.post(url, {"auth_number": last_code(PHONE)})
    assert is_in(client)


def test_a_silent_database_sends_no_new_code(client, enter_phone, silent_tables):
    url = enter_phone(client)
    with silent_tables():
        response = client.post(url, {"resend": "1"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert len(outbox) == 1


# Invites


def test_a_refused_invite_is_told_after_the_login(client, enter_phone, text_of):
    url = enter_phone(client, invite="NOBODY")
    response = client.post(url, {"auth_number": last_code(PHONE)}, follow=True)
    assert is_in(client)
    assert "There is no such invite code." in text_of(response)


# Nothing is told before the right code


def test_no_response_before_the_login_holds_the_code(client, settings, clock):
    settings.PHONE_INVITES_CODE_LENGTH = 12
    responses = [client.get(web_url("phone")), client.post(web_url("phone"), {"phone": PHONE})]
    url = responses[-1].headers["Location"]
    for step in range(1, 7):
        responses += [client.get(url), client.post(url, {"auth_number": wrong(step)})]
    responses += [
        client.post(web_url("phone"), {"phone": PHONE}),
        client.post(url, {"resend": "1"}),
    ]
    code = last_code(PHONE)
    for response in responses:
        assert code not in response.content.decode()
        assert code not in repr((response.headers, response.cookies))
    assert code not in repr(dict(client.session))
    assert len(outbox) == 1


# ATOMIC_REQUESTS


@pytest.fixture
def atomic_requests(transactional_db):
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.django_db(transaction=True)
def test_attempts_survive_the_refusal_under_atomic_requests(atomic_requests, client, enter_phone):
    url = enter_phone(client)
    for step in range(1, 6):
        client.post(url, {"auth_number": wrong(step)})
    assert row().attempts == 5
    client.post(url, {"auth_number": last_code(PHONE)})
    assert not is_in(client)


@pytest.mark.django_db(transaction=True)
def test_a_login_works_under_atomic_requests(atomic_requests, client, enter_phone):
    client.post(enter_phone(client), {"auth_number": last_code(PHONE)})
    assert is_in(client)
    assert PhoneAccount.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "known",
    [
        pytest.param(True),
        False,
    ],
)
def test_a_conflict_while_signing_in_starts_again(client, enter_phone, known):
    """A receiver of the site loses a race once; the second try logs in with a whole session."""
    if known:
        sign_up(PHONE)
    url = enter_phone(client)
    heard = []

    def lose_once(sender, **arguments):
        heard.append(arguments["user"])
        if len(heard) == 1:
            raise IntegrityError

    user_logged_in.connect(lose_once)
    try:
        response = client.post(url, {"auth_number": last_code(PHONE)})
    finally:
        user_logged_in.disconnect(lose_once)
    assert len(heard) == 2
    assert response.status_code == 302
    assert is_in(client)


# A database that does not answer


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_silent_database_is_503(client, url, silent_tables, method):
    data = {"auth_number": last_code(PHONE)}
    with silent_tables():
        response = getattr(client, method)(url, data)
    assert response.status_code == 503
    assert not is_in(client)


# Ids of any kind

IDS = [
    "-1",
    "9223372036854775808",
    "9" * 400,
    "9" * 5000,
    "%00",
    "%FF",
    "%2e%2e",
    "x",
    "\u0661",
    " ",
]


@pytest.mark.parametrize("path", ["auth/<int:pk>/", "auth/<str:pk>/", "auth/<str:token>/"])
@pytest.mark.parametrize("value", IDS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strange_id_shows_no_code(client, use_routes, enter_phone, path, value, method):
    use_routes(code=path)
    enter_phone(client)
    response = getattr(client, method)(f"/user/auth/{value}/", {"auth_number": last_code(PHONE)})
    assert response.status_code in {302, 404}
    if response.status_code == 302:
        assert response.headers["Location"] == web_url("phone")
    assert not is_in(client)


@pytest.mark.parametrize("method", ["get", "post"])
def test_zero_is_nobody_s_code(client, use_routes, enter_phone, method):
    use_routes(code="auth/<int:pk>/")
    enter_phone(client)
    response = getattr(client, method)("/user/auth/0/", {"auth_number": last_code(PHONE)})
    assert (response.status_code, response.headers.get("Location")) == (302, web_url("phone"))
    assert not is_in(client)


def test_a_route_by_number_leads_to_the_code(client, use_routes, enter_phone):
    use_routes(code="auth/<int:pk>/", profile="deteil/<str:pk>/")
    url = enter_phone(client)
    assert re.fullmatch(rf"/user/auth/{row().pk}/", url)
    assert client.get(url).status_code == 200
    response = client.post(url, {"auth_number": last_code(PHONE)})
    assert response.headers["Location"] == f"/user/deteil/{get_user_model().objects.get().pk}/"


def test_the_next_number_is_not_one_s_own(client, use_routes, enter_phone):
    use_routes(code="auth/<int:pk>/")
    other = Client()
    theirs = enter_phone(other, "+79096869723")
    enter_phone(client)
    response = client.post(theirs, {"auth_number": last_code("+79096869723")})
    assert response.headers["Location"] == web_url("phone")
    assert not is_in(client)
