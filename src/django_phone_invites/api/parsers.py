"""Reads a small JSON object, and nothing that could cost more than it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

#: Bytes. The largest body that makes sense is a phone number and an invite code.
MAX_BODY = 16 * 1024


class BodyTooLarge(APIException):
    """A body over ``MAX_BODY``; what is over is not read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "body_too_large"


class SmallJSONParser(BaseParser):
    """JSON as RFC 8259 has it: an object in UTF-8, without NaN, of at most ``MAX_BODY`` bytes.

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
            ParseError: it is not a JSON object.
        """
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise BodyTooLarge
        try:
            parsed = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise ParseError from None
        if not isinstance(parsed, dict):
            raise ParseError
        return parsed


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)
