"""Login codes are derived, never stored; invite codes are random; erased phones are digests."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from django.conf import settings as django_settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.debug import sensitive_variables

from django_phone_invites.exceptions import CodeMalformed

#: Letters and digits without the look-alikes 0/O and 1/I/L. 31 signs, of which 6 give 8.9e8 codes.
INVITE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
INVITE_LENGTH = 6
#: Campaign codes are a site's own words, so they may be longer and use the whole of A-Z, 0-9.
INVITE_MAX_LENGTH = 32


@dataclass(frozen=True)
class Seed:
    """What a login code is derived from, beside the key. Without the key it tells nothing."""

    phone: str = field(repr=False)
    purpose: str
    token: str = field(repr=False)
    nonce: str = field(repr=False)
    length: int


def new_token() -> str:
    """Return an id for a login code that cannot be guessed: 128 random bits in hexadecimal.

    Hexadecimal because a case-insensitive collation (MariaDB's default) would take two tokens that
    differ in case only for the same.
    """
    return secrets.token_hex(16)


def is_token(text: str) -> bool:
    """Tell whether ``text`` could be a token; what could not is not looked up."""
    return re.fullmatch("[0-9a-f]{32}", text) is not None


def new_nonce() -> str:
    """Return 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def derive(seed: Seed) -> str:
    """Return the code of ``seed``: ``seed.length`` digits, leading zeros included."""
    return _derive(seed, django_settings.SECRET_KEY)


def matches(seed: Seed, guess: str) -> bool:
    """Tell whether ``guess`` is the code of ``seed``, under the key or one of its fallbacks.

    The comparison takes the same time for every guess; a code that was sent before
    ``SECRET_KEY`` changed stays valid through ``SECRET_KEY_FALLBACKS``.
    """
    equal = [constant_time_compare(_derive(seed, key), guess) for key in _keys()]
    return any(equal)


def _keys() -> list[str | bytes]:
    """Return the key in force, and those of before that still count."""
    return [django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS]


def _derive(seed: Seed, key: str | bytes) -> str:
    # In the manner of HOTP (RFC 4226, 5.3), but reducing the whole 256-bit digest: the 31 bits that
    # HOTP keeps are fewer than 10**12. The bias of the reduction is below 10**12 / 2**256.
    text = ":".join([seed.purpose, seed.phone, str(seed.length), seed.token, seed.nonce])
    digest = salted_hmac(
        "django_phone_invites.login_code", text, secret=key, algorithm="sha256"
    ).digest()
    number = int.from_bytes(digest, "big") % 10**seed.length
    return str(number).zfill(seed.length)


def digest_phone(phone: str) -> str:
    """Return what is kept of an erased phone: 64 characters that tell nothing without the key."""
    return _digest_phone(phone, django_settings.SECRET_KEY)


def phone_digests(phone: str) -> list[str]:
    """Return the digests of a phone under the key and its fallbacks.

    One that was made before ``SECRET_KEY`` changed is found through ``SECRET_KEY_FALLBACKS``.
    """
    return [_digest_phone(phone, key) for key in _keys()]


def _digest_phone(phone: str, key: str | bytes) -> str:
    # Without a key, whoever reads the table would try all numbers: there are too few of them.
    return salted_hmac(
        "django_phone_invites.erased_phone", phone, secret=key, algorithm="sha256"
    ).hexdigest()


@sensitive_variables()
def derive_undo_token(seed: Seed) -> str:
    """Return the token that undoes a change, out of the row of its notice: 128 bits.

    As a login code it is derived when the message is made, so that no table holds it.
    """
    text = f"{seed.purpose}:{seed.phone}:{seed.token}:{seed.nonce}"
    return salted_hmac(
        "django_phone_invites.undo_token",
        text,
        secret=django_settings.SECRET_KEY,
        algorithm="sha256",
    ).hexdigest()[:32]


def digest_undo(token: str) -> str:
    """Return what is kept of an undo token."""
    return _digest_undo(token, django_settings.SECRET_KEY)


def undo_digests(token: str) -> list[str]:
    """Return the digests of an undo token under the key and its fallbacks."""
    return [_digest_undo(token, key) for key in _keys()]


def _digest_undo(token: str, key: str | bytes) -> str:
    return salted_hmac(
        "django_phone_invites.undo_digest", token, secret=key, algorithm="sha256"
    ).hexdigest()


def read_guess(raw: object, *, length: int) -> str:
    """Return a guess as ``length`` ASCII digits; 917 means 0917 where codes have four digits.

    Raises:
        CodeMalformed: it is neither a whole number nor a string of ``length`` ASCII digits.
    """
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**length:
        return str(raw).zfill(length)
    if isinstance(raw, str) and re.fullmatch(r"[0-9]+", raw) and len(raw) == length:
        return raw
    raise CodeMalformed


def new_invite_code() -> str:
    """Return a random invite code as it is shown: mixed case, ASCII."""
    return "".join(
        secrets.choice((sign, sign.lower()))
        for sign in (secrets.choice(INVITE_ALPHABET) for _ in range(INVITE_LENGTH))
    )


def fold_invite_code(raw: str) -> str | None:
    """Return the key under which an invite code is looked up, or None if it cannot be a code.

    Spaces around it are dropped and its case is ignored. Only ASCII letters and digits pass: what
    else a database may call equal (accents, full-width letters, zero-width signs) differs from one
    collation to the next.
    """
    stripped = raw.strip(" \t\r\n")
    if re.fullmatch(rf"[A-Za-z0-9]{{4,{INVITE_MAX_LENGTH}}}", stripped):
        return stripped.upper()
    return None
