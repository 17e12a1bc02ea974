"""Describes an operation for the schema: what it answers, and every refusal with an example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers

from django_phone_invites.api import examples
from django_phone_invites.api.parsers import BodyTooLarge
from django_phone_invites.api.serializers import RefusalSerializer
from django_phone_invites.exceptions import FieldRefusal, Refusal, Unavailable
from django_phone_invites.services.idempotency import KEY_MAX_LENGTH

View = TypeVar("View", bound=Callable[..., Any])
Answers = dict[int, OpenApiResponse]

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": KEY_MAX_LENGTH, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="Names the request, so that it can be sent again: the code is sent once.",
)

#: Tags group the methods of generated clients.
SIGN_IN, OWN_DATA = "login", "profile"


@dataclass(frozen=True)
class _Case:
    """One reason to refuse: when it comes, and what it looks like."""

    status: int
    words: str
    example: examples.Example


def _of_framework(status: int, code: str, when: str, make: Callable[[], Exception]) -> _Case:
    return _Case(status, f"`{code}`: {when}.", examples.of_error(code, make))


_ALWAYS = [
    _of_framework(
        406, "not_acceptable", "the header Accept leaves out JSON", exceptions.NotAcceptable
    ),
]
_WITH_BODY = [
    _of_framework(400, "parse_error", "the body is not a JSON object", exceptions.ParseError),
    _of_framework(413, "body_too_large", "the body is over 16 KiB", BodyTooLarge),
    _of_framework(
        415,
        "unsupported_media_type",
        "the body is not JSON",
        lambda: exceptions.UnsupportedMediaType("text/plain"),
    ),
]
_SIGNED_IN = [
    _of_framework(
        401, "not_authenticated", "there are no credentials", exceptions.NotAuthenticated
    ),
    _of_framework(
        401,
        "authentication_failed",
        "the credentials are wrong",
        exceptions.AuthenticationFailed,
    ),
    _of_framework(
        403,
        "permission_denied",
        "the site's authentication says so (a CSRF token is missing)",
        exceptions.PermissionDenied,
    ),
]
_OWN = [_of_framework(404, "not_found", "it is not the user's own", exceptions.NotFound)]


def granted(
    status: int,
    serializer: type[serializers.Serializer] | None,
    example: Callable[[], Any] | None,
    words: str,
) -> Answers:
    """Return the answer to a request that was granted.

    Args:
        status: of HTTP.
        serializer: of the body; None where there is none.
        example: returns a body; None where the serializer has examples of its own.
        words: what has happened.
    """
    shown = [examples.Example("granted", example)] if example else []
    return {status: OpenApiResponse(serializer, description=words, examples=shown)}


def describe(
    operation_id: str,
    answers: Answers,
    *refused: type[Refusal],
    signed_in: bool = False,
    own: bool = False,
    request: type[serializers.Serializer] | None = None,
    query: type[serializers.Serializer] | None = None,
    header: OpenApiParameter | None = None,
) -> Callable[[View], View]:
    """Describe an operation.

    Args:
        operation_id: becomes the name of the method in generated clients.
        answers: from ``granted``.
        refused: what its service raises; ``Unavailable`` is added.
        signed_in: whether it is for users.
        own: whether the route may hold the user's id.
        request: reads the body.
        query: reads the query.
        header: of the request, beside those of HTTP.
    """
    cases = [
        *_ALWAYS,
        *(_SIGNED_IN if signed_in else []),
        *(_OWN if own else []),
        *(_WITH_BODY if request else []),
        *_of_input(request or query),
        *(_of_ours(refusal) for refusal in (*refused, Unavailable)),
    ]
    responses = {**answers, **_by_status(cases)}
    return extend_schema(
        operation_id=operation_id,
        tags=[OWN_DATA if own else SIGN_IN],
        request=request,
        parameters=[
            *([query] if query else []),
            *([header] if header else []),
            *_headers(responses),
        ],
        responses=responses,
    )


def _of_ours(refusal: type[Refusal]) -> _Case:
    where = f" in `errors.{refusal.field}`" if issubclass(refusal, FieldRefusal) else ""
    return _Case(refusal.status, f"`{refusal.code}`{where}.", examples.of_refusal(refusal))


def _of_input(reader: type[serializers.Serializer] | None) -> Iterator[_Case]:
    """Yield what comes of a field that is not what it should be, shown on the first one."""
    if reader is None:
        return
    name, field = next(iter(reader().get_fields().items()))
    code = "required" if field.required else "invalid"

    def make() -> exceptions.ValidationError:
        return exceptions.ValidationError({name: [field.error_messages[code]]}, code)

    yield _of_framework(400, "invalid", "a field is missing or wrong", make)


def _by_status(cases: list[_Case]) -> Answers:
    by_status = groupby(sorted(cases, key=attrgetter("status")), attrgetter("status"))
    return {status: _refused(list(alike)) for status, alike in by_status}


def _refused(cases: list[_Case]) -> OpenApiResponse:
    return OpenApiResponse(
        RefusalSerializer,
        description=" ".join(case.words for case in cases),
        examples=[case.example for case in cases],
    )


def _headers(answers: Answers) -> list[OpenApiParameter]:
    """Return the headers that come with the statuses of an operation."""
    return [
        OpenApiParameter(name, kind, OpenApiParameter.HEADER, response=[status], description=words)
        for status, name, kind, words in [
            (201, "Location", str, "Where the code is entered."),
            (401, "WWW-Authenticate", str, "How the site wants credentials."),
            (429, "Retry-After", int, "Seconds until it is worth to come back."),
            (503, "Retry-After", int, "Seconds until it is worth to come back."),
        ]
        if status in answers
    ]
