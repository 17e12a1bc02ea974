"""What the tables of bad input share, for pages and API: values, headers, and what must not change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_phone_invites.models import InviteActivation, InviteCode, LimitCounter, LoginCode
from django_phone_invites.testing import outbox

#: What is at another path in the example, by ``<int:pk>``.
WITH_ID = {"code", "profile", "invitees"}


def for_each(names: str, rows: Iterable[str | tuple[str, ...]]) -> pytest.MarkDecorator:
    """Try rows at the default routes, and at those of the example where they are others.

    Args:
        names: of the arguments, as ``parametrize`` has them.
        rows: the name of a route, or a tuple that holds one.
    """
    every = [(row,) if isinstance(row, str) else row for row in rows]
    others = [row for row in every if not WITH_ID.isdisjoint(row)]
    return pytest.mark.parametrize(
        ("routes", *names.split(", ")),
        [("token", *row) for row in every] + [("pk", *row) for row in others],
        indirect=["routes"],
    )


#: Ids as they stand in a path.
IDS = {
    "-1": "-1",
    "0": "0",
    "2**63": str(2**63),
    "400 digits": "9" * 400,
    "8,000 digits": "9" * 8_000,
    "a NUL": "%00",
    "a NUL within": "a%00b",
    "a line break": "a%0Ab",
    "a line break at the end": "1%0A",
    "a header": "1%0D%0ASet-Cookie:%20a=b",
    "bad UTF-8": "%ff%fe",
    "a lone surrogate": "%ed%a0%80",
    "Arabic digits": "%D9%A1",
    "full-width digits": "%EF%BC%91",
    "an emoji": "%F0%9F%98%80",
    "quotes": "'%22",
    "a percent sign": "%25",
    "an underscore": "1_0",
    "a sign": "+1",
    "a fraction": "1.0",
}

#: Queries that no route has a use for.
QUERIES = {
    "unknown": "a=1&phone=%2B79096869799&auth_number=1&stranger_invite_code=AAAAAA",
    "a NUL": "%00=%00&next=%00",
    "bad UTF-8": "%ff=%fe&next=%ff&invite=%ff",
    "a lone surrogate": "a=%ed%a0%80&next=%ed%a0%80",
    "brackets": "a[]=&&&=;a[b]=1",
    "the same field often": "next=/a/&next=//b/&older_than=1&older_than=x" * 50,
    "9,000 letters": "a" * 9_000,
}

#: Headers that are long or make no sense, as the server hands them on: each byte as one character.
HEADERS: dict[str, dict[str, str]] = {
    "10 KB of languages": {"HTTP_ACCEPT_LANGUAGE": "ru;q=0.1," * 1_200},
    "one language of 10 KB": {"HTTP_ACCEPT_LANGUAGE": "x" * 10_000},
    "a language that is none": {"HTTP_ACCEPT_LANGUAGE": "\xff\0;q=\xff"},
    "addresses that are none": {"HTTP_X_FORWARDED_FOR": "\0, \xff, ::1%\0, 127.0.0.1:80, 9" * 300},
    "a forwarded host": {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_FORWARDED": "for=\xff"},
    "another method": {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
    "a range": {"HTTP_RANGE": "bytes=5-1,-1"},
    "a date that is none": {"HTTP_IF_MODIFIED_SINCE": "\xff", "HTTP_IF_NONE_MATCH": "*"},
    "an encoding": {"HTTP_CONTENT_ENCODING": "gzip", "HTTP_TRANSFER_ENCODING": "\xff"},
    "a user agent of 10 KB": {"HTTP_USER_AGENT": "\xff\0" * 5_000},
    "a length that is negative": {"CONTENT_LENGTH": "-5"},
    "no length": {"CONTENT_LENGTH": ""},
}

#: Encodings that Python knows and a Content-Type may name. The first three decode no text: with a
#: query string, Django itself ends in an error on them, before any view.
CHARSETS = ["zlib", "rot13", "undefined", "utf-16", "utf-7", "cp037", "idna", "unicode_escape"]

# An octal escape in a quoted cookie is how a NUL gets through a server that refuses it in headers.
COOKIES = {
    "a NUL": '"\\000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
    "bytes": '"\\377\\376aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
    "9,000 letters": "x" * 9_000,
    "not ASCII": "\xc3\xa9" * 16,
    "nothing": "",
    "JSON": '{"_auth_user_id": 1}',
    "a path": "../../../../etc/passwd",
}


def kept() -> tuple[Any, ...]:
    """Return all that a refused request must leave as it was: rows, counts, messages."""
    codes = LoginCode.objects.order_by("pk")
    return (
        list(codes.values_list("pk", "attempts", "used_at", "ended_at")),
        # A malformed guess and a wrong invite code count where they came from, and nowhere else.
        list(
            LimitCounter.objects.exclude(key__contains="-failures:")
            .order_by("pk")
            .values_list("pk", "version")
        ),
        list(InviteCode.objects.order_by("pk").values_list("pk", "uses")),
        InviteActivation.objects.count(),
        get_user_model().objects.count(),
        len(outbox),
    )
