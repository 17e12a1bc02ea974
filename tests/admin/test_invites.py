"""Invite codes and activations: campaigns are made, codes revoked, and nothing is taken back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from django_phone_invites.admin.invites import OWN_CODE_STAYS
from django_phone_invites.models import InviteActivation, InviteCode
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import sign_up
from tests.admin.pages import OTHER_PHONE, PHONE, add, changelist, page

pytestmark = pytest.mark.django_db


def test_an_activation_is_not_deleted(root, rows):
    row = rows["inviteactivation"]
    assert root.post(page("inviteactivation", row, "delete"), {"post": "yes"}).status_code == 403
    root.post(
        changelist("inviteactivation"),
        {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"},
    )
    assert InviteActivation.objects.filter(pk=row.pk).exists()


def told(response):
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_user_s_own_code_is_not_deleted_and_the_admin_says_why(root, rows, method):
    """Its owner would have none, for ever."""
    row = rows["invitecode"]
    url = page("invitecode", row, "delete")
    response = getattr(root, method)(url, {"post": "yes"}, follow=True)
    assert response.redirect_chain == [(page("invitecode", row), 302)]
    assert told(response) == [str(OWN_CODE_STAYS)]
    assert InviteCode.objects.filter(pk=row.pk).exists()


def delete_selected(client, *codes):
    data = {"action": "delete_selected", "_selected_action": [code.pk for code in codes]}
    return client.post(changelist("invitecode"), {**data, "post": "yes"}, follow=True)


def test_own_codes_among_the_selected_are_not_deleted_and_the_admin_says_why(root, rows):
    campaign = InviteCode.objects.create(code="SPRING")
    response = delete_selected(root, campaign, rows["invitecode"])
    assert told(response) == [str(OWN_CODE_STAYS)]
    assert InviteCode.objects.filter(pk__in=[campaign.pk, rows["invitecode"].pk]).count() == 2


def test_campaigns_are_deleted(root, rows):
    one, other = InviteCode.objects.create(code="SPRING"), InviteCode.objects.create(code="SUMMER")
    delete_selected(root, one)
    root.post(page("invitecode", other, "delete"), {"post": "yes"})
    assert InviteCode.objects.filter(owner=None).count() == 0


def test_whoever_may_not_delete_is_refused_before_any_reason(reader, rows):
    url = page("invitecode", rows["invitecode"], "delete")
    assert reader.post(url, {"post": "yes"}).status_code == 403
    delete_selected(reader, rows["invitecode"])
    assert InviteCode.objects.filter(pk=rows["invitecode"].pk).exists()


def test_a_code_that_does_not_exist_is_not_deleted(root):
    assert root.get(reverse("admin:phone_invites_invitecode_delete", args=["x"])).status_code == 302


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


@pytest.mark.parametrize(("year", "refused"), [("9999", True), ("2020", False)])
def test_a_code_is_not_revoked_in_the_future(root, year, refused):
    revoked = {"revoked_at_0": f"{year}-12-31", "revoked_at_1": "23:59:59"}
    response = root.post(add("invitecode"), {**CAMPAIGN, **revoked})
    assert (response.status_code == 200) is refused
    if refused:
        errors = response.context["adminform"].form.errors.as_data()["revoked_at"]
        assert [error.code for error in errors] == ["in_future"]


@pytest.mark.parametrize("most", ["-1", "0", "x", "9" * 30])
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
    InviteCode.objects.create(code="SPRING", label="Flowers")
    for term in ("spring", "SPRING", "flow"):
        found = root.get(changelist("invitecode"), {"q": term}).context["cl"].queryset
        assert [row.code for row in found] == ["SPRING"]


@pytest.mark.parametrize(
    "written", [OTHER_PHONE, "8 (926) 123-45-67", " 89261234567 ", "+7 926 123 45 67"]
)
def test_a_code_is_found_by_the_whole_phone_of_its_owner(clerk, rows, written, settings):
    settings.PHONE_INVITES_DEFAULT_REGION = "RU"
    InviteCode.objects.create(code="SPRING")
    found = clerk.get(changelist("invitecode"), {"q": written}).context["cl"].queryset
    assert list(found) == [rows["invitecode"]]


def test_a_label_that_reads_as_a_number_is_found_with_its_owners_code(root, rows):
    campaign = InviteCode.objects.create(code="SPRING", label=OTHER_PHONE)
    found = root.get(changelist("invitecode"), {"q": OTHER_PHONE}).context["cl"].queryset
    assert set(found) == {campaign, rows["invitecode"]}


@pytest.mark.parametrize("part", ["+7926", "1234567", "+79261234568"])
def test_a_part_of_a_phone_finds_no_code(root, rows, part):
    assert not root.get(changelist("invitecode"), {"q": part}).context["cl"].queryset.exists()


def test_no_query_of_codes_tells_an_owners_number_digit_by_digit(clerk, rows):
    url = changelist("invitecode")
    for value in ("+7926", "+7999"):
        assert clerk.get(url, {"owner__phone_account__phone__startswith": value}).status_code != 200


def revoke(client, *codes):
    data = {"action": "revoke", "_selected_action": [code.pk for code in codes]}
    return client.post(changelist("invitecode"), data, follow=True)


def test_revoking_ends_codes_and_keeps_the_first_time(root, rows):
    yesterday = timezone.now() - dt.timedelta(days=1)
    old = InviteCode.objects.create(code="OLDOLD", revoked_at=yesterday)
    new = InviteCode.objects.create(code="NEWNEW")
    assert told(revoke(root, old, new)) == ["1 invite code was revoked."]
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
