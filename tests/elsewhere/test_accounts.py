"""What comes over is verified, dated and one user's only; nothing is guessed and nothing doubled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from django_phone_invites import codes
from django_phone_invites.elsewhere import (
    Claim,
    Fields,
    ImportImpossible,
    Reason,
    Report,
    Source,
    accounts,
    import_accounts,
)
from django_phone_invites.elsewhere.user_field import UserFieldSource
from django_phone_invites.models import ErasedPhone, InviteCode, PhoneAccount, PhoneChange
from django_phone_invites.services import accounts as services
from django_phone_invites.services import invites, upkeep
from django_phone_invites.testing import sign_up
from tests.elsewhere.conftest import DAY
from tests.users.models import Contact

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"
FIELDS = Fields("contacts__phone", "contacts__is_verified", "contacts__verified_at")


def run(**more: Any) -> Report:
    return import_accounts(source=UserFieldSource(FIELDS), **more)


def of(report: Report) -> tuple[int, int, dict[Any, list[Any]]]:
    """Return what was reported, with the keys in order: users are not made in that of UUIDs."""
    skipped = {reason: sorted(keys) for reason, keys in report.skipped.items()}
    return report.imported, report.already_there, skipped


def test_a_verified_number_is_an_account_with_its_date_and_an_invite_code(make_user: Any) -> None:
    user = make_user(PHONE)
    assert of(run()) == (1, 0, {})
    account = PhoneAccount.objects.get()
    assert (account.user, account.e164, account.verified_at) == (user, PHONE, DAY)
    assert timezone.now() - account.created_at < dt.timedelta(minutes=1)
    assert InviteCode.objects.get().owner == user
    assert list(upkeep.find_broken()) == []


def test_whoever_came_over_logs_in_as_themselves(make_user: Any) -> None:
    user = make_user(PHONE)
    run()
    assert sign_up(PHONE) == user


def test_running_it_again_doubles_nothing(make_user: Any) -> None:
    make_user(PHONE)
    run()
    before = [list(model.objects.values()) for model in (PhoneAccount, InviteCode)]
    Contact.objects.update(verified_at=timezone.now())
    assert of(run()) == (0, 1, {})
    assert [list(model.objects.values()) for model in (PhoneAccount, InviteCode)] == before


def test_what_was_added_since_comes_with_the_next_run(make_user: Any) -> None:
    make_user(PHONE)
    run()
    make_user(OTHER)
    assert of(run()) == (1, 1, {})


def test_an_invite_code_that_is_there_stays(make_user: Any) -> None:
    user = make_user(PHONE)
    code = invites.create_own_code(user, timezone.now())
    assert run().imported == 1
    assert InviteCode.objects.get() == code


def test_a_number_that_was_not_verified_stays_behind(make_user: Any) -> None:
    user = make_user(PHONE, is_verified=False)
    assert of(run()) == (0, 0, {Reason.UNVERIFIED: [user.pk]})
    assert not PhoneAccount.objects.exists()


def test_what_nobody_verified_takes_no_number_away(make_user: Any) -> None:
    owner, claimant = make_user(PHONE), make_user(PHONE, is_verified=False)
    assert of(run()) == (1, 0, {Reason.UNVERIFIED: [claimant.pk]})
    assert PhoneAccount.objects.get().user == owner


@pytest.mark.parametrize("raw", ["12", "9096869722", "call me", "+7 909 686-97-22 ext. 3"])
def test_what_is_no_number_is_reported(make_user: Any, raw: str) -> None:
    user = make_user(raw)
    assert of(run()) == (0, 0, {Reason.INVALID: [user.pk]})


def test_a_number_of_two_users_is_neither_s(make_user: Any) -> None:
    first, second = make_user(PHONE), make_user("8 (909) 686-97-22", verified_at=timezone.now())
    make_user(OTHER)
    source = UserFieldSource(FIELDS, region="RU")
    report = import_accounts(source=source)
    assert of(report) == (1, 0, {Reason.SHARED: sorted([first.pk, second.pk])})
    assert PhoneAccount.objects.get().e164 == OTHER


def test_a_number_of_three_users_is_reported_for_each_once(make_user: Any) -> None:
    users = [make_user(PHONE) for _ in range(3)]
    assert of(run()) == (0, 0, {Reason.SHARED: sorted(user.pk for user in users)})


def test_a_user_with_two_verified_numbers_is_not_decided_for(make_user: Any) -> None:
    user, other = make_user(PHONE), make_user(OTHER)
    Contact.objects.create(user=user, phone=OTHER, is_verified=True, verified_at=DAY)
    assert of(run()) == (0, 0, {Reason.SEVERAL: [user.pk], Reason.SHARED: [other.pk]})


@pytest.mark.parametrize("dates", [(DAY, None), (None, DAY), (DAY - dt.timedelta(1), DAY)])
def test_one_number_twice_is_one_with_the_later_date(make_user: Any, dates: Any) -> None:
    user = make_user(PHONE, verified_at=dates[0])
    Contact.objects.create(user=user, phone=PHONE, is_verified=True, verified_at=dates[1])
    assert of(run()) == (1, 0, {})
    assert PhoneAccount.objects.get().verified_at == DAY


def test_a_number_without_a_date_needs_one_to_assume(make_user: Any) -> None:
    user = make_user(PHONE, verified_at=None)
    assert of(run()) == (0, 0, {Reason.UNDATED: [user.pk]})
    assert of(run(assumed=DAY)) == (1, 0, {})
    assert PhoneAccount.objects.get().verified_at == DAY


def test_a_date_of_its_own_counts_more_than_the_assumed_one(make_user: Any) -> None:
    make_user(PHONE)
    run(assumed=DAY - dt.timedelta(days=30))
    assert PhoneAccount.objects.get().verified_at == DAY


def test_a_source_without_dates_is_refused_as_a_whole(make_user: Any) -> None:
    make_user(PHONE)
    source = UserFieldSource(Fields("contacts__phone", "contacts__is_verified"))
    with pytest.raises(ImportImpossible, match="no dates"):
        import_accounts(source=source)
    assert import_accounts(source=source, assumed=DAY).imported == 1


def test_a_date_in_the_future_is_none(make_user: Any) -> None:
    user = make_user(PHONE, verified_at=timezone.now() + dt.timedelta(minutes=1))
    assert of(run()) == (0, 0, {Reason.FUTURE: [user.pk]})


def test_a_user_with_another_number_here_keeps_it(make_user: Any) -> None:
    user = sign_up(OTHER)
    Contact.objects.create(user=user, phone=PHONE, is_verified=True, verified_at=DAY)
    assert of(run()) == (0, 0, {Reason.OTHER: [user.pk]})
    assert PhoneAccount.objects.get().e164 == OTHER


def test_a_number_that_is_somebody_else_s_here_stays_theirs(make_user: Any) -> None:
    owner, user = sign_up(PHONE), make_user(PHONE)
    assert of(run()) == (0, 0, {Reason.TAKEN: [user.pk]})
    assert PhoneAccount.objects.get().user == owner


def test_a_number_that_was_erased_here_does_not_come_back(make_user: Any) -> None:
    user, other = make_user(PHONE), make_user(OTHER)
    run()
    ErasedPhone.objects.create(
        digest=codes.digest_phone(PHONE), has_activated=False, erased_at=timezone.now()
    )
    PhoneAccount.objects.filter(phone=PHONE).delete()
    assert of(run()) == (0, 1, {Reason.ERASED: [user.pk]})
    assert [account.user for account in PhoneAccount.objects.all()] == [other]


def test_whoever_is_disabled_comes_too_and_stays_out(make_user: Any) -> None:
    user = make_user(PHONE)
    user.is_active = False
    user.save()
    assert run().imported == 1
    assert PhoneAccount.objects.get().user == user


def test_a_dry_run_says_the_same_and_changes_nothing(make_user: Any) -> None:
    make_user(PHONE)
    make_user(OTHER, is_verified=False)
    dry = of(run(dry_run=True))
    assert not PhoneAccount.objects.exists()
    assert not InviteCode.objects.exists()
    assert of(run()) == dry


def test_long_work_says_how_far_it_is(make_user: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(accounts, "BATCH", 2)
    for number in range(41):
        make_user(f"+7909686{number:04}")
    said: list[str] = []
    assert run(say=said.append).imported == 41
    assert said[:3] == [
        "40 numbers read so far ...",
        "2 of 41 numbers so far ...",
        "4 of 41 numbers so far ...",
    ]
    assert said[-1] == "41 of 41 numbers so far ..."


def test_what_was_written_before_it_was_stopped_is_there(make_user: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(accounts, "BATCH", 2)
    for number in range(3):
        make_user(f"+7909686{number:04}")

    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(say=stop)
    assert PhoneAccount.objects.count() == 2
    assert of(run()) == (1, 2, {})


def test_a_batch_costs_eight_statements_and_seven_for_each_account(
    make_user: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        make_user(f"+7909686{number:04}")
    # Reading; the accounts that are there, twice; numbers that may be given back; the users; what was
    # lost, twice; BEGIN. For each: two savepoints, the account, the code, whether it may be given back.
    with django_assert_max_num_queries(8 + 10 * 7):
        assert run().imported == 10


class Meanwhile(Source):
    """Lets something happen after everything was read."""

    def __init__(self, claims: list[Claim]) -> None:
        super().__init__(Fields(date="last_login"))
        self.found = claims

    def claims(self) -> Iterator[Claim]:
        yield from self.found


def claim_of(user: Any, phone: str = PHONE) -> Claim:
    return Claim(user=user.pk, phone=phone, is_verified=True, verified_at=DAY)


def when_free(monkeypatch: Any, happen: Callable[[], Any]) -> None:
    """Let something happen between the look at what is there and the writing."""
    write = accounts._write

    def delayed(claims: list[Claim], users: dict[Any, Any]) -> list[Claim]:
        happen()
        return write(claims, users)

    monkeypatch.setattr(accounts, "_write", delayed)


def test_a_login_at_the_same_moment_keeps_the_number(make_user: Any, monkeypatch: Any) -> None:
    user = make_user()
    when_free(monkeypatch, lambda: services.create(PHONE, timezone.now()))
    report = import_accounts(source=Meanwhile([claim_of(user)]))
    assert of(report) == (0, 0, {Reason.TAKEN: [user.pk]})
    assert PhoneAccount.objects.get().user != user


def reserve(user: Any, phone: str = PHONE) -> None:
    PhoneChange.objects.create(
        user=user,
        old=phone,
        new=OTHER,
        changed_at=timezone.now(),
        undo_until=timezone.now() + dt.timedelta(days=1),
        undo_digest="0" * 64,
    )


def test_a_number_that_may_be_given_back_to_somebody_does_not_come_over(make_user: Any) -> None:
    user, other = make_user(), make_user()
    reserve(other)
    report = import_accounts(source=Meanwhile([claim_of(user)]))
    assert of(report) == (0, 0, {Reason.RESERVED: [user.pk]})
    PhoneChange.objects.update(user=user)
    assert of(import_accounts(source=Meanwhile([claim_of(user)]))) == (1, 0, {})


def test_a_change_at_the_same_moment_reserves_it(make_user: Any, monkeypatch: Any) -> None:
    user, other = make_user(), make_user()
    when_free(monkeypatch, lambda: reserve(other))
    report = import_accounts(source=Meanwhile([claim_of(user)]))
    assert of(report) == (0, 0, {Reason.RESERVED: [user.pk]})
    assert not PhoneAccount.objects.exists()


def test_another_import_at_the_same_moment_is_the_same(make_user: Any, monkeypatch: Any) -> None:
    user = make_user()
    write = accounts._write
    when_free(monkeypatch, lambda: write([claim_of(user)], {user.pk: user}))
    assert of(import_accounts(source=Meanwhile([claim_of(user)]))) == (0, 1, {})


def test_a_user_who_was_deleted_at_the_same_moment_is_reported(
    make_user: Any, monkeypatch: Any
) -> None:
    user, other = make_user(), make_user()
    key = user.pk
    claims = [claim_of(user), claim_of(other, OTHER)]
    listed = accounts._users
    monkeypatch.setattr(accounts, "_users", lambda claims: user.delete() and listed(claims))
    assert of(import_accounts(source=Meanwhile(claims))) == (1, 0, {Reason.MEANWHILE: [key]})


def test_an_account_without_an_invite_code_is_not_made(make_user: Any, monkeypatch: Any) -> None:
    user = make_user()

    def fail(*args: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(invites, "create_own_code", fail)
    report = import_accounts(source=Meanwhile([claim_of(user)]))
    assert of(report) == (0, 0, {Reason.MEANWHILE: [user.pk]})
    assert not PhoneAccount.objects.exists()


def test_a_claim_shows_no_number() -> None:
    assert PHONE not in repr(Claim(user=1, phone=PHONE, is_verified=True))


def test_four_imports_at_once_double_nothing(in_parallel: Any, make_user: Any) -> None:
    for number in range(30):
        make_user(f"+7909686{number:04}")
    reports = in_parallel([run] * 4)
    assert sum(report.imported for report in reports) == 30
    assert {report.imported + report.already_there for report in reports} == {30}
    assert (PhoneAccount.objects.count(), InviteCode.objects.count()) == (30, 30)
    assert list(upkeep.find_broken()) == []


def log_in(phone: str) -> None:
    """Sign up as ``verify_code`` does: the loser of a race starts again."""
    try:
        sign_up(phone)
    except IntegrityError:
        sign_up(phone)


def test_an_import_and_first_logins_at_once_leave_one_account_of_each(
    in_parallel: Any, make_user: Any
) -> None:
    phones = [f"+7909686{number:04}" for number in range(8)]
    for phone in phones:
        make_user(phone)
    report, *_ = in_parallel([run, *(lambda phone=phone: log_in(phone) for phone in phones)])
    taken = len(report.skipped.get(Reason.TAKEN, []))
    assert report.imported + taken == len(phones)
    assert PhoneAccount.objects.count() == len(phones)
    assert list(upkeep.find_broken()) == []
