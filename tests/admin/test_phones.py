"""The admin: masked without the permission, read-only where it must be, and without any secret."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode, LoginCode, PhoneAccount
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.services.login import request_code
from django_phone_invites.testing import last_code, sign_up

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"
OTHER_PHONE = "+79261234567"
MODELS = {
    "phoneaccount": PhoneAccount,
    "logincode": LoginCode,
    "invitecode": InviteCode,
    "inviteactivation": InviteActivation,
}


class ClerkBackend(ModelBackend):
    """Gives staff every permission on this package's rows but the sight of whole numbers.

    The user models of the tests do not all have the tables that permissions are kept in.
    """

    def has_perm(self, user_obj, perm, obj=None):
        return user_obj.is_active and perm.startswith("phone_invites.") and "number" not in perm

    def has_module_perms(self, user_obj, app_label):
        return user_obj.is_active and app_label == "phone_invites"


class ReaderBackend(ClerkBackend):
    """Lets staff look only."""

    def has_perm(self, user_obj, perm, obj=None):
        return super().has_perm(user_obj, perm) and perm.startswith("phone_invites.view_")


def make_staff(name="root", **flags):
    model = get_user_model()
    names = {"email": f"{name}@example.com", "phone": "+79090000000"}
    user = model(**{model.USERNAME_FIELD: names.get(model.USERNAME_FIELD, name)})
    user.is_staff = True
    for flag, value in flags.items():
        setattr(user, flag, value)
    user.save()
    return user


@pytest.fixture
def root():
    """A superuser's browser."""
    client = Client()
    client.force_login(make_staff(is_superuser=True))
    return client


def staff_client(settings, backend):
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.{backend.__name__}"]
    client = Client()
    client.force_login(make_staff("clerk"))
    return client


@pytest.fixture
def clerk(settings):
    """The browser of staff with all permissions but the sight of whole numbers."""
    return staff_client(settings, ClerkBackend)


@pytest.fixture
def reader(settings):
    """The browser of staff who may look."""
    return staff_client(settings, ReaderBackend)


@pytest.fixture
def rows(settings):
    """One row of each kind, with codes of twelve digits, which no page holds by chance."""
    settings.PHONE_INVITES_CODE_LENGTH = 12
    inviter, invitee = sign_up(OTHER_PHONE), sign_up(PHONE)
    return {
        "phoneaccount": invitee.phone_account,
        "logincode": request_code(phone=PHONE, channel="web", address="192.0.2.1").login_code,
        "invitecode": inviter.invite_code,
        "inviteactivation": activate_invite(user=invitee, code=inviter.invite_code.code),
    }


def changelist(name):
    return reverse(f"admin:phone_invites_{name}_changelist")


def page(name, row, view="change"):
    return reverse(f"admin:phone_invites_{name}_{view}", args=[row.pk])


def add(name):
    return reverse(f"admin:phone_invites_{name}_add")


def every_page(rows):
    for name, row in rows.items():
        yield changelist(name)
        yield page(name, row)
        yield page(name, row, "history")
        yield page(name, row, "delete")


# Secrets


def test_no_page_holds_a_code_a_token_or_a_nonce(root, rows):
    row = rows["logincode"]
    for url in every_page(rows):
        content = root.get(url).content.decode()
        for secret in (last_code(PHONE), row.token, row.nonce):
            assert secret not in content, url


@pytest.mark.parametrize("name", ["token", "nonce"])
def test_no_query_tells_a_secret_sign_by_sign(root, rows, name):
    """Whoever may list rows may not ask whether a secret begins with some sign."""
    secret = getattr(rows["logincode"], name)
    counts = []
    for start in (secret[0], "g"):
        response = root.get(changelist("logincode"), {f"{name}__startswith": start})
        counts.append(response.context["cl"].result_count if response.status_code == 200 else None)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["logincode", "phoneaccount"])
@pytest.mark.parametrize("lookup", ["startswith", "contains", "gte"])
def test_no_query_tells_a_masked_number_digit_by_digit(clerk, rows, name, lookup):
    counts = []
    for value in ("+7909", "+7999"):
        response = clerk.get(changelist(name), {f"phone__{lookup}": value})
        counts.append(response.context["cl"].result_count if response.status_code == 200 else None)
    assert counts[0] == counts[1]


