"""Each source finds what its package kept, where that keeps it, and says what is not there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_phone_invites.elsewhere import SOURCES, Claim, Fields, ImportImpossible
from tests.elsewhere.conftest import DAY
from tests.users.models import Contact, SMSVerification

pytestmark = pytest.mark.django_db

PHONE, OTHER = "+79096869722", "+79096869723"


def claims(source: str, region: str | None = None, **fields: str) -> list[Claim]:
    """Return what a source finds, by number: users are not made in the order of UUIDs."""
    found = SOURCES[source](Fields(**fields), region).claims()
    return sorted(found, key=lambda claim: str(claim.phone))


CONTACTS = {"number": "contacts__phone", "verified": "contacts__is_verified"}


def test_user_field_finds_numbers_over_a_relation(make_user: Any) -> None:
    user, unverified = make_user(PHONE), make_user(OTHER, is_verified=False)
    make_user()
    assert claims("user_field", **CONTACTS, date="contacts__verified_at") == [
        Claim(user.pk, PHONE, is_verified=True, verified_at=DAY),
        Claim(unverified.pk, OTHER, is_verified=False, verified_at=DAY),
    ]


@pytest.mark.parametrize("phone", [None, "", " "])
def test_no_number_is_no_claim(make_user: Any, phone: str | None) -> None:
    make_user(phone, verified_at=DAY)
    Contact.objects.get_or_create(user=make_user(), phone=phone)
    assert claims("user_field", **CONTACTS) == []


@pytest.mark.parametrize("raw", ["tel:+7-909-686-97-22", "+7 909 686-97-22"])
def test_a_number_is_read_in_each_format_that_a_column_may_have(make_user: Any, raw: str) -> None:
    make_user(raw)
    assert [claim.phone for claim in claims("user_field", **CONTACTS)] == [PHONE]


def test_a_national_number_is_one_of_the_region(make_user: Any) -> None:
    make_user("89096869722")
    assert [claim.phone for claim in claims("user_field", **CONTACTS)] == [None]
    assert [claim.phone for claim in claims("user_field", "RU", **CONTACTS)] == [PHONE]


def test_a_date_says_that_it_was_verified(make_user: Any) -> None:
    make_user(PHONE, verified_at=None)
    make_user(OTHER)
    found = claims("user_field", number="contacts__phone", verified="contacts__verified_at")
    assert [claim.is_verified for claim in found] == [False, True]


def test_a_word_says_nothing_of_verification(make_user: Any) -> None:
    make_user(PHONE)
    with pytest.raises(ImportImpossible, match="contacts__phone is neither a boolean nor a date"):
        claims("user_field", number="contacts__phone", verified="contacts__phone")


def test_a_day_is_its_midnight(make_user: Any, settings: Any) -> None:
    make_user(PHONE, verified_on=dt.date(2026, 1, 31))
    (claim,) = claims("user_field", **CONTACTS, date="contacts__verified_on")
    assert claim.verified_at == dt.datetime(2026, 1, 31, tzinfo=dt.timezone.utc)
    settings.USE_TZ = False
    (claim,) = claims("user_field", **CONTACTS, date="contacts__verified_on")
    assert claim.verified_at == dt.datetime(2026, 1, 31)  # noqa: DTZ001


def test_a_number_is_no_date(make_user: Any) -> None:
    make_user(PHONE)
    with pytest.raises(ImportImpossible, match="contacts__phone is no date"):
        claims("user_field", **CONTACTS, date="contacts__phone")


@pytest.mark.parametrize("source", ["user_field", "drfpasswordless", "phone_verify"])
def test_a_field_that_is_not_there_is_said(source: str) -> None:
    fields = {"number": "nowhere", "verified": "contacts__is_verified"}
    with pytest.raises(ImportImpossible, match="Cannot resolve keyword 'nowhere'"):
        claims(source, **fields)


def test_allauth_says_which_date_is_not_there(settings: Any) -> None:
    settings.ACCOUNT_ADAPTER = f"{__name__}.Adapter"
    with pytest.raises(ImportImpossible, match="Cannot resolve keyword 'nowhere'"):
        claims("allauth", date="nowhere")


@pytest.mark.parametrize(
    ("source", "fields", "said"),
    [
        ("user_field", {}, "needs --field and --verified-field"),
        ("user_field", {"number": "phone"}, "needs --verified-field"),
        ("phone_verify", {}, "needs --field"),
        ("phone_verify", {"number": "phone", "date": "at"}, "does not use --date-field"),
        ("allauth", {"number": "a", "verified": "b"}, "does not use --field and --verified-field"),
    ],
)
def test_what_a_source_needs_and_does_not_use_is_said(
    source: str, fields: dict[str, str], said: str
) -> None:
    with pytest.raises(ImportImpossible, match=said):
        claims(source, **fields)


def test_drfpasswordless_names_its_fields_in_its_settings(make_user: Any, settings: Any) -> None:
    user = make_user(PHONE)
    settings.PASSWORDLESS_AUTH = {
        "PASSWORDLESS_USER_MOBILE_FIELD_NAME": "contacts__phone",
        "PASSWORDLESS_USER_MOBILE_VERIFIED_FIELD_NAME": "contacts__is_verified",
    }
    assert claims("drfpasswordless") == [Claim(user.pk, PHONE, is_verified=True)]


def test_drfpasswordless_has_defaults_for_them() -> None:
    with pytest.raises(ImportImpossible, match="Cannot resolve keyword 'mobile'"):
        claims("drfpasswordless")
    with pytest.raises(ImportImpossible, match="Cannot resolve keyword 'mobile_verified'"):
        claims("drfpasswordless", number="contacts__phone")


def verify(phone: str, days: int = 0, *, is_verified: bool = True) -> None:
    created_at = DAY + dt.timedelta(days=days)
    SMSVerification.objects.create(
        phone_number=phone, is_verified=is_verified, created_at=created_at
    )


def test_phone_verify_tells_of_a_user_s_number_when_it_was_verified_last(make_user: Any) -> None:
    user, unverified, unknown = make_user(PHONE), make_user(OTHER), make_user("+79096869724")
    verify(PHONE, 1)
    verify(PHONE)
    verify(PHONE, 2, is_verified=False)
    verify(OTHER, is_verified=False)
    verify("nonsense")
    assert claims("phone_verify", number="contacts__phone") == [
        Claim(user.pk, PHONE, is_verified=True, verified_at=DAY + dt.timedelta(days=1)),
        Claim(unverified.pk, OTHER, is_verified=False),
        Claim(unknown.pk, "+79096869724", is_verified=False),
    ]


def test_phone_verify_heeds_what_the_site_says_too(make_user: Any) -> None:
    make_user(PHONE, is_verified=False)
    verify(PHONE)
    assert [claim.is_verified for claim in claims("phone_verify", **CONTACTS)] == [False]


def test_phone_verify_leaves_what_is_no_number_to_be_reported(make_user: Any) -> None:
    make_user()
    user = make_user("12")
    assert claims("phone_verify", number="contacts__phone") == [
        Claim(user.pk, None, is_verified=True)
    ]


def test_a_table_that_is_not_there_is_said(monkeypatch: Any) -> None:
    from django_phone_invites.elsewhere import phone_verify

    monkeypatch.setattr(phone_verify.SMSVerification._meta, "db_table", "nowhere")
    with pytest.raises(ImportImpossible, match="There is no table nowhere"):
        claims("phone_verify", number="contacts__phone")


class Adapter:
    """A site's own, as far as allauth asks it for phones."""

    def get_phone(self, user: Any) -> tuple[str, bool] | None:
        contact = user.contacts.first()
        return contact and (contact.phone, contact.is_verified)


