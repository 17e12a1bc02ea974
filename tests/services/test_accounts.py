"""Making a phone's user, and what a user sees of their own; no client, no request."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.validators import validate_email
from django.db import IntegrityError, connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_phone_invites.exceptions import AccountMissing, Refusal
from django_phone_invites.models import InviteActivation, InviteCode, PhoneAccount
from django_phone_invites.services import accounts
from django_phone_invites.services.accounts import get_invitees, get_profile
from django_phone_invites.services.invites import activate_invite
from django_phone_invites.testing import sign_up

pytestmark = pytest.mark.django_db

PHONE = "+79096869722"


def username_of(user):
    return str(getattr(user, user.USERNAME_FIELD))


def number(index):
    return f"+7909686{index:04}"


def make_user_without_phone():
    """Return a user such as ``createsuperuser`` makes, under each of the user models."""
    model = get_user_model()
    names = {"email": "root@example.com", "phone": "+79096860000"}
    user = model(**{model.USERNAME_FIELD: names.get(model.USERNAME_FIELD, "root")})
    user.set_unusable_password()
    user.save()
    return user


def make_site_user(phone):
    user = make_user_without_phone()
    user.set_password("the site's own")
    user.save()
    return user


# Making


def test_a_user_made_by_phone_is_active_and_has_no_password():
    user = get_user_model().objects.get(pk=sign_up(PHONE).pk)
    assert user.is_active
    assert not user.has_usable_password()
    assert not getattr(user, "is_staff", False)


def test_a_username_tells_nothing_about_the_user():
    one, other = sign_up(number(1)), sign_up(number(2))
    assert username_of(one) != username_of(other)
    if get_user_model().USERNAME_FIELD == "phone":
        assert username_of(one) == number(1)
    else:
        assert "909" + "686" not in username_of(one)


def test_a_user_made_by_phone_is_valid():
    user = sign_up(PHONE)
    user.clean_fields(exclude=["password"])
    if get_user_model().USERNAME_FIELD == "email":
        validate_email(user.email)
        assert user.email.endswith(".invalid")


@pytest.mark.parametrize(
    ("field", "length"),
    [(models.CharField(max_length=150), 30), (models.CharField(max_length=12), 12)],
)
def test_a_username_fits_its_column(field, length):
    field.name = "login"
    assert len(accounts._username(field, PHONE)) == length


def test_a_username_that_may_be_empty_is_empty():
    field = models.CharField(max_length=150, null=True)
    field.name = "login"
    assert accounts._username(field, PHONE) is None


def test_a_column_for_the_phone_gets_the_phone():
    field = models.CharField(max_length=150)
    field.name = "phone_number"
    assert accounts._username(field, PHONE) == PHONE


def test_a_site_makes_its_users_itself(settings):
    settings.PHONE_INVITES_CREATE_USER = f"{__name__}.make_site_user"
    user = sign_up(PHONE)
    assert user.check_password("the site's own")
    assert user.phone_account.e164 == PHONE
    assert user.invite_code.code


def test_a_second_account_of_a_phone_is_refused_by_the_database(ask):
    sign_up(PHONE)
    with pytest.raises(IntegrityError):
        accounts.create(PHONE, timezone.now())


def test_a_user_who_has_the_number_for_a_name_already_is_no_server_error(ask):
    """A site that had users named by their phones before it had this package."""
    model = get_user_model()
    if model.USERNAME_FIELD != "phone":
        pytest.skip("The user model has no phone for a name.")
    older = model(phone=PHONE)
    older.set_unusable_password()
    older.save()
    try:
        done = ask().enter()
    except Refusal:
        assert not PhoneAccount.objects.exists()
    else:
        assert done.account.user == older


def test_users_that_cannot_be_disabled_are_not_held():
    """Django requires no field ``is_active`` of a user model."""
    accounts.hold_active(Group(name="no user"))


def test_an_account_is_found_by_its_number_alone():
    sign_up(PHONE)
    assert accounts.find(PHONE).e164 == PHONE
    assert accounts.find("+79096869723") is None


# Own data


def test_a_new_profile_has_a_code_and_nobody_in_it():
    user = sign_up(PHONE)
    profile = get_profile(user)
    assert profile.account.e164 == PHONE
    assert profile.invite_code == InviteCode.objects.get(owner=user)
    assert profile.activated_code is None
    assert list(profile.invitees) == []


def test_a_user_without_a_phone_has_no_profile():
    with pytest.raises(AccountMissing):
        get_profile(make_user_without_phone())


def test_a_profile_without_its_invite_code_is_no_server_error():
    """The code's row can be deleted, in the admin for one."""
    user = sign_up(PHONE)
    InviteCode.objects.filter(owner=user).delete()
    try:
        profile = get_profile(get_user_model().objects.get(pk=user.pk))
    except Refusal as refusal:
        assert refusal.code
    else:
        assert profile.invite_code.owner_id == user.pk


