"""Erasing phones in the admin: with a permission of its own, and after a question."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.urls import reverse

from django_phone_invites import logins
from django_phone_invites.models import ErasedPhone, PhoneAccount
from django_phone_invites.testing import sign_up
from tests.admin.conftest import ClerkBackend, make_staff, staff_client
from tests.admin.pages import OTHER_PHONE, PHONE, changelist
from tests.forms import without_csrf_tokens

pytestmark = pytest.mark.django_db

URL = reverse("admin:phone_invites_phoneaccount_erase")
NEEDS_PHONE = get_user_model().__name__ == "PhoneUser"
keeps_users = pytest.mark.skipif(NEEDS_PHONE, reason="no user of this model is without a phone")
DELETES = {"delete_users": "yes"}


def ask(client, *accounts):
    keys = [account.pk for account in accounts]
    return client.post(changelist("phoneaccount"), {"action": "erase", "_selected_action": keys})


def told(response):
    return [str(message) for message in response.context["messages"]]


def erase(client, *keys, **more):
    return client.post(URL, {"account": keys, **more}, follow=True)


def test_it_asks_first_and_masks_what_may_not_be_seen(clerk, rows):
    content = ask(clerk, rows["phoneaccount"]).content.decode()
    assert "+7 •••-•••-••-22" in content
    assert "686" not in without_csrf_tokens(content)
    assert f'name="account" value="{rows["phoneaccount"].pk}"' in content
    assert URL in content
    assert not ErasedPhone.objects.exists()


def test_it_shows_the_number_to_whoever_may_see_it(root, rows):
    assert "+7(909)686-97-22" in ask(root, rows["phoneaccount"]).content.decode()


@keeps_users
def test_the_chosen_phones_are_erased_and_the_history_says_by_whom(clerk, rows):
    account = rows["phoneaccount"]
    response = erase(clerk, account.pk)
    assert told(response) == ["1 phone was erased."]
    assert response.redirect_chain == [(changelist("phoneaccount"), 302)]
    assert [kept.e164 for kept in PhoneAccount.objects.all()] == [OTHER_PHONE]
    assert ErasedPhone.objects.get().has_activated
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.user) == (
        "+7 •••-•••-••-22",
        get_user_model()._default_manager.get(is_staff=True),
    )
    # A deletion: the list of recent actions leads to no row that is gone.
    assert entry.is_deletion()
    assert get_user_model()._default_manager.filter(pk=account.user_id).exists()


def test_their_users_are_deleted_where_that_is_asked_for(root, rows):
    page = ask(root, rows["phoneaccount"]).content.decode()
    assert 'name="delete_users"' in page
    accounts = list(PhoneAccount.objects.all())
    response = erase(root, *(account.pk for account in accounts), **DELETES)
    assert told(response) == ["2 phones were erased."]
    users = get_user_model()._default_manager
    assert not users.filter(pk__in=[account.user_id for account in accounts]).exists()


@pytest.mark.parametrize("allowed", [[], ["view", "change", "delete"]])
def test_the_permission_to_do_all_else_is_not_enough(settings, rows, monkeypatch, allowed):
    names = [f"phone_invites.{action}_phoneaccount" for action in [*allowed, "view"]]
    monkeypatch.setattr(ClerkBackend, "has_perm", lambda self, user, perm, obj=None: perm in names)
    client = staff_client(settings, ClerkBackend)
    assert "Erase the selected" not in client.get(changelist("phoneaccount")).content.decode()
    assert "for good" not in ask(client, rows["phoneaccount"]).content.decode()
    assert client.post(URL, {"account": [rows["phoneaccount"].pk]}).status_code == 403
    assert not ErasedPhone.objects.exists()


def test_the_permission_alone_without_that_to_see_them_is_not_enough(settings, rows, monkeypatch):
    monkeypatch.setattr(
        ClerkBackend, "has_perm", lambda self, user, perm, obj=None: "erase" in perm
    )
    client = staff_client(settings, ClerkBackend)
    assert client.post(URL, {"account": [rows["phoneaccount"].pk]}).status_code == 403
    assert not ErasedPhone.objects.exists()


def test_whoever_may_not_delete_users_does_not(clerk, rows):
    assert "delete_users" not in ask(clerk, rows["phoneaccount"]).content.decode()
    response = clerk.post(URL, {"account": [rows["phoneaccount"].pk], **DELETES})
    assert response.status_code == 403
    assert not ErasedPhone.objects.exists()


def test_a_stranger_is_sent_to_the_login(client, rows):
    assert client.post(URL, {"account": [rows["phoneaccount"].pk]}).status_code == 302
    assert not ErasedPhone.objects.exists()


def test_looking_changes_nothing(root, rows):
    for method in ("get", "head"):
        answer = getattr(root, method)(URL, {"account": [rows["phoneaccount"].pk]})
        assert (answer.status_code, answer.url) == (302, changelist("phoneaccount"))
    assert not ErasedPhone.objects.exists()


@pytest.mark.parametrize("key", ["", "-1", "x", "9" * 400, "٣", "1\0", str(2**63), "0"])
def test_keys_of_no_account_erase_nothing(root, rows, key):
    assert told(erase(root, key, **DELETES)) == ["0 phones were erased."]
    assert not ErasedPhone.objects.exists()


def test_nobody_deletes_themselves(client):
    me = make_staff(is_superuser=True)
    account = PhoneAccount.objects.create(
        user=me, phone=PHONE, verified_at="2026-01-01T00:00:00+00:00"
    )
    client.force_login(me)
    response = erase(client, account.pk, **DELETES)
    assert told(response) == [
        "+7 •••-•••-••-22: nobody deletes themselves here.",
        "0 phones were erased.",
    ]
    assert PhoneAccount.objects.exists()


def test_a_refusal_of_one_is_told_and_undoes_no_other(root, rows, monkeypatch):
    from django_phone_invites.exceptions import UserProtected
    from django_phone_invites.services import own_data

    erase_phone = own_data.erase_phone

    def refuse_one(**arguments):
        if arguments["phone"] == PHONE:
            raise UserProtected
        return erase_phone(**arguments)

    monkeypatch.setattr(own_data, "erase_phone", refuse_one)
    response = erase(root, *PhoneAccount.objects.values_list("pk", flat=True), **DELETES)
    assert told(response) == [
        "+7 •••-•••-••-22: This user cannot be deleted: other data of the site belongs to them.",
        "1 phone was erased.",
    ]
    assert [kept.e164 for kept in PhoneAccount.objects.all()] == [PHONE]


def test_an_account_that_somebody_else_erased_meanwhile_is_not_counted(root, rows, monkeypatch):
    from django_phone_invites.services import own_data

    erase_phone = own_data.erase_phone

    def twice(**arguments):
        erase_phone(**arguments)
        return erase_phone(**arguments)

    monkeypatch.setattr(own_data, "erase_phone", twice)
    assert told(erase(root, rows["phoneaccount"].pk, **DELETES)) == ["0 phones were erased."]
    assert not LogEntry.objects.exists()


@keeps_users
def test_logins_that_go_on_are_named(clerk, rows, monkeypatch):
    monkeypatch.setattr(logins, "end_all", lambda user: ["sessions"])
    assert told(erase(clerk, rows["phoneaccount"].pk))[0] == (
        "+7 •••-•••-••-22: these logins could not be ended here: sessions."
    )


@pytest.mark.django_db(transaction=True)
def test_it_holds_where_requests_are_transactions(root, settings, monkeypatch):
    from django.db import connection

    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    account = sign_up(PHONE).phone_account
    assert told(erase(root, account.pk, **DELETES)) == ["1 phone was erased."]
