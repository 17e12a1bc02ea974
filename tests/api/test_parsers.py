"""A body is a small JSON object in UTF-8, or nothing of it is used."""

from __future__ import annotations

import io

import pytest
from rest_framework.exceptions import ParseError

from django_phone_invites.api.parsers import MAX_BODY, BodyTooLarge, NothingParser, SmallJSONParser


class CountingStream(io.BytesIO):
    """Counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        self.taken += len(part)
        return part


def parse(body: bytes):
    return SmallJSONParser().parse(io.BytesIO(body))


def test_an_object_is_read():
    assert parse('{"phone": "+7", "больше": [1, {"a": null}]}'.encode()) == {
        "phone": "+7",
        "больше": [1, {"a": None}],
    }


def test_a_body_of_just_the_bound_is_read():
    body = b'{"a": "' + b"x" * (MAX_BODY - 9) + b'"}'
    assert len(body) == MAX_BODY
    assert len(parse(body)["a"]) == MAX_BODY - 9


def test_a_body_over_the_bound_is_too_large():
    with pytest.raises(BodyTooLarge) as refused:
        parse(b'{"a": "' + b"x" * (MAX_BODY - 8) + b'"}')
    assert (refused.value.status_code, refused.value.get_codes()) == (413, "body_too_large")


def test_what_is_over_the_bound_is_not_read():
    stream = CountingStream(b"x" * 20_000_000)
    with pytest.raises(BodyTooLarge):
        SmallJSONParser().parse(stream)
    assert stream.taken == MAX_BODY + 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"1",
        b'"x"',
        b"[]",
        b"[{}]",
        b"{",
        b"{}{}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": "\x00"}',
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b"[" * 16_000,
        b'{"a":' * 3_200,
        b"[" * 8_000 + b"]" * 8_000,
        b'{"a": ' + b"9" * 16_000 + b"}",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_what_is_no_object_is_a_parse_error(body):
    with pytest.raises(ParseError) as refused:
        parse(body)
    assert refused.value.get_codes() == "parse_error"


def test_a_parse_error_does_not_repeat_the_body():
    with pytest.raises(ParseError) as refused:
        parse(b'{"auth_number": 123456')
    assert "123456" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": 1, "a": 1}',
        rb'{"a": 1, "\u0061": 2}',
        b'{"b": [{"a": 1, "a": 2}]}',
    ],
    ids=repr,
)
def test_of_two_members_with_one_name_neither_counts(body):
    with pytest.raises(ParseError):
        parse(body)


def test_members_of_different_objects_may_have_the_same_name():
    assert parse(b'{"a": {"a": 1}, "b": {"a": 2}}') == {"a": {"a": 1}, "b": {"a": 2}}


def test_where_no_body_is_needed_none_is_read():
    stream = CountingStream(b"[" * 50_000)
    assert NothingParser().parse(stream) == {}
    assert stream.taken == 0
