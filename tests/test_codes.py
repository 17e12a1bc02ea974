"""Login codes are derived, uniform and compared whole; invite codes are made and folded."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from django_phone_invites import codes
from django_phone_invites.exceptions import CodeMalformed

SEED = codes.Seed(phone="+79096869722", purpose="login", token="0" * 32, nonce="f" * 32, length=6)


def seeds(count: int, *, length: int) -> list[codes.Seed]:
    return [dataclasses.replace(SEED, nonce=f"{n:032x}", length=length) for n in range(count)]


@pytest.mark.parametrize("length", range(4, 13))
def test_a_code_has_exactly_its_length(length: int) -> None:
    for seed in seeds(50, length=length):
        assert re.fullmatch(rf"[0-9]{{{length}}}", codes.derive(seed))


def test_leading_zeros_are_kept() -> None:
    found = [code for seed in seeds(300, length=4) if (code := codes.derive(seed))[0] == "0"]
    assert found
    assert {len(code) for code in found} == {4}


def test_codes_are_uniform() -> None:
    # 20,000 digits, 2,000 expected of each: five standard deviations are 212.
    digits = "".join(codes.derive(seed) for seed in seeds(5000, length=4))
    assert all(abs(digits.count(str(digit)) - 2000) < 212 for digit in range(10))


def test_a_code_is_the_same_whoever_derives_it(settings: Any) -> None:
    settings.SECRET_KEY = "one"
    assert codes.derive(SEED) == codes.derive(dataclasses.replace(SEED))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "+79096869723"),
        ("purpose", "other"),
        ("token", "1" * 32),
        ("nonce", "e" * 32),
    ],
)
def test_each_part_of_the_seed_counts(field: str, value: str) -> None:
    longest = dataclasses.replace(SEED, length=12)
    assert codes.derive(dataclasses.replace(longest, **{field: value})) != codes.derive(longest)


def test_a_longer_code_is_no_continuation_of_a_shorter_one() -> None:
    six, eight = codes.derive(SEED), codes.derive(dataclasses.replace(SEED, length=8))
    assert six not in eight


def test_the_secret_key_counts(settings: Any) -> None:
    seed = dataclasses.replace(SEED, length=12)
    before = codes.derive(seed)
    settings.SECRET_KEY = "another"
    assert codes.derive(seed) != before
    assert not codes.matches(seed, before)


def test_a_code_stays_valid_through_the_fallback_keys(settings: Any) -> None:
    seed = dataclasses.replace(SEED, length=12)
    before = codes.derive(seed)
    settings.SECRET_KEY_FALLBACKS = ["older", settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert codes.matches(seed, before)
    assert codes.matches(seed, codes.derive(seed))


def test_the_code_of_a_seed_is_the_same_in_every_release(settings: Any) -> None:
    """Or an update would end the codes that are on their way. Written out with hmac alone."""
    settings.SECRET_KEY = "one"
    key = hashlib.sha256(b"django_phone_invites.login_code" + b"one").digest()
    text = f"login:+79096869722:12:{'0' * 32}:{'f' * 32}"
    number = int(hmac.new(key, text.encode(), "sha256").hexdigest(), 16)
    assert codes.derive(dataclasses.replace(SEED, length=12)) == f"{number % 10**12:012}"


def test_a_bytes_key_is_a_key(settings: Any) -> None:
    settings.SECRET_KEY = b"bytes"
    assert codes.matches(SEED, codes.derive(SEED))


def test_only_the_right_code_matches() -> None:
    right = codes.derive(SEED)
    wrong = str((int(right) + 1) % 10**6).zfill(6)
    assert codes.matches(SEED, right)
    assert not codes.matches(SEED, wrong)
    assert not codes.matches(SEED, right[:-1])
    assert not codes.matches(SEED, "")


@pytest.mark.parametrize(
    ("raw", "length", "digits"),
    [
        ("0917", 4, "0917"),
        (917, 4, "0917"),
        (0, 4, "0000"),
        (9999, 4, "9999"),
        ("000000000000", 12, "000000000000"),
        (10**12 - 1, 12, "9" * 12),
    ],
)
def test_a_guess_is_read_as_its_digits(raw: object, length: int, digits: str) -> None:
    assert codes.read_guess(raw, length=length) == digits


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "917",
        "09170",
        " 0917",
        "0917\n",
        "+917",
        "-917",
        "8_917",
        "0x1f",
        "9.17",
        "09 1",
        "٠٩١٧",
        "０９１７",
        "091²",
        "09\x0017",
        "\ud800917",
        -1,
        10_000,
        pytest.param(10**5000, id="huge"),
        917.0,
        float("nan"),
        True,
        False,
        None,
        b"0917",
        ["0917"],
        {"0917": 1},
    ],
)
def test_what_no_code_could_be_is_malformed(raw: object) -> None:
    with pytest.raises(CodeMalformed) as refused:
        codes.read_guess(raw, length=4)
    assert refused.value.code == "code_malformed"


@given(
    st.one_of(
        st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.integers())
    )
)
def test_no_guess_breaks_reading(raw: object) -> None:
    try:
        assert re.fullmatch("[0-9]{6}", codes.read_guess(raw, length=6))
    except CodeMalformed as refusal:
        assert refusal.code == "code_malformed"


@pytest.mark.parametrize("make", [codes.new_token, codes.new_nonce])
def test_tokens_and_nonces_are_128_random_bits_in_one_case(make: Any) -> None:
    made = {make() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch("[0-9a-f]{32}", found) for found in made)


@pytest.mark.parametrize("make", [codes.new_token, lambda: "0123456789abcdef" * 2])
def test_what_we_make_could_be_a_token(make: Any) -> None:
    assert codes.is_token(make())


@pytest.mark.parametrize(
    "text", ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 32 + "\n", "٠" * 32]
)
def test_what_could_be_no_token_is_not_looked_up(text: str) -> None:
    assert not codes.is_token(text)


def test_an_invite_code_is_one_of_890_million() -> None:
    assert len(set(codes.INVITE_ALPHABET)) == len(codes.INVITE_ALPHABET) == 31
    assert codes.INVITE_LENGTH == 6


def test_invite_codes_have_no_look_alikes_and_both_cases() -> None:
    made = [codes.new_invite_code() for _ in range(500)]
    signs = set("".join(made))
    assert {len(code) for code in made} == {codes.INVITE_LENGTH}
    assert signs == set(codes.INVITE_ALPHABET) | set(codes.INVITE_ALPHABET.lower())
    assert not signs & set("01oOiIlL")
    assert len(set(made)) == 500


def test_an_invite_code_that_we_make_can_be_activated() -> None:
    code = codes.new_invite_code()
    assert codes.fold_invite_code(code) == code.upper()


@pytest.mark.parametrize("raw", ["TwXK36", "twxk36", "TWXK36", " TwXK36 ", "\tTwXK36\r\n"])
def test_case_and_surrounding_spaces_do_not_matter(raw: str) -> None:
    assert codes.fold_invite_code(raw) == "TWXK36"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   ",
        "Twé36X",
        "ТwXK36",
        "ＴｗＸＫ３６",
        "TwXK３６",
        "Tw\x00XK36",
        "TwXK36\x00",
        "Tw\u200bXK36",
        "\u00a0TwXK36",
        "Tw XK36",
        "Tw-XK36",
        "ı2345",
        "ſ2345",
        "straße",
        "\ud800TwXK",
        "abc",
        "a" * 33,
    ],
)
def test_what_databases_may_call_equal_is_refused(raw: str) -> None:
    assert codes.fold_invite_code(raw) is None


@pytest.mark.parametrize("length", [4, 32])
def test_campaign_codes_have_4_to_32_signs(length: int) -> None:
    assert codes.fold_invite_code("0" * length) == "0" * length


@given(st.text(max_size=40))
def test_a_folded_code_is_ascii_and_folds_to_itself(raw: str) -> None:
    folded = codes.fold_invite_code(raw)
    assert folded is None or re.fullmatch("[A-Z0-9]{4,32}", folded)
    assert folded is None or codes.fold_invite_code(folded) == folded


@pytest.mark.parametrize("secret", [SEED.phone, SEED.token, SEED.nonce])
def test_the_repr_of_a_seed_tells_nothing(secret: str) -> None:
    assert secret not in repr(SEED)


# Erased phones


def test_a_phone_s_digest_tells_nothing_without_the_key():
    digest = codes.digest_phone("+79096869722")
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert digest == codes.digest_phone("+79096869722")
    assert digest != codes.digest_phone("+79096869723")
    with override_settings(SECRET_KEY="other"):
        assert codes.digest_phone("+79096869722") != digest


@override_settings(SECRET_KEY="key")
def test_a_phone_s_digest_stays_what_it_was_in_every_release():
    """Another one would forget who was erased."""
    assert codes.digest_phone("+79096869722") == (
        "7a14aa56bcd173e9e24a4ba08607f97ad3552409d3df690c0f164813c1697f3e"
    )


def test_a_phone_is_found_under_the_keys_of_before():
    old = codes.digest_phone("+79096869722")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", "tests"]):
        found = codes.phone_digests("+79096869722")
        assert found[0] == codes.digest_phone("+79096869722")
        assert found[2] == old
        assert len(set(found)) == 3
