"""Logins in the admin: looked at, ended by deleting them, and all of a user's when they are disabled."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.core.exceptions import FieldDoesNotExist
from django.test import Client

from django_phone_invites import logins
from django_phone_invites.exceptions import LogoutImpossible
from django_phone_invites.models import ActiveLogin, PhoneAccount
from django_phone_invites.testing import log_in
from tests.admin.pages import OTHER_PHONE, PHONE, changelist, page

pytestmark = pytest.mark.django_db


def is_in(client):
    return client.get("/user/profile/").status_code == 200


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def act(client, name, action, *rows, **more):
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(changelist(name), data)


@pytest.fixture
def browser():
    browser = Client()
    log_in(browser, PHONE)
    return browser


def test_a_login_shows_what_it_was_made_with_and_nothing_that_opens_it(root, browser):
    ActiveLogin.objects.update(user_agent="Firefox, Windows")
    record = ActiveLogin.objects.get()
    for url in (changelist("activelogin"), page("activelogin", record)):
        content = root.get(url).content.decode()
        assert "Firefox, Windows" in content
        assert "Browser session" in content
        assert record.sealed_key not in content
        assert browser.session.session_key not in content


def test_a_token_is_shown_by_the_name_of_its_issuer(root, browser):
    ActiveLogin.objects.update(issuer="mysite.tokens.ShortIssuer")
    assert "ShortIssuer" in root.get(changelist("activelogin")).content.decode()


@pytest.mark.parametrize("delete", ["page", "action"])
def test_deleting_a_login_ends_it(root, browser, delete):
    other = Client()
    log_in(other, PHONE)
    record = ActiveLogin.objects.get(reference=browser.session["phone_invites_login"])
    if delete == "page":
        root.post(page("activelogin", record, "delete"), {"post": "yes"})
    else:
        act(root, "activelogin", "delete_selected", record, post="yes")
    assert [is_in(browser), is_in(other)] == [False, True]
    assert not ActiveLogin.objects.filter(pk=record.pk).exists()


def test_a_login_that_cannot_be_ended_stays_and_that_is_said(root, browser, monkeypatch):
    def refuse(record):
        raise LogoutImpossible

    monkeypatch.setattr(logins, "end_remembered", refuse)
    record = ActiveLogin.objects.get()
    response = root.post(page("activelogin", record, "delete"), {"post": "yes"})
    assert str(LogoutImpossible.message) in said(response)[0]
    assert ActiveLogin.objects.exists()


def test_users_are_disabled_and_logged_out_for_good(root, browser):
    stranger = Client()
    user = log_in(stranger, OTHER_PHONE)
    account = PhoneAccount.objects.get(phone=PHONE)
    response = act(root, "phoneaccount", "disable", account)
    assert said(response) == ["1 user was disabled."]
    get_user_model()._default_manager.filter(is_active=False).update(is_active=True)
    assert [is_in(browser), is_in(stranger)] == [False, True]
    assert ActiveLogin.objects.get().user == user
    assert LogEntry.objects.get().change_message == "Disabled."


def test_logins_that_go_on_are_named(root, browser, monkeypatch):
    monkeypatch.setattr(logins, "end_all", lambda user: ["sessions"])
    response = act(root, "phoneaccount", "disable", PhoneAccount.objects.get())
    assert "these logins could not be ended here: sessions." in said(response)[0]


def test_nobody_disables_themselves(root):
    user = log_in(root, PHONE)
    model = get_user_model()._default_manager
    model.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    response = act(root, "phoneaccount", "disable", PhoneAccount.objects.get())
    assert said(response)[-1] == "0 users were disabled."
    assert model.get(pk=user.pk).is_active


def test_staff_who_may_not_change_users_disable_nobody(clerk, browser):
    act(clerk, "phoneaccount", "disable", PhoneAccount.objects.get())
    assert is_in(browser)


def test_users_that_cannot_be_disabled_are_not(root, browser, monkeypatch):
    opts = get_user_model()._meta
    known = type(opts).get_field

    def get_field(self, name):
        if name == "is_active":
            raise FieldDoesNotExist
        return known(self, name)

    monkeypatch.setattr(type(opts), "get_field", get_field)
    assert "Disable the users" not in root.get(changelist("phoneaccount")).content.decode()