def test_invitees_are_newest_first_and_one_s_own():
    inviter, stranger = sign_up(number(1)), sign_up(number(2))
    invitees = [sign_up(number(index)) for index in (3, 4, 5)]
    for invitee in invitees:
        activate_invite(user=invitee, code=inviter.invite_code.code)
    activate_invite(user=sign_up(number(6)), code=stranger.invite_code.code)
    shown = [activation.invitee for activation in get_profile(inviter).invitees]
    assert shown == invitees[::-1]
    assert list(get_invitees(inviter).invitees) == list(get_profile(inviter).invitees)


def test_an_invitee_who_is_deleted_is_counted_and_not_shown():
    inviter = sign_up(number(1))
    gone, there = sign_up(number(2)), sign_up(number(3))
    for invitee in (gone, there):
        activate_invite(user=invitee, code=inviter.invite_code.code)
    gone.delete()
    profile = get_profile(inviter)
    assert [activation.invitee for activation in profile.invitees] == [there]
    assert profile.invite_code.uses == 2
    assert InviteActivation.objects.count() == 2


def test_the_deletion_of_an_inviter_leaves_the_invitee_what_was_activated():
    inviter, invitee = sign_up(number(1)), sign_up(number(2))
    code = inviter.invite_code.code
    activate_invite(user=invitee, code=code)
    activate_invite(user=sign_up(number(3)), code=invitee.invite_code.code)
    inviter.delete()
    profile = get_profile(invitee)
    assert profile.activated_code == code
    assert profile.invite_code.uses == len(profile.invitees) == 1
    with pytest.raises(Refusal) as refused:
        activate_invite(user=invitee, code=profile.invite_code.code)
    assert refused.value.code == "invite_already_activated"


@pytest.fixture
def crowd():
    """An inviter, and 250 invitees in the order of their activations."""
    inviter = sign_up(number(0))
    model = get_user_model()
    invitees = [model(**{model.USERNAME_FIELD: _name(index)}) for index in range(1, 251)]
    for invitee in invitees:
        invitee.save()
    now = timezone.now()
    PhoneAccount.objects.bulk_create(
        PhoneAccount(user=invitee, phone=number(index), verified_at=now)
        for index, invitee in enumerate(invitees, 1)
    )
    for invitee in invitees:
        InviteActivation.objects.create(
            invitee=invitee,
            inviter=inviter,
            invite_code=inviter.invite_code,
            code=inviter.invite_code.code,
            activated_at=now,
        )
    return inviter, invitees


def _name(index):
    names = {"email": f"{index}@example.com", "phone": number(index)}
    return names.get(get_user_model().USERNAME_FIELD, f"invitee-{index}")


def test_pages_of_invitees_hold_everybody_once(crowd):
    inviter, invitees = crowd
    seen, sizes, older_than = [], [], None
    while True:
        page = get_invitees(inviter, older_than=older_than)
        seen += [activation.invitee for activation in page.invitees]
        sizes.append(len(page.invitees))
        older_than = page.older_than
        if older_than is None:
            break
    assert seen == invitees[::-1]
    assert sizes == [100, 100, 50]


def test_a_last_page_that_is_full_is_the_last(crowd):
    inviter, _ = crowd
    hundredth = InviteActivation.objects.order_by("pk")[100]
    page = get_invitees(inviter, older_than=hundredth.pk)
    assert len(page.invitees) == 100
    assert page.older_than is None


def test_a_profile_is_bounded_and_costs_two_queries(crowd):
    inviter, _invitees = crowd
    with CaptureQueriesContext(connection) as queries:
        profile = get_profile(inviter)
        shown = [activation.invitee.phone_account.e164 for activation in profile.invitees]
    assert len(shown) == 100
    assert len(queries) == 2


def test_positions_before_the_first_give_an_empty_page(crowd):
    inviter, _ = crowd
    page = get_invitees(inviter, older_than=0)
    assert (list(page.invitees), page.older_than) == ([], None)
