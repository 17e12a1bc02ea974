"""Invite codes and activations: campaigns are made, codes revoked, and nothing is taken back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import sign_up
from tests.admin.pages import PHONE, add, changelist, page

pytestmark = pytest.mark.django_db


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
