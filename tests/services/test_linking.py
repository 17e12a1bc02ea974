"""A phone without an account is linked to the user whom the site's rule finds, and never by guess."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_phone_invites import codes
from django_phone_invites.exceptions import (
    AccountConflict,
    AccountDisabled,
    CodeExpired,
    Refusal,
    SignUpClosed,
    Unavailable,
)
from django_phone_invites.models import InviteCode, LoginCode, PhoneAccount
from django_phone_invites.senders.memory import outbox
from django_phone_invites.services import linking, upkeep
from django_phone_invites.services.challenges import request_code
from django_phone_invites.services.login import Login, verify_code
from django_phone_invites.testing import sign_up
from tests.users.models import Contact

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"
FIELDS = {"FIELD": "contacts__phone", "VERIFIED_FIELD": "contacts__is_verified"}


@pytest.fixture(autouse=True)
def _rule(settings: Any) -> None:
    settings.PHONE_INVITES_LINK_USER = FIELDS


def make_user(name: str = "ann", **fields: Any) -> Any:
    """Make a user of the site, who has no phone account."""
    model: Any = get_user_model()
    names = {"email": f"{name}@site.example", "phone": f"+7909700{len(name):04}"}
    user = model(**{model.USERNAME_FIELD: names.get(model.USERNAME_FIELD, name), **fields})
    user.save()
    return user


def give(user: Any, phone: str = PHONE, *, is_verified: bool = True) -> None:
    Contact.objects.create(user=user, phone=phone, is_verified=is_verified)


def ask(phone: str = PHONE) -> LoginCode:
    return request_code(phone=phone, channel="web").login_code


def enter(row: LoginCode) -> Login[Any]:
    row = LoginCode.objects.get(pk=row.pk)
    guess = codes.derive(row.seed)
    return verify_code(login_code=row, guess=guess, sign_in=lambda user: user.pk)


def only_member(phone: str) -> Any:
    """Find the same user for every phone."""
    return get_user_model()._default_manager.get()


def nobody(phone: str) -> None: ...


def broken(phone: str) -> None:
    raise ZeroDivisionError(phone)


def refusing(phone: str) -> None:
    raise SignUpClosed("Ask the office.")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.event for record in caplog.records]


def test_the_user_who_has_the_number_is_in_with_an_account_and_an_invite_code() -> None:
    user = make_user()
    give(user)
    done = enter(ask())
    assert (done.account.user, done.created, done.result) == (user, True, user.pk)
    assert PhoneAccount.objects.get().e164 == PHONE
    assert InviteCode.objects.get().owner == user
    assert get_user_model()._default_manager.count() == 1
    assert enter(ask_later()).account.user == user
    assert list(upkeep.find_broken()) == []


def ask_later() -> LoginCode:
    """Ask once the cooldown is over."""
    row = ask(OTHER)
    LoginCode.objects.filter(pk=row.pk).update(phone=PHONE)
    return LoginCode.objects.get(pk=row.pk)


def test_a_user_who_has_an_invite_code_keeps_it() -> None:
    user = make_user()
    give(user)
    own = InviteCode.objects.create(owner=user, code="OWNONE")
    enter(ask())
    assert InviteCode.objects.get() == own


@pytest.mark.parametrize("written", ["8 909 686-97-22", "79096869722", "+7 (909) 686-97-22", OTHER])
def test_another_spelling_is_not_guessed_at(written: str) -> None:
    user = make_user()
    give(user, written)
    assert enter(ask()).account.user != user


def test_a_number_that_nobody_verified_links_nobody() -> None:
    user = make_user()
    give(user, is_verified=False)
    assert enter(ask()).account.user != user


def test_without_a_verified_field_each_number_counts(settings: Any) -> None:
    settings.PHONE_INVITES_LINK_USER = {"FIELD": "contacts__phone"}
    user = make_user()
    give(user, is_verified=False)
    assert enter(ask()).account.user == user


def test_a_user_who_has_the_number_twice_is_one() -> None:
    user = make_user()
    give(user)
    give(user)
    assert enter(ask()).account.user == user


def test_a_number_of_two_users_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "django_phone_invites")
    give(make_user("ann"))
    give(make_user("bob1"))
    row = ask()
    with pytest.raises(AccountConflict):
        enter(row)
    with pytest.raises(CodeExpired):
        enter(row)
    assert not PhoneAccount.objects.exists()
    assert get_user_model()._default_manager.count() == 2
    assert told(caplog)[-1] == "link_refused"
    assert caplog.messages[-1] == (
        f"Login code {row.pk} was right, and its phone is not linked to its user: account_conflict."
    )


def test_a_user_with_another_phone_is_not_given_a_second_one() -> None:
    user = sign_up(OTHER)
    give(user)
    row = ask()
    with pytest.raises(AccountConflict):
        enter(row)
    with pytest.raises(CodeExpired):
        enter(row)
    assert PhoneAccount.objects.get().e164 == OTHER


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_a_disabled_user_and_one_of_the_staff_are_not_linked(field: str) -> None:
    give(make_user(**{field: field == "is_staff"}))
    with pytest.raises(AccountDisabled):
        enter(ask())
    assert not PhoneAccount.objects.exists()


def test_a_function_of_the_site_says_who_it_is(settings: Any) -> None:
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.only_member"
    user = make_user()
    assert enter(ask()).account.user == user


def test_where_the_function_finds_nobody_a_user_is_made(settings: Any) -> None:
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.nobody"
    user = make_user()
    assert enter(ask()).account.user != user


def test_a_function_may_refuse_in_its_own_words(settings: Any) -> None:
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.refusing"
    row = ask()
    with pytest.raises(SignUpClosed, match="Ask the office"):
        enter(row)
    with pytest.raises(CodeExpired):
        enter(row)


def test_a_function_that_fails_lets_nobody_in(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.broken"
    row = ask()
    with pytest.raises(Unavailable):
        enter(row)
    assert "link_failed" in told(caplog)
    assert PHONE not in caplog.text
    settings.PHONE_INVITES_LINK_USER = None
    assert enter(row).created


def test_a_closed_site_still_knows_its_users(settings: Any) -> None:
    settings.PHONE_INVITES_SIGN_UP = "closed"
    user = make_user()
    give(user)
    row = ask()
    assert [message.phone for message in outbox] == [PHONE]
    assert enter(row).account.user == user
    stranger = ask(OTHER)
    assert [message.phone for message in outbox] == [PHONE]
    with pytest.raises(SignUpClosed):
        enter(stranger)


def test_a_closed_site_sends_to_whom_it_will_refuse_and_so_tells_nothing(settings: Any) -> None:
    settings.PHONE_INVITES_SIGN_UP = "closed"
    give(make_user(is_active=False))
    row = ask()
    assert [message.phone for message in outbox] == [PHONE]
    with pytest.raises(AccountDisabled):
        enter(row)


def test_a_closed_site_whose_rule_refuses_or_fails_sends_or_is_unavailable(settings: Any) -> None:
    settings.PHONE_INVITES_SIGN_UP = "closed"
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.refusing"
    ask()
    assert [message.phone for message in outbox] == [PHONE]
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.broken"
    with pytest.raises(Unavailable):
        ask(OTHER)


def test_without_a_rule_nothing_is_asked(settings: Any, django_assert_num_queries: Any) -> None:
    settings.PHONE_INVITES_LINK_USER = None
    with django_assert_num_queries(0):
        assert linking.find_user(PHONE) is None


def test_two_codes_of_a_number_at_once_link_it_once(in_parallel: Any) -> None:
    user = make_user()
    give(user)
    rows = [ask(), ask_later()]
    results = in_parallel([lambda row=row: enter(row) for row in rows])
    assert [done.account.user for done in results] == [user, user]
    assert PhoneAccount.objects.get().user == user
    assert InviteCode.objects.count() == 1


def test_a_user_who_is_found_for_ten_phones_at_once_gets_one(
    in_parallel: Any, settings: Any
) -> None:
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.only_member"
    make_user()
    rows = [ask(f"+790968697{number:02}") for number in range(10)]
    results = in_parallel([lambda row=row: enter(row) for row in rows])
    refused = [one for one in results if isinstance(one, Refusal)]
    assert [type(one) for one in refused] == [AccountConflict] * 9
    assert PhoneAccount.objects.count() == InviteCode.objects.count() == 1
    assert get_user_model()._default_manager.count() == 1


def test_an_account_that_is_there_asks_no_rule(settings: Any) -> None:
    user = sign_up(PHONE)
    settings.PHONE_INVITES_LINK_USER = f"{__name__}.broken"
    assert enter(ask_later()).account.user == user
