"""GET profile/invitees/: all invitees, in pages of 100."""

from __future__ import annotations

import pytest
from django.utils import timezone

from django_phone_invites.models import InviteActivation, InviteCode
from django_phone_invites.testing import sign_up

ROUTE = "/api/profile/invitees/"


@pytest.fixture
def inviter(person, settings):
    """Somebody with 201 invitees, made without their own requests."""
    settings.PHONE_INVITES_MASK_INVITEES = False
    inviter = person("+79096869722")
    code = InviteCode.objects.get(owner=inviter.user)
    activations = InviteActivation.objects.bulk_create(
        InviteActivation(
            invitee=sign_up(f"+7916{1000000 + number}"),
            inviter=inviter.user,
            invite_code=code,
            code=code.code,
            activated_at=timezone.now(),
        )
        for number in range(201)
    )
    InviteCode.objects.filter(pk=code.pk).update(uses=len(activations))
    return inviter


def test_the_profile_is_bounded_and_the_rest_comes_in_pages(inviter):
    profile = inviter.call("get", "/api/profile/").json()
    assert (len(profile["invite_user"]), profile["invite_user_count"]) == (100, 201)
    pages = _pages(inviter)
    assert [len(page["invite_user"]) for page in pages] == [100, 100, 1]
    assert pages[0]["invite_user"] == profile["invite_user"]
    phones = [invitee["phone"] for page in pages for invitee in page["invite_user"]]
    assert phones == [f"+7(916)100-0{n // 100}-{n % 100:02}" for n in reversed(range(201))]


def test_a_last_page_that_is_full_says_that_it_is_the_last(inviter):
    InviteActivation.objects.order_by("pk").first().delete()
    assert [len(page["invite_user"]) for page in _pages(inviter)] == [100, 100]


def test_nobody_elses_invitees_are_shown(inviter, person):
    assert person("+79096869723").call("get", ROUTE).json() == {
        "invite_user": [],
        "older_than": None,
    }


def test_an_invitee_who_was_deleted_is_left_out(inviter):
    newest = InviteActivation.objects.order_by("-pk").first()
    newest.invitee.delete()
    shown = inviter.call("get", ROUTE).json()["invite_user"]
    assert shown[0]["phone"] == "+7(916)100-01-99"


@pytest.mark.parametrize(
    "older_than",
    ["x", "0", "-1", "1.5", "1%00", str(2**63), "9" * 400, "9" * 5000, "null", "%ff", "[]"],
)
def test_a_position_that_was_not_given_out_is_refused(person, older_than):
    answer = person().call("get", f"{ROUTE}?older_than={older_than}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_wrong_position_is_an_error_of_its_parameter(person):
    errors = person().call("get", f"{ROUTE}?older_than=x").json()["errors"]
    assert {name: [error["code"] for error in found] for name, found in errors.items()} == {
        "older_than": ["invalid"]
    }


def test_the_largest_position_is_the_first_page(inviter):
    newest = inviter.call("get", ROUTE).json()
    assert inviter.call("get", f"{ROUTE}?older_than={2**63 - 1}").json() == newest


@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_without_a_token_nothing_is_told(client, db, method):
    answer = getattr(client, method)(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def _pages(inviter):
    pages = [inviter.call("get", ROUTE).json()]
    while pages[-1]["older_than"] is not None:
        pages.append(inviter.call("get", f"{ROUTE}?older_than={pages[-1]['older_than']}").json())
    return pages
