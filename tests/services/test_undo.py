"""The way back from a change of a number, and that nobody else has the number before."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError

from django_phone_invites import codes
from django_phone_invites.exceptions import (
    AccountConflict,
    CodeExpired,
    PhoneReserved,
    Refusal,
    UndoNotFound,
)
from django_phone_invites.models import InviteCode, PhoneAccount, PhoneChange
from django_phone_invites.phones import mask
from django_phone_invites.services import accounts, upkeep
from django_phone_invites.services.undo import get_change, undo_change
from django_phone_invites.testing import sign_up
from tests.services.number_steps import (
    NEW,
    OLD,
    TAKEABLE,
    THIRD,
    allow_many,
    change,
    changed,
    enter_in,
    make_user,
    number_of,
    token,
    undo,
)

pytestmark = pytest.mark.django_db


# The way back


def test_undo_gives_the_number_back_and_ends_all_logins(user, move):
    move(user)
    before = get_user_model()._default_manager.get(pk=user.pk).password
    done = undo()
    assert (done.account.e164, done.old, done.logins_left) == (OLD, NEW, ())
    assert number_of(user) == OLD
    assert get_user_model()._default_manager.get(pk=user.pk).password != before
    assert PhoneChange.objects.get().undone_at is not None
    assert list(upkeep.find_broken()) == []


def test_logins_that_go_on_are_logged_with_a_masked_number(user, move, settings, caplog):
    allow_many(settings)
    caplog.set_level("INFO", "django_phone_invites")
    move(user)
    undo_change(token=token(), end_logins=lambda user: ["site.issue", "other.issue"])
    move(user)
    undo_change(token=token(), end_logins=lambda user: [])
    said = f"User {user.pk} has the number {mask(OLD)} again. Logins that go on:"
    undone = [one.getMessage() for one in caplog.records if one.event == "phone_change_undone"]
    assert undone == [f"{said} site.issue, other.issue.", f"{said} none."]


def test_undo_gives_a_name_back_that_is_the_phone(user, move):
    before = str(user.get_username())
    move(user)
    undo()
    assert str(get_user_model()._default_manager.get(pk=user.pk).get_username()) == before


def test_it_is_undone_once(user, move):
    move(user)
    said = token()
    undo(said)
    with pytest.raises(UndoNotFound):
        undo(said)


def test_it_is_undone_within_the_window(clock, user, move):
    move(user)
    said = token()
    clock.shift(dt.timedelta(days=3) - dt.timedelta(microseconds=1))
    assert get_change(said).old == OLD
    clock.shift(dt.timedelta(microseconds=1))
    with pytest.raises(UndoNotFound):
        get_change(said)
    with pytest.raises(UndoNotFound):
        undo(said)
    assert number_of(user) == NEW


@pytest.mark.parametrize("said", ["", "0" * 32, "nonsense", "\0" * 32])
def test_any_other_token_undoes_nothing(user, move, said):
    move(user)
    with pytest.raises(UndoNotFound):
        undo(said)


def test_a_change_undone_in_between_is_not_undone_again(user, move, monkeypatch):
    move(user)
    found = get_change(token())
    PhoneChange.objects.update(undone_at=found.changed_at)
    monkeypatch.setattr("django_phone_invites.services.undo.get_change", lambda token: found)
    with pytest.raises(UndoNotFound):
        undo()
    assert number_of(user) == NEW


def test_a_token_of_before_a_new_key_undoes_still(user, move, settings):
    move(user)
    said = token()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    undo(said)
    assert number_of(user) == OLD


def test_undo_verifies_nothing(clock, user, move, ask):
    """Whoever kept a login that could not be ended has not entered a code of late by it."""
    move(user)
    said = token()
    clock.shift(dt.timedelta(hours=1))
    ask(NEW).enter()
    undo(said)
    account = PhoneAccount.objects.get(user=user)
    assert account.verified_at == PhoneChange.objects.get().changed_at


def test_undo_ends_codes_for_a_new_number(user, move, ask):
    move(user)
    said = token()
    other = ask(THIRD, user=user)
    undo(said)
    with pytest.raises(CodeExpired):
        change(other, user)


def test_the_first_of_a_chain_undoes_all_of_it(user, move):
    move(user)
    first = token()
    move(user, THIRD)
    second = token()
    undo(first)
    assert number_of(user) == OLD
    with pytest.raises(UndoNotFound):
        undo(second)


def test_the_last_of_a_chain_leaves_the_first(user, move):
    move(user)
    first = token()
    move(user, THIRD)
    undo(token())
    assert number_of(user) == NEW
    undo(first)
    assert number_of(user) == OLD


def test_undo_gives_the_number_back_to_who_lost_the_new_one(clock, user, move):
    if not TAKEABLE:
        pytest.skip("Such a user cannot be without a phone.")
    move(user)
    PhoneAccount.objects.filter(user=user).delete()
    clock.shift(dt.timedelta(hours=1))
    done = undo()
    assert (done.old, number_of(user)) == ("", OLD)
    assert done.account.verified_at == PhoneChange.objects.get().changed_at
    assert InviteCode.objects.filter(owner=user).count() == 1


def test_a_number_that_went_to_somebody_by_another_way_stays_theirs(user, move):
    move(user)
    said = token()
    other = make_user()
    PhoneAccount.objects.create(user=other, phone=OLD, verified_at=user.phone_account.verified_at)
    with pytest.raises(AccountConflict):
        undo(said)
    assert (number_of(user), number_of(other)) == (NEW, OLD)
    get_change(said)


# Nobody else has it before


def test_nobody_signs_up_with_it_within_the_window(clock, user, move, ask, settings, caplog):
    move(user)
    asked = ask(OLD)
    caplog.set_level("INFO")
    caplog.clear()
    with pytest.raises(PhoneReserved):
        asked.enter()
    (record,) = caplog.records
    assert record.event == "login_refused"
    assert "was right, and its phone may not log in: phone_reserved." in record.getMessage()
    assert asked.fresh.ended_at is not None
    assert not PhoneAccount.objects.filter(phone=OLD).exists()
    assert get_user_model()._default_manager.count() == 1
    clock.shift(dt.timedelta(days=3))
    assert ask(OLD).enter().created


def test_nobody_takes_it_within_the_window(clock, user, move, ask, caplog):
    other = sign_up(THIRD)
    move(user)
    asked = ask(OLD, user=other)
    caplog.set_level("INFO")
    caplog.clear()
    with pytest.raises(PhoneReserved):
        change(asked, other)
    (record,) = caplog.records
    assert record.event == "change_refused"
    assert "and its phone is not given to its user: phone_reserved." in record.getMessage()
    assert asked.fresh.ended_at is not None
    assert number_of(other) == THIRD
    clock.shift(dt.timedelta(days=3))
    change(ask(OLD, user=other), other)
    assert number_of(other) == OLD


def test_nobody_adds_it_within_the_window(user, move, ask):
    move(user)
    other = make_user()
    with pytest.raises(PhoneReserved):
        change(ask(OLD, user=other), other)
    assert number_of(other) is None


def test_its_user_may_go_back_to_it(user, move):
    move(user)
    first = token()
    move(user, OLD)
    assert number_of(user) == OLD
    undo(first)
    assert number_of(user) == OLD


def test_what_was_undone_reserves_nothing(user, move):
    move(user)
    undo()
    assert number_of(sign_up(NEW)) == NEW


def test_a_login_that_meets_the_change_does_not_get_in_by_the_old_number(user, move, ask):
    asked = ask(OLD)
    account = PhoneAccount.objects.get(user=user)
    move(user)
    with pytest.raises(IntegrityError):
        accounts.confirm(account, account.verified_at)
    with pytest.raises(PhoneReserved):
        asked.enter()


def test_a_change_that_meets_another_begins_again(user, ask, monkeypatch):
    asked = ask(NEW, user=user)
    find = accounts.find

    def meet(phone):
        PhoneAccount.objects.filter(user=user).update(phone=THIRD)
        return find(phone)

    monkeypatch.setattr(accounts, "find", meet)
    done = change(asked, user)
    assert (done.account.e164, done.old) == (NEW, THIRD)


def test_a_user_who_is_deleted_reserves_nothing(user, move):
    move(user)
    user.delete()
    assert not PhoneChange.objects.exists()
    assert number_of(sign_up(OLD)) == OLD


def test_a_digest_tells_nothing_without_the_key(settings):
    before = codes.digest_undo("0" * 32)
    settings.SECRET_KEY = "another"
    assert codes.digest_undo("0" * 32) != before


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_undo_at_the_moment_of_another_change_wins_or_comes_before(in_parallel, ask, settings):
    allow_many(settings)
    for index in range(5):
        old, new, third = (f"+7909{block}{index:04}" for block in (686, 687, 688))
        user = sign_up(old)
        change(ask(new, user=user), user)
        said = token()
        asked = ask(third, user=user)
        undone, moved = in_parallel([lambda said=said: undo(said), enter_in(asked, user)])
        assert undone.account.e164 == old
        assert number_of(user) == old
        # Whoever was first: either nothing was changed, or it fell with the first change.
        assert isinstance(moved, CodeExpired) or moved.old == new
        assert not PhoneChange.objects.filter(user=user, undone_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_of_ten_undoings_one_undoes(in_parallel, ask, settings):
    user = sign_up(OLD)
    change(ask(NEW, user=user), user)
    said = token()
    results = in_parallel([lambda: undo(said)] * 10)
    assert len(changed(results)) == 1
    assert {result.code for result in results if isinstance(result, Refusal)} == {"undo_not_found"}
