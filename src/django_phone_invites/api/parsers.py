"""Reads a small JSON object, and nothing that could cost more than it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

#: Bytes. The largest body that makes sense is a phone number and an invite code.
MAX_BODY = 16 * 1024


class BodyTooLarge(APIException):
    """A body over ``MAX_BODY``; what is over is not read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The body is too large.")
    default_code = "body_too_large"


class SmallJSONParser(BaseParser):
    """JSON as RFC 8259 has it: an object in UTF-8, without NaN, of at most ``MAX_BODY`` bytes.

    Of two members with one name RFC 8259, 4 leaves open which one counts. Neither does: what stands
    in front of the site (a firewall, a limit by phone) may have read the other.

    REST framework's own parser reads a body of any size and ends in a ``RecursionError`` at 50,000
    brackets.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object.

        Raises:
            BodyTooLarge: there is more than ``MAX_BODY``.
            ParseError: it is not a JSON object, or two members of one object have the same name.
        """
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise BodyTooLarge
        try:
            parsed = json.loads(
                body.decode("utf-8"),
                object_pairs_hook=_unique,
                parse_constant=_refuse_constant,
            )
        except (ValueError, RecursionError):
            raise ParseError from None
        if not isinstance(parsed, dict):
            raise ParseError
        return parsed


class NothingParser(BaseParser):
    """Leaves a body where it is, whatever it is.

    For endpoints that need none: REST framework reads one all the same where it looks for a CSRF
    token, and refuses what it has no parser for.
    """

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return nothing."""
        return {}


def _unique(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(members)
    if len(parsed) < len(members):
        raise ValueError("Two members have the same name.")
    return parsed


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)