class AdapterWithoutPhones:
    def get_phone(self, user: Any) -> None:
        raise NotImplementedError


class OldAdapter:
    """As adapters were before 65.5."""


def test_allauth_asks_the_adapter_of_the_site(make_user: Any, settings: Any) -> None:
    settings.ACCOUNT_ADAPTER = f"{__name__}.Adapter"
    user, unverified = make_user(PHONE), make_user(OTHER, is_verified=False)
    make_user()
    make_user("")
    assert claims("allauth", date="contacts__verified_at") == [
        Claim(user.pk, PHONE, is_verified=True, verified_at=DAY),
        Claim(unverified.pk, OTHER, is_verified=False, verified_at=DAY),
    ]
    assert [claim.verified_at for claim in claims("allauth")] == [None, None]


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (None, "ACCOUNT_ADAPTER is not set"),
        ("AdapterWithoutPhones", "no get_phone of its own"),
        ("OldAdapter", "from 65.5 on"),
    ],
)
def test_allauth_without_phones_is_said(
    make_user: Any, settings: Any, adapter: str | None, said: str
) -> None:
    make_user()
    settings.ACCOUNT_ADAPTER = adapter and f"{__name__}.{adapter}"
    with pytest.raises(ImportImpossible, match=said):
        claims("allauth")


def test_users_whom_a_manager_hides_are_read_too(make_user: Any, monkeypatch: Any) -> None:
    make_user(PHONE)
    model: Any = get_user_model()
    nobody = model.objects.none()
    monkeypatch.setattr(type(model._default_manager), "get_queryset", lambda self: nobody)
    assert len(claims("user_field", **CONTACTS)) == 1
