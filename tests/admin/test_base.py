"""The whole admin: masked without the permission, read-only where it must be, without any secret."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import clear_url_caches, path, reverse

from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import last_code, sign_up
from tests.admin.pages import MODELS, OTHER_PHONE, PHONE, add, changelist, every_page, page

pytestmark = pytest.mark.django_db


def test_no_page_holds_a_code_a_token_or_a_nonce(root, rows):
    row = rows["logincode"]
    for url in every_page(rows):
        content = root.get(url).content.decode()
        digest = rows["phonechange"].undo_digest
        for secret in (last_code(PHONE), row.token, row.nonce, digest):
            assert secret not in content, url


def test_no_page_holds_a_whole_number_without_the_permission(clerk, rows):
    for url in every_page(rows):
        response = clerk.get(url)
        assert response.status_code in {200, 302, 403}
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


@pytest.mark.parametrize(
    "name", ["phoneaccount", "phonechange", "logincode", "inviteactivation", "senderhealth"]
)
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


WITH_USERS = {
    "phoneaccount": ["user"],
    "phonechange": ["user"],
    "invitecode": ["owner"],
    "inviteactivation": ["inviter", "invitee"],
}


@pytest.fixture
def user_pages(monkeypatch):
    """Pages of users in the admin, whatever the user model is."""
    model = get_user_model()
    monkeypatch.setitem(admin.site._registry, model, admin.ModelAdmin(model, admin.site))
    monkeypatch.setattr("tests.urls.urlpatterns", [path("admin/", admin.site.urls)])
    clear_url_caches()
    yield
    clear_url_caches()


def link_to(user, words):
    opts = user._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[user.pk])
    return f'<a href="{url}">{words}</a>'


@pytest.mark.usefixtures("user_pages")
@pytest.mark.parametrize("name", WITH_USERS)
def test_users_lead_to_their_own_pages(root, rows, name):
    for url in (changelist(name), page(name, rows[name])):
        content = root.get(url).content.decode()
        for column in WITH_USERS[name]:
            user = getattr(rows[name], column)
            assert link_to(user, user) in content


@pytest.mark.usefixtures("user_pages")
@pytest.mark.parametrize("name", WITH_USERS)
def test_users_are_named_by_their_keys_without_the_sight_of_numbers(desk, rows, name):
    content = desk.get(changelist(name)).content.decode()
    for column in WITH_USERS[name]:
        user = getattr(rows[name], column)
        assert link_to(user, f"#{user.pk}") in content


@pytest.mark.usefixtures("user_pages")
@pytest.mark.parametrize("name", WITH_USERS)
def test_nothing_leads_to_users_that_may_not_be_seen(clerk, rows, name):
    content = clerk.get(changelist(name)).content.decode()
    for column in WITH_USERS[name]:
        user = getattr(rows[name], column)
        assert f"#{user.pk}" in content
        assert link_to(user, f"#{user.pk}") not in content


@pytest.mark.parametrize("name", WITH_USERS)
def test_nothing_leads_to_users_that_have_no_page(root, rows, name, monkeypatch):
    monkeypatch.delitem(admin.site._registry, get_user_model(), raising=False)
    content = root.get(changelist(name)).content.decode()
    for column in WITH_USERS[name]:
        assert f"{getattr(rows[name], column)}</td>" in content


@pytest.mark.parametrize("column", ["inviter", "invitee"])
def test_a_user_who_was_deleted_is_a_dash(root, rows, column):
    getattr(rows["inviteactivation"], column).delete()
    assert 'field-shown_user">-</td>' in root.get(changelist("inviteactivation")).content.decode()
