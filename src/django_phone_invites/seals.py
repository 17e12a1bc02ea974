"""Text that the database keeps, and that nobody reads without ``SECRET_KEY``."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.conf import settings as django_settings
from django.utils.crypto import salted_hmac

_NONCE_LENGTH = 16


def seal(text: str) -> str:
    """Return ``text`` sealed, in hexadecimal; sealed again it looks different.

    It is added (XOR) to a stream of HMAC-SHA-256 over a nonce of 128 random bits, which no other
    text has: counter mode (NIST SP 800-38A, 6.5) with an HMAC for the block cipher. Whoever can
    write to the table can change what is sealed: it is for texts of which a wrong one does nothing.
    """
    nonce, plain = secrets.token_bytes(_NONCE_LENGTH), text.encode()
    return (nonce + _add(plain, nonce, django_settings.SECRET_KEY)).hex()


def unseal(sealed: str) -> Iterator[str]:
    """Yield what ``sealed`` may hold: as the key in force has it, then as its fallbacks do."""
    whole = bytes.fromhex(sealed)
    nonce, rest = whole[:_NONCE_LENGTH], whole[_NONCE_LENGTH:]
    for key in (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS):
        # Under another key it is noise, and a NUL is more than PostgreSQL looks up.
        text = _add(rest, nonce, key).decode("ascii", errors="replace")
        if text.isascii() and text.isprintable():
            yield text


def _add(data: bytes, nonce: bytes, key: str | bytes) -> bytes:
    stream = b""
    while len(stream) < len(data):
        block = f"{nonce.hex()}:{len(stream)}"
        stream += salted_hmac(
            "django_phone_invites.seal", block, secret=key, algorithm="sha256"
        ).digest()
    return bytes(one ^ other for one, other in zip(data, stream, strict=False))
