"""Describes an operation for the schema: what it answers, and every refusal with its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiResponse, extend_schema

from django_phone_invites.api.serializers import RefusalSerializer
from django_phone_invites.exceptions import FieldRefusal, Refusal, Unavailable

View = TypeVar("View", bound=Callable[..., Any])

_WITH_INPUT = {400: "`invalid`: a field is missing or wrong."}
_WITH_BODY = {
    400: "`parse_error`: the body is not a JSON object. `invalid`: a field is missing or wrong.",
    413: "`body_too_large`: the body is over 16 KiB.",
    415: "`unsupported_media_type`: the body is not JSON.",
}
_OWN = {
    401: "`not_authenticated`, `authentication_failed`: the credentials are missing or wrong.",
    404: "`not_found`: it is not the user's own.",
}


def describe(
    operation_id: str,
    answers: dict[int, Any],
    *refused: type[Refusal],
    own: bool = False,
    **more: Any,
) -> Callable[[View], View]:
    """Describe an operation.

    Args:
        operation_id: becomes the name of the method in generated clients.
        answers: serializers by status.
        refused: what its service raises; ``Unavailable`` is added.
        own: whether it is for the user's own data.
        more: arguments of ``extend_schema``.
    """
    lines = dict(_OWN if own else {})
    if "request" in more:
        lines.update(_WITH_BODY)
    elif "parameters" in more:
        lines.update(_WITH_INPUT)
    every: tuple[type[Refusal], ...] = (*refused, Unavailable)
    for refusal in every:
        known = [lines[refusal.status]] if refusal.status in lines else []
        lines[refusal.status] = " ".join([*known, _in_words(refusal)])
    responses = {
        status: OpenApiResponse(RefusalSerializer, description=lines[status])
        for status in sorted(lines)
    }
    return extend_schema(operation_id=operation_id, responses={**answers, **responses}, **more)


def _in_words(refusal: type[Refusal]) -> str:
    where = f"in `errors.{refusal.field}`" if issubclass(refusal, FieldRefusal) else ""
    return f"`{refusal.code}` {where}".rstrip() + "."