# Numbers


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
def test_numbers_are_masked_without_the_permission(clerk, rows, name):
    for url in (changelist(name), page(name, rows[name])):
        content = clerk.get(url).content.decode()
        assert "+7 •••-•••-••-22" in content
        assert "+7(909)686-97-22" not in content


def test_no_page_holds_a_whole_number_without_the_permission(clerk, rows):
    for url in every_page(rows):
        response = clerk.get(url)
        assert response.status_code in {200, 403}
        content = response.content.decode()
        for written in (PHONE, PHONE[1:], "+7(909)686-97-22", "+7 909 686-97-22", OTHER_PHONE):
            assert written not in content, url


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
def test_numbers_are_shown_with_the_permission(root, rows, name):
    assert "+7(909)686-97-22" in root.get(changelist(name)).content.decode()
    assert "+7(909)686-97-22" in root.get(page(name, rows[name])).content.decode()


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
@pytest.mark.parametrize(
    "written", [PHONE, "+7 909 686-97-22", "8 (909) 686-97-22", " 89096869722 "]
)
def test_a_number_is_found_in_any_spelling(clerk, rows, name, written, settings):
    settings.PHONE_INVITES_DEFAULT_REGION = "RU"
    found = clerk.get(changelist(name), {"q": written}).context["cl"].queryset
    assert list(found) == [rows[name]]


@pytest.mark.parametrize("name", ["phoneaccount", "logincode"])
@pytest.mark.parametrize("part", ["+7909", "686", "22", "x", "•", "' OR 1=1", "+79096869723"])
def test_a_part_of_a_number_finds_nothing(clerk, rows, name, part):
    assert not clerk.get(changelist(name), {"q": part}).context["cl"].queryset.exists()


@pytest.mark.parametrize("name", MODELS)
def test_an_empty_search_lists_everything(clerk, rows, name):
    for term in ("", "  "):
        response = clerk.get(changelist(name), {"q": term})
        assert response.context["cl"].result_count == MODELS[name].objects.count()


@pytest.mark.parametrize("name", MODELS)
def test_a_strange_search_is_no_server_error(root, rows, name):
    for term in ("\0", "%", "\\", "9" * 5000, "\u0661", "\U0001f600"):
        assert root.get(changelist(name), {"q": term}).status_code in {200, 302}


# Read-only


@pytest.mark.parametrize("name", ["phoneaccount", "logincode", "inviteactivation"])
def test_what_the_package_makes_is_neither_added_nor_changed(root, rows, name):
    before = MODELS[name].objects.values().get(pk=rows[name].pk)
    assert root.get(add(name)).status_code == 403
    assert root.post(add(name), {"phone": "+79096869799", "code": "X"}).status_code == 403
    assert root.post(page(name, rows[name]), {"phone": "+79096869799"}).status_code == 403
    assert root.get(page(name, rows[name])).status_code == 200
    assert MODELS[name].objects.values().get(pk=rows[name].pk) == before


