"""How a refusal looks in JSON: ``{"code": ..., "detail": ..., "errors": {field: [...]}}``."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from django_phone_invites.api.parsers import BodyTooLarge
from django_phone_invites.exceptions import (
    CodeInvalid,
    FieldRefusal,
    Refusal,
)

Body = dict[str, Any]

#: What Django raises about a request, and what REST framework calls it; the first that fits counts.
_TRANSLATIONS: list[tuple[type[Exception], type[exceptions.APIException]]] = [
    (Http404, exceptions.NotFound),
    (PermissionDenied, exceptions.PermissionDenied),
    (RequestDataTooBig, BodyTooLarge),
    (SuspiciousOperation, exceptions.ParseError),  # Too many fields in the query, for one.
    (BadRequest, exceptions.ParseError),
    (UnreadablePostError, exceptions.ParseError),  # The client has gone; nobody reads the answer.
]


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Return the response to an exception, or None for one that is a defect.

    This is what REST framework calls an exception handler; the views name it themselves, so that a
    site's own handler stays as it is.
    """
    if isinstance(error, Refusal):
        return _answer_refusal(error)
    if isinstance(error, DisallowedHost):
        return None  # The site's: the host is wrong for all of its views.
    if isinstance(error, SuspiciousOperation):
        _report(error, context["request"])
    error = _translate(error)
    if isinstance(error, exceptions.ValidationError):
        return Response(invalid(_field_errors(error)), status=status.HTTP_400_BAD_REQUEST)
    if isinstance(error, exceptions.APIException):
        return _answer_api_exception(error)
    return None


def body_of(error: Exception) -> Body:
    """Return the body of the response to an exception that is no defect."""
    body: Body = cast("Response", answer(error, {})).data
    return body


def _translate(error: Exception) -> Exception:
    found = (ours() for theirs, ours in _TRANSLATIONS if isinstance(error, theirs))
    return next(found, error)


def _report(error: SuspiciousOperation, request: Request) -> None:
    """Log it where Django would, which does not get to see it."""
    logger = logging.getLogger(f"django.security.{type(error).__name__}")
    # Without the request: Django's mail to admins would read the query that has just failed.
    logger.error("%s (%s)", error, request.path)


def invalid(errors: Mapping[str, list[Body]]) -> Body:
    """Return the body for fields that are not what they should be."""
    return {"code": "invalid", "detail": _("Some fields are not valid."), "errors": errors}


def in_words(refusal: Refusal) -> Body:
    """Return the part of a body that every refusal has."""
    return {"code": refusal.code, "detail": str(refusal)}


def _answer_refusal(refusal: Refusal) -> Response:
    if isinstance(refusal, FieldRefusal):
        return Response(invalid({refusal.field: [in_words(refusal)]}), status=refusal.status)
    body = in_words(refusal)
    headers = {}
    if isinstance(refusal, CodeInvalid):
        body["attempts_left"] = refusal.attempts_left
    resend_at = getattr(refusal, "resend_at", None)
    if resend_at is not None:
        body["resend_at"] = resend_at
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    return Response(body, status=refusal.status, headers=headers)


def _answer_api_exception(error: exceptions.APIException) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(error.wait))  # type: ignore[attr-defined]
    return Response(_in_words(error), status=error.status_code, headers=headers)


def _in_words(error: exceptions.APIException) -> Body:
    detail: Any = error.detail
    if isinstance(detail, dict):  # Simple JWT's, for one.
        code = detail.get("code", error.default_code)
        return {"code": str(code), "detail": str(detail.get("detail", error.default_detail))}
    return {"code": getattr(detail, "code", error.default_code), "detail": str(detail)}


def _field_errors(error: exceptions.ValidationError) -> dict[str, list[Body]]:
    detail = error.detail
    fields = detail if isinstance(detail, dict) else {"non_field_errors": detail}
    return {field: [_field_error(one) for one in _listed(found)] for field, found in fields.items()}


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _field_error(found: Any) -> Body:
    return {"code": getattr(found, "code", "invalid"), "detail": str(found)}
