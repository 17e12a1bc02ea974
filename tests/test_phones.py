"""One person's number, however it is written, is one number; what no code is sent to is refused."""

from __future__ import annotations

from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from django_phone_invites import phones
from django_phone_invites.exceptions import (
    FieldRefusal,
    PhoneInvalid,
    PhoneRegionRefused,
    PhoneTypeRefused,
)

RU = "+79096869722"
NEVER_TEXTED = [
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
]


@pytest.mark.parametrize(
    "raw",
    [
        "+79096869722",
        " +7 909 686 97 22 ",
        "+7(909)686-97-22",
        "+7.909.686.97.22",
        "+7 909 686/97/22",
        "+7\u00a0909 686\u00a097\u201122",
        "+7 909 686\u2010\u201297\u201322",
        "+7 909 686\u201497\u201522\u2212",
        "\uff0b79096869722",
        "+７９０９６８６９７２２",
        "+٧٩٠٩٦٨٦٩٧٢٢",
        "+7 8 909 686 97 22",
    ],
)
def test_one_number_however_it_is_written(raw: str) -> None:
    assert phones.parse(raw) == RU


@pytest.mark.parametrize(
    ("e164", "region"),
    [
        (RU, "RU"),
        ("+77012345678", "KZ"),
        ("+12015550123", "US"),
        ("+14165550123", "CA"),
        ("+17875550123", "PR"),
        ("+447400123456", "GB"),
        ("+447797712345", "JE"),
    ],
)
def test_the_region_is_that_of_the_number_and_not_of_its_calling_code(
    e164: str, region: str
) -> None:
    assert phones.region_of(e164) == region
    assert region in phones.REGIONS


@pytest.mark.parametrize("e164", ["+70000000000", "+881612345678", "+80012345678"])
def test_a_number_without_a_country_has_no_region(e164: str) -> None:
    assert phones.region_of(e164) == ""


@pytest.mark.parametrize(
    ("e164", "kind"),
    [
        ("+79096869722", phones.Kind.MOBILE),
        ("+74951234567", phones.Kind.FIXED),
        ("+16502530000", phones.Kind.FIXED_OR_MOBILE),
        ("+445600123456", phones.Kind.VOIP),
        ("+78001234567", phones.Kind.TOLL_FREE),
        ("+78091234567", phones.Kind.PREMIUM),
        ("+447012345678", phones.Kind.OTHER),
        ("+70000000000", phones.Kind.OTHER),
    ],
)
def test_a_number_has_a_kind_and_one_that_no_plan_knows_another(
    e164: str, kind: phones.Kind
) -> None:
    assert phones.kind_of(e164) is kind


@pytest.mark.parametrize("space", ["\u2009", "\u202f"])
def test_typographic_spaces_are_spaces(space: str) -> None:
    assert phones.parse(f"+7{space}909{space}686{space}97{space}22") == RU


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "+",
        "()-",
        "abc",
        "+7 909 FLOWERS",
        "+7 909 686 97 22 ext. 5",
        "+7 909 686 97 22 x5",
        "+79096869722;ext=5",
        "tel:+79096869722",
        "+7 909\x00686 97 22",
        "+7 909\n686 97 22",
        "+7 909\u200b686 97 22",
        "\u200b+79096869722",
        "+7909\ud800",
        "++79096869722",
        "7+9096869722",
        "+7909",
        "+790968697220",
        "+999 123 456 789",
        "+" + "9" * 40,
        "+7 909 686 97 22;ext=1",
        "+7 909 686 97 22 x12",
        "+7 909 686 97 22 #12",
        "+7 909 686 97 22,,12",
        "+7 909 686 97 22 доб. 12",
        "+7 909 686 97 22;phone-context=+7",
        "+7_909_686_97_22",
        "+7909686972\uff22",
        "+7\u0661\u200d9096869722",
        "+7 909 686 97 22\u202e",
        "\u2066+79096869722\u2069",
        "+7\u00ad9096869722",
        "\ufeff+79096869722",
        "+7\u20609096869722",
        "+7909686972²",
        "+7909686972½",
        "+7909686972Ⅷ",
    ],
)
def test_what_is_no_number_is_refused(raw: str) -> None:
    with pytest.raises(PhoneInvalid) as refused:
        phones.parse(raw)
    assert refused.value.code == "phone_invalid"


