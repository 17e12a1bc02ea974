"""The pages of another number: who may open them, what they say, and the way back."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from django_phone_invites import logins, sessions
from django_phone_invites.models import LoginCode, PhoneAccount, PhoneChange
from django_phone_invites.routes import web_url
from django_phone_invites.services import numbers, undo
from django_phone_invites.testing import last_code, log_in, outbox, sign_up

pytestmark = pytest.mark.django_db

OLD, NEW = "+79096869722", "+79161234567"


def number_of(user):
    account = PhoneAccount.objects.filter(user=user.pk).first()
    return None if account is None else account.e164


def lead_on(browser, answer, route):
    """Follow an answer to where another number is entered, and return what stands there."""
    assert (answer.status_code, answer.headers["Location"]) == (302, web_url(route))
    page = browser.get(web_url(route))
    assert 'name="phone"' in page.content.decode()
    return page.content.decode()


@pytest.fixture
def user(client):
    """Somebody who has entered a code just now."""
    return log_in(client, OLD)


@pytest.fixture
def phoneless(client):
    model = get_user_model()
    name = "+79990000001" if "phone" in model.USERNAME_FIELD else "site@example.com"
    user = model._default_manager.create(**{model.USERNAME_FIELD: name})
    client.force_login(user)
    return user


@pytest.fixture
def ask(client):
    def ask(phone=NEW, query=""):
        response = client.post(web_url("number") + query, {"phone": phone})
        assert response.status_code == 302, response.content.decode()
        return response.headers["Location"]

    return ask


@pytest.fixture
def move(client, ask):
    def move(phone=NEW, query=""):
        return client.post(ask(phone, query), {"auth_number": last_code(phone)})

    return move


def token():
    return re.search("[0-9a-f]{32}", outbox[-1].text)[0]


# The number


def test_a_stranger_is_sent_to_the_phone_page(client):
    for method in ("get", "post"):
        answer = getattr(client, method)(web_url("number"))
        assert answer.url == f"{web_url('phone')}?{urlencode({'next': web_url('number')})}"


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_code_of_late_one_is_asked_for_first(client, method):
    client.force_login(sign_up(OLD))
    answer = getattr(client, method)(web_url("number"), {"phone": NEW})
    assert answer.url.startswith(web_url("verify"))
    assert outbox == []


def test_the_proof_lasts_for_fifteen_minutes(client, clock):
    log_in(client, OLD)
    clock.shift(dt.timedelta(minutes=15) - dt.timedelta(seconds=1))
    assert client.get(web_url("number")).status_code == 200
    clock.shift(dt.timedelta(seconds=1))
    assert client.get(web_url("number")).status_code == 302


def test_the_page_says_which_number_there_is(client, user, text_of, read_page):
    response = client.get(web_url("number"))
    assert "Change the number" in text_of(response)
    assert "+7(909)686-97-22" in text_of(response)
    assert read_page(response).violations == []
    assert web_url("profile") in response.content.decode()


def test_the_profile_leads_to_it(client, user):
    page = client.get(web_url("profile")).content.decode()
    assert f'href="{web_url("number")}"' in page


def test_a_right_code_changes_the_number(client, user, move, text_of):
    answer = move()
    assert answer.url == web_url("profile")
    page = text_of(client.get(answer.url))
    assert "Your number was changed." in page
    assert "+7(916)123-45-67" in page
    assert number_of(user) == NEW


def test_it_leads_to_where_it_was_asked_from(client, user, move):
    assert move(query="?next=/settings/").url == "/settings/"


def test_it_leads_to_no_other_site(client, user, move):
    assert move(query="?next=https://evil.example/").url == web_url("profile")


def test_it_is_no_login_and_renews_the_session(client, user, move):
    before = client.session.session_key
    move()
    assert client.session.session_key != before
    assert client.get(web_url("number")).status_code == 200


def test_the_code_page_says_what_it_is_for(client, user, ask, text_of):
    page = client.get(ask())
    assert "We sent a 6-digit code to +7(916)123-45-67" in text_of(page)
    assert "Confirm" in text_of(page)
    assert f'href="{web_url("number")}"' in page.content.decode()


def test_a_wrong_guess_is_an_error_of_the_field(client, user, ask, text_of):
    url = ask()
    wrong = str((int(last_code(NEW)) + 1) % 10**6).zfill(6)
    answer = client.post(url, {"auth_number": wrong})
    assert answer.status_code == 200
    assert "This code is wrong." in text_of(answer)
    assert number_of(user) == OLD


def test_another_code_is_sent_to_the_same_number_for_the_same_user(client, user, ask, settings):
    settings.PHONE_INVITES_RESEND_COOLDOWN = dt.timedelta(0)
    url = client.post(ask(), {"resend": "1"}).url
    row = LoginCode.objects.latest("pk")
    assert (row.purpose, row.user_id, row.phone) == ("change", user.pk, NEW)
    client.post(url, {"auth_number": last_code(NEW)})
    assert number_of(user) == NEW


def test_in_the_cooldown_the_code_that_is_there_is_entered(client, user, ask, text_of):
    url = ask()
    assert ask() == url
    assert "A code was sent to this number already." in text_of(client.get(url))


def test_a_number_that_is_none_is_an_error_of_the_field(client, user, text_of):
    answer = client.post(web_url("number"), {"phone": "12"})
    assert (answer.status_code, "Enter a valid phone number" in text_of(answer)) == (200, True)


def test_in_the_cooldown_of_a_login_the_limit_is_told(client, user, enter_phone, text_of):
    enter_phone(Client(), NEW)
    answer = client.post(web_url("number"), {"phone": NEW})
    assert answer.status_code == 429


def test_a_number_of_somebody_is_asked_for_as_any_other_and_refused(client, user, ask):
    sign_up(NEW)
    answer = client.post(ask(), {"auth_number": last_code(NEW)})
    assert "This number belongs to an account already." in lead_on(client, answer, "number")
    assert number_of(user) == OLD


def test_a_number_that_may_be_given_back_is_refused(client, user, move, ask):
    move()
    log_in(client, "+79261234567")
    answer = client.post(ask(OLD), {"auth_number": last_code(OLD)})
    assert "This number was changed a short time ago." in lead_on(client, answer, "number")


def test_nobody_signs_up_with_a_number_that_may_be_given_back(client, user, move, enter_phone):
    move()
    browser = Client()
    answer = browser.post(enter_phone(browser, OLD), {"auth_number": last_code(OLD)})
    assert "This number was changed a short time ago." in lead_on(browser, answer, "phone")


def test_a_code_that_logs_in_is_not_entered_here(client, user, enter_phone):
    url = enter_phone(client, NEW)
    row = LoginCode.objects.get()
    assert client.get(web_url("number_code", token=row.token)).url == web_url("profile")
    assert client.get(url).status_code == 200


def test_a_code_for_a_number_is_not_entered_on_the_page_of_logins(client, user, ask):
    ask()
    row = LoginCode.objects.get()
    answer = client.post(web_url("code", token=row.token), {"auth_number": last_code(NEW)})
    assert answer.url == web_url("profile")
    assert number_of(user) == OLD


def test_whoever_signs_in_meanwhile_does_not_enter_it(client, user, ask):
    url = ask()
    other = sign_up("+79261234567")
    pending = client.session["phone_invites"]
    client.force_login(other)
    session = client.session
    session["phone_invites"] = pending
    session.save()
    client.post(url, {"auth_number": last_code(NEW)})
    assert (number_of(user), number_of(other)) == (OLD, "+79261234567")


def test_after_a_logout_it_is_not_entered(client, user, ask):
    url = ask()
    client.logout()
    assert client.get(url).url == f"{web_url('phone')}?{urlencode({'next': web_url('number')})}"


def test_it_works_at_other_paths(client, use_routes):
    use_routes(number="n/", number_code="n/<int:pk>/", undo="u/<str:token>/")
    log_in(client, OLD)
    url = client.post("/user/n/", {"phone": NEW}).url
    assert url == f"/user/n/{LoginCode.objects.get().pk}/"
    assert client.post(url, {"auth_number": last_code(NEW)}).status_code == 302


# A first one


def test_who_has_none_is_asked_for_nothing_first(client, phoneless, move, text_of):
    assert "Add a phone number" in text_of(client.get(web_url("number")))
    answer = move()
    assert "Your number was added." in text_of(client.get(answer.url))
    assert number_of(phoneless) == NEW


def test_the_phone_page_offers_it(client, phoneless):
    page = client.get(web_url("phone")).content.decode()
    assert f'href="{web_url("number")}"' in page


def test_without_a_code_of_their_own_they_are_led_to_ask_for_one(client, phoneless):
    assert client.get(web_url("number_code", token="0" * 32)).url == web_url("number")


# Back


def test_the_link_shows_the_masked_number_and_undoes_nothing(
    client, user, move, text_of, read_page
):
    move()
    stranger = Client()
    response = stranger.get(web_url("undo", token=token()))
    assert response.status_code == 200
    assert "97-22" not in text_of(response)
    assert OLD not in response.content.decode()
    assert read_page(response).violations == []
    assert number_of(user) == NEW


def test_the_button_undoes_it_without_a_login(client, user, move, text_of):
    move()
    stranger = Client()
    answer = stranger.post(web_url("undo", token=token()))
    assert answer.url == web_url("phone")
    assert "The number is yours again" in text_of(stranger.get(answer.url))
    assert number_of(user) == OLD
    # Whoever changed it is out.
    assert client.get(web_url("profile")).url.startswith(web_url("phone"))


def test_a_link_that_was_used_says_so(client, user, move, text_of):
    move()
    url = web_url("undo", token=token())
    stranger = Client()
    stranger.post(url)
    for method in ("get", "post"):
        answer = getattr(Client(), method)(url)
        assert answer.url == web_url("phone")
    assert stranger.get(url).url == web_url("phone")
    assert "There is nothing to undo" in text_of(stranger.get(web_url("phone")))


def test_a_link_that_is_used_at_the_same_moment_says_so(client, user, move, text_of, monkeypatch):
    move()
    url, stranger = web_url("undo", token=token()), Client()
    found = undo.get_change(token())
    undo.undo_change(token=token(), end_logins=logins.end_all)
    monkeypatch.setattr(undo, "get_change", lambda token: found)
    assert stranger.post(url).url == web_url("phone")
    assert "There is nothing to undo" in text_of(stranger.get(web_url("phone")))


def test_what_is_in_the_way_is_said_on_the_page(client, user, move, text_of):
    move()
    other = sign_up("+79261234567")
    PhoneAccount.objects.filter(user=other).update(phone=OLD)
    answer = Client().post(web_url("undo", token=token()))
    assert (answer.status_code, "another account" in text_of(answer)) == (200, True)
    assert PhoneChange.objects.get().undone_at is None


def test_a_form_takes_the_token_where_there_is_no_link(client, user, move):
    move()
    stranger = Client()
    assert stranger.get(web_url("undo_form")).status_code == 200
    answer = stranger.post(web_url("undo_form"), {"token": f" {token().upper()} "})
    assert answer.url == web_url("undo", token=token())
    assert number_of(user) == NEW


def test_the_form_finds_the_token_in_the_whole_message(client, user, move):
    move()
    entered = f"Your number was changed. Not you? Undo it with {token()}"
    answer = Client().post(web_url("undo_form"), {"token": entered})
    assert answer.url == web_url("undo", token=token())


def test_the_form_says_that_there_is_nothing_to_undo(client, text_of):
    answer = client.post(web_url("undo_form"), {"token": "0" * 32})
    assert (answer.status_code, "There is nothing to undo" in text_of(answer)) == (200, True)


def test_the_session_is_renewed_by_the_package_s_own_way(client, user, move, monkeypatch):
    renewed = []
    monkeypatch.setattr(sessions, "renew", lambda request, user: renewed.append(user.pk))
    move()
    assert renewed == [user.pk]


def test_a_login_that_is_ended_while_the_old_number_is_told_stays_ended(
    client, user, ask, monkeypatch
):
    """A slow provider keeps the request open; the session has its new key by then."""

    def tell_slowly(notice):
        (login,) = logins.find_all(user).logins
        assert logins.end_one(user, login.reference)

    url = ask()
    monkeypatch.setattr(numbers, "deliver", tell_slowly)
    client.post(url, {"auth_number": last_code(NEW)})
    assert number_of(user) == NEW
    assert client.get(web_url("number")).url.startswith(web_url("phone"))
    assert not logins.find_all(user).logins


def test_a_login_that_was_ended_before_changes_nothing(client, user, ask, monkeypatch):
    require_right = numbers.Attempt.require_right

    def end_and_require_right(*args):
        client.session.delete()
        require_right(*args)

    url = ask()
    monkeypatch.setattr(numbers.Attempt, "require_right", end_and_require_right)
    answer = client.post(url, {"auth_number": last_code(NEW)})
    assert answer.status_code == 400
    assert number_of(user) == OLD
    assert client.get(web_url("number")).url.startswith(web_url("phone"))
