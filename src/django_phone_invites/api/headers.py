"""Reads the headers of a request that mean something to a service."""

from __future__ import annotations

import re

from rest_framework.request import Request

from django_phone_invites.exceptions import IdempotencyKeyInvalid

# A string of RFC 9651, 3.3.3.
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')


def idempotency_key(request: Request) -> str | None:
    """Return the value of ``Idempotency-Key``, None without one.

    The draft has it in quotation marks. It is read without them too, as most clients send it; both
    are the same key.

    Raises:
        IdempotencyKeyInvalid: it begins with a quotation mark, and is no string.
    """
    value: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if value is None or not value.startswith('"'):
        return value
    string = _STRING.fullmatch(value)
    if string is None:
        raise IdempotencyKeyInvalid
    return re.sub(r"\\(.)", r"\1", string[1])