def test_an_activation_is_not_deleted(root, rows):
    row = rows["inviteactivation"]
    assert root.post(page("inviteactivation", row, "delete"), {"post": "yes"}).status_code == 403
    root.post(
        changelist("inviteactivation"),
        {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"},
    )
    assert InviteActivation.objects.filter(pk=row.pk).exists()


def test_a_user_s_own_code_is_not_deleted(root, rows):
    """Its owner would have none, for ever."""
    row = rows["invitecode"]
    root.post(page("invitecode", row, "delete"), {"post": "yes"})
    assert InviteCode.objects.filter(pk=row.pk).exists()


def test_nobody_without_staff_comes_in(rows):
    client = Client()
    client.force_login(rows["phoneaccount"].user)
    for url in every_page(rows):
        assert client.get(url).status_code == 302


# Campaigns


CAMPAIGN = {
    "code": "Spring26", "label": "spring", "max_uses": "5",
    "expires_at_0": "", "expires_at_1": "", "revoked_at_0": "", "revoked_at_1": "",
}  # fmt: skip


def test_a_campaign_s_code_can_be_made_and_activated(root):
    response = root.post(add("invitecode"), CAMPAIGN)
    assert response.status_code == 302, response.context["errors"]
    made = InviteCode.objects.get()
    assert (made.code, made.folded, made.owner, made.max_uses) == ("Spring26", "SPRING26", None, 5)
    assert activate_invite(user=sign_up(PHONE), code="sPRING26").invite_code == made


@pytest.mark.parametrize(
    "code", ["abc", "x" * 33, "spring 26", "sprıng", "ＳＰＲＩＮＧ", "a-b-c-d", "", "spr\u200bing"]
)
def test_a_code_that_could_not_be_entered_is_refused(root, code):
    response = root.post(add("invitecode"), {**CAMPAIGN, "code": code})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["code"]
    assert not InviteCode.objects.exists()


def test_a_code_that_exists_in_another_case_is_refused(root, rows):
    code = rows["invitecode"].code.swapcase()
    response = root.post(add("invitecode"), {**CAMPAIGN, "code": code})
    errors = response.context["adminform"].form.errors.as_data()["code"]
    assert [error.code for error in errors] == ["unique"]


@pytest.mark.parametrize("most", ["-1", "x", "9" * 30])
def test_a_strange_number_of_uses_is_refused(root, most):
    response = root.post(add("invitecode"), {**CAMPAIGN, "max_uses": most})
    assert response.context["adminform"].form.errors["max_uses"]


def test_a_code_that_people_have_written_down_stays(root, rows):
    row = rows["invitecode"]
    changed = {**CAMPAIGN, "code": "OTHER2", "owner": "", "uses": "99", "folded": "OTHER2"}
    assert root.post(page("invitecode", row), changed).status_code == 302
    kept = InviteCode.objects.get(pk=row.pk)
    assert (kept.code, kept.folded, kept.owner, kept.uses) == (row.code, row.folded, row.owner, 1)
    assert (kept.label, kept.max_uses) == ("spring", 5)


def test_codes_are_found_by_code_and_by_label(root, rows):
    InviteCode.objects.create(code="SPRING", folded="SPRING", label="Flowers")
    for term in ("spring", "SPRING", "flow"):
        found = root.get(changelist("invitecode"), {"q": term}).context["cl"].queryset
        assert [row.code for row in found] == ["SPRING"]


def revoke(client, *codes):
    data = {"action": "revoke", "_selected_action": [code.pk for code in codes]}
    return client.post(changelist("invitecode"), data)


def test_revoking_ends_codes_and_keeps_the_first_time(root, rows):
    yesterday = timezone.now() - dt.timedelta(days=1)
    old = InviteCode.objects.create(code="OLDOLD", folded="OLDOLD", revoked_at=yesterday)
    new = InviteCode.objects.create(code="NEWNEW", folded="NEWNEW")
    assert revoke(root, old, new).status_code == 302
    old.refresh_from_db()
    new.refresh_from_db()
    assert old.revoked_at == yesterday
    assert new.revoked_at > yesterday
    assert InviteCode.objects.get(pk=rows["invitecode"].pk).revoked_at is None


def test_revoking_needs_the_permission_to_change(reader, rows):
    revoke(reader, rows["invitecode"])
    assert InviteCode.objects.get(pk=rows["invitecode"].pk).revoked_at is None
    assert reader.post(page("invitecode", rows["invitecode"]), CAMPAIGN).status_code == 403


def test_lists_cost_the_same_for_one_row_and_for_many(root, rows, django_assert_max_num_queries):
    for index in range(10):
        invitee = sign_up(f"+7926123000{index}")
        activate_invite(user=invitee, code=rows["invitecode"].code)
    for name in MODELS:
        with django_assert_max_num_queries(12):
            root.get(changelist(name))


def test_a_user_is_deleted_with_their_own_code(client):
    root = get_user_model()(is_staff=True, is_superuser=True)
    setattr(
        root, root.USERNAME_FIELD, "+79160000001" if "phone" in root.USERNAME_FIELD else "r@x.org"
    )
    root.save()
    user = sign_up("+79096869722")
    client.force_login(root)
    if get_user_model() not in admin.site._registry:
        pytest.skip("the admin has no page for this user model")
    opts = get_user_model()._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_delete", args=[user.pk])
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert not InviteCode.objects.exists()
