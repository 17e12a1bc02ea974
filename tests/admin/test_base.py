"""The whole admin: masked without the permission, read-only where it must be, without any secret."""

from __future__ import annotations

import pytest
from django.test import Client

from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import last_code, sign_up
from tests.admin.pages import MODELS, OTHER_PHONE, PHONE, add, changelist, every_page, page

pytestmark = pytest.mark.django_db


def test_no_page_holds_a_code_a_token_or_a_nonce(root, rows):
    row = rows["logincode"]
    for url in every_page(rows):
        content = root.get(url).content.decode()
        for secret in (last_code(PHONE), row.token, row.nonce):
            assert secret not in content, url


def test_no_page_holds_a_whole_number_without_the_permission(clerk, rows):
    for url in every_page(rows):
        response = clerk.get(url)
        assert response.status_code in {200, 403}
        content = response.content.decode()
        for written in (PHONE, PHONE[1:], "+7(909)686-97-22", "+7 909 686-97-22", OTHER_PHONE):
            assert written not in content, url


@pytest.mark.parametrize("name", MODELS)
def test_an_empty_search_lists_everything(clerk, rows, name):
    for term in ("", "  "):
        response = clerk.get(changelist(name), {"q": term})
        assert response.context["cl"].result_count == MODELS[name].objects.count()


@pytest.mark.parametrize("name", MODELS)
def test_a_strange_search_is_no_server_error(root, rows, name):
    for term in ("\0", "%", "\\", "9" * 5000, "\u0661", "\U0001f600"):
        assert root.get(changelist(name), {"q": term}).status_code in {200, 302}


@pytest.mark.parametrize("name", ["phoneaccount", "logincode", "inviteactivation"])
def test_what_the_package_makes_is_neither_added_nor_changed(root, rows, name):
    before = MODELS[name].objects.values().get(pk=rows[name].pk)
    assert root.get(add(name)).status_code == 403
    assert root.post(add(name), {"phone": "+79096869799", "code": "X"}).status_code == 403
    assert root.post(page(name, rows[name]), {"phone": "+79096869799"}).status_code == 403
    assert root.get(page(name, rows[name])).status_code == 200
    assert MODELS[name].objects.values().get(pk=rows[name].pk) == before


def test_nobody_without_staff_comes_in(rows):
    client = Client()
    client.force_login(rows["phoneaccount"].user)
    for url in every_page(rows):
        assert client.get(url).status_code == 302


def test_lists_cost_the_same_for_one_row_and_for_many(root, rows, django_assert_max_num_queries):
    for index in range(10):
        invitee = sign_up(f"+7926123000{index}")
        activate_invite(user=invitee, code=rows["invitecode"].code)
    for name in MODELS:
        with django_assert_max_num_queries(12):
            root.get(changelist(name))