def test_64_characters_are_read_and_65_are_not() -> None:
    most = "+7 909 686 97 22".replace(" ", " " * 13, 1).ljust(63, "-") + "-"
    assert len(most) == phones.MAX_INPUT_LENGTH == 64
    assert phones.parse(most) == RU
    with pytest.raises(PhoneInvalid):
        phones.parse(most + "-")


def test_a_number_without_country_code_is_refused_where_none_is_assumed() -> None:
    with pytest.raises(PhoneInvalid):
        phones.parse("8 909 686 97 22")


@pytest.mark.parametrize("name", ["PHONE_INVITES_DEFAULT_REGION", "PHONENUMBER_DEFAULT_REGION"])
@pytest.mark.parametrize("raw", ["8 909 686 97 22", "8 (909) 686-97-22", "909 686 97 22", RU])
def test_the_default_region_gives_the_country_code(name: str, raw: str, settings: Any) -> None:
    setattr(settings, name, "RU")
    assert phones.parse(raw) == RU


def test_our_region_counts_before_the_one_of_the_phone_field(settings: Any) -> None:
    settings.PHONENUMBER_DEFAULT_REGION = "US"
    settings.PHONE_INVITES_DEFAULT_REGION = "RU"
    assert phones.default_region() == "RU"


def test_no_region_is_assumed_by_default() -> None:
    assert phones.default_region() is None


@pytest.mark.parametrize(
    ("region", "e164", "spellings"),
    [
        ("RU", RU, ["8 909 686-97-22", "8(909)6869722", "909 686 97 22", "+7 909 6869722"]),
        ("KZ", "+77012345678", ["8 701 234 5678", "701 234 56 78", "+7 701 234-56-78"]),
        ("AR", "+5491123456789", ["011 15-2345-6789", "+54 11 15 2345-6789", "+54 9 11 2345 6789"]),
        ("MX", "+525512345678", ["55 1234 5678", "+52 55 1234 5678", "+52 1 55 1234 5678"]),
        ("BR", "+5511961234567", ["(11) 96123-4567", "011 96123-4567", "+55 (0)11 96123-4567"]),
        ("IT", "+393471234567", ["347 123 4567", "+39 347 1234567"]),
        ("IT", "+390669821234", ["06 6982 1234", "+39 06 6982 1234"]),
        ("GB", "+447400123456", ["07400 123456", "+44 (0)7400 123456", "+44 7400 123 456"]),
        ("US", "+12015550123", ["(201) 555-0123", "1-201-555-0123", "201.555.0123"]),
        ("PR", "+17872345678", ["(787) 234-5678", "1 787 234 5678"]),
    ],
)
def test_one_number_however_its_country_writes_it(
    region: str, e164: str, spellings: list[str], settings: Any
) -> None:
    settings.PHONE_INVITES_DEFAULT_REGION = region
    assert {phones.parse(raw) for raw in [e164, *spellings]} == {e164}


def test_no_other_1_is_dropped_in_mexico() -> None:
    with pytest.raises(PhoneInvalid):
        phones.require_textable(phones.parse("+52 1 55 1234 56789"))


@given(st.text(st.sampled_from("+ 0123456789()-./\u00a0"), max_size=20))
def test_parsing_refuses_or_gives_what_parses_to_itself(raw: str) -> None:
    try:
        e164 = phones.parse(raw)
    except PhoneInvalid:
        return
    assert phones.parse(e164) == e164
    assert len(e164) <= 17


@given(st.text(max_size=70))
def test_no_input_breaks_parsing(raw: str) -> None:
    try:
        assert phones.parse(raw).startswith("+")
    except PhoneInvalid as refusal:
        assert refusal.code == "phone_invalid"


@pytest.mark.parametrize(
    "e164",
    [RU, "+77012345678", "+12015550123", "+17872345678", "+393471234567", "+447911123456"],
)
def test_mobile_numbers_and_those_that_may_be_are_sent_to(e164: str) -> None:
    phones.require_textable(e164)


@pytest.mark.parametrize(
    ("e164", "refusal"),
    [
        ("+78091234567", PhoneTypeRefused),
        ("+78005553535", PhoneTypeRefused),
        ("+74951234567", PhoneTypeRefused),
        ("+19002345678", PhoneTypeRefused),
        ("+448444123456", PhoneTypeRefused),
        ("+390669821234", PhoneTypeRefused),
        ("+79999", PhoneInvalid),
        ("+10005550123", PhoneInvalid),
    ],
)
def test_numbers_that_no_code_is_sent_to_are_refused(
    e164: str, refusal: type[FieldRefusal]
) -> None:
    with pytest.raises(refusal) as refused:
        phones.require_textable(e164)
    assert refused.value.code == refusal.code


MOBILE = {
    region: phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
}


@pytest.mark.parametrize("region", [region for region, number in MOBILE.items() if number])
def test_mobile_numbers_of_every_region_are_sent_to_and_read_as_they_are_shown(region: str) -> None:
    number = MOBILE[region]
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    phones.require_textable(e164)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    assert {phones.parse(raw) for raw in (e164, international, phones.display(e164))} == {e164}
    assert e164 not in phones.mask(e164)


@pytest.mark.parametrize("kind", NEVER_TEXTED, ids=PhoneNumberType.to_string)
def test_no_region_has_a_number_of_this_kind_that_is_sent_to(kind: int) -> None:
    found = 0
    for region in phonenumbers.SUPPORTED_REGIONS:
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            found += 1
            with pytest.raises(PhoneTypeRefused):
                phones.require_textable(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    assert found > 10


@pytest.mark.parametrize("code", [800, 808, 870, 878, 881, 882, 883, 888, 979])
def test_no_number_without_a_country_is_sent_to(code: int) -> None:
    """Satellites, freephone, shared cost and premium rate of no country (ITU-T E.164)."""
    number = phonenumbers.example_number_for_non_geo_entity(code)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    with pytest.raises(PhoneTypeRefused):
        phones.require_textable(phones.parse(e164))


@pytest.mark.parametrize("raw", ["+870 773 111 632", "+8816 1234 5678"])
def test_satellite_numbers_are_refused(raw: str) -> None:
    with pytest.raises(PhoneTypeRefused):
        phones.require_textable(phones.parse(raw))


@pytest.mark.parametrize("sign", ["\x1c", "\x1f", "\x0b", "\x85"])
def test_control_characters_at_the_edge_are_refused(sign: str) -> None:
    with pytest.raises(PhoneInvalid):
        phones.parse(RU + sign)


@pytest.mark.parametrize(
    "e164",
    [
        "+77012345678",
        "+17872345678",
        "+13406421234",
        "+16713001234",
        "+16702345678",
        "+447781123456",
    ],
)
def test_a_shared_country_code_does_not_make_one_region(e164: str, settings: Any) -> None:
    settings.PHONE_INVITES_REGIONS = ["RU", "US", "GB"]
    with pytest.raises(PhoneRegionRefused) as refused:
        phones.require_textable(e164)
    assert refused.value.code == "phone_region_refused"


def test_a_region_on_the_list_is_sent_to(settings: Any) -> None:
    settings.PHONE_INVITES_REGIONS = ["KZ"]
    phones.require_textable("+77012345678")
    with pytest.raises(PhoneRegionRefused):
        phones.require_textable(RU)


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        (RU, "+7(909)686-97-22"),
        ("+393471234567", "+39(347)123-4567"),
        ("+29051234", "+29051234"),
    ],
)
def test_an_owner_sees_the_whole_number(e164: str, shown: str) -> None:
    assert phones.display(e164) == shown


@pytest.mark.parametrize(
    ("e164", "masked"),
    [(RU, "+7 •••-•••-••-22"), ("+29051234", "+290 •••34"), ("+376312345", "+376 •••-•45")],
)
def test_a_mask_shows_country_code_and_two_digits(e164: str, masked: str) -> None:
    assert phones.mask(e164) == masked


def test_an_inviter_sees_a_mask_unless_the_site_says_otherwise(settings: Any) -> None:
    assert phones.shown_to_inviter(RU) == "+7 •••-•••-••-22"
    settings.PHONE_INVITES_MASK_INVITEES = False
    assert phones.shown_to_inviter(RU) == "+7(909)686-97-22"
