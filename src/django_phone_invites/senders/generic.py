"""Any provider that takes one HTTP request, described by settings alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from django_phone_invites.senders.base import (
    Message,
    PermanentSendError,
    Receipt,
    TemporarySendError,
)
from django_phone_invites.senders.http import Answer, HTTPSender, Request, refusal

#: What ``check`` fills in.
_EXAMPLE = Message(
    phone="+79096869722", code="000000", purpose="test", locale="en", lifetime=0, text="A message."
)


class GenericHTTPSender(HTTPSender):
    """Sends ``fields`` to ``url`` and finds id and error in the JSON object of the answer.

    Args:
        url: where to.
        fields: names and values. In a text ``{phone}`` is E.164, ``{digits}`` the same without
            ``+``, ``{text}`` the message, ``{code}`` the code; a brace is written twice.
        encoding: ``json`` (values may be nested lists and dicts), ``form``, or ``query``, which is
            a GET.
        headers: for example ``{"Authorization": "Bearer ..."}``.
        message_id: where the id stands in the answer, for example ``messages.0.id``.
        error: where the provider's error code stands. It is one unless it is missing, null, "" or
            in ``no_errors``. Of one that is not in ``temporary_errors`` the status says what it is
            (:func:`http.refusal`); with 2xx it is for good.
        no_errors: what stands there when the message was taken, for example ``["0"]``; a number is
            a text here too.
        temporary_errors: errors after which another try, or another provider, may do.
    """

    def __init__(
        self,
        *,
        url: str,
        fields: Mapping[str, Any],
        encoding: Literal["json", "form", "query"] = "json",
        headers: Mapping[str, str] | None = None,
        message_id: str = "",
        error: str = "",
        no_errors: Collection[str] = (),
        temporary_errors: Collection[str] = (),
    ) -> None:
        self.url = url
        self.fields = fields
        self.encoding = encoding
        self.headers = headers or {}
        self.message_id = message_id
        self.error = error
        self.no_errors = no_errors
        self.temporary_errors = temporary_errors

    def problems(self) -> list[str]:
        """Report what cannot be sent, or would say nothing, and errors that are found nowhere."""
        problems = super().problems()
        for name in ("no_errors", "temporary_errors"):
            errors = getattr(self, name)
            if isinstance(errors, str) or not all(isinstance(error, str) for error in errors):
                problems.append(f'{name} is no list of texts, such as ["0"].')
        problems += [
            f"the header {name} is empty, or has a space at its beginning or end."
            for name, value in self.headers.items()
            if not str(value) or str(value) != str(value).strip()
        ]
        if self.encoding not in {"json", "form", "query"}:
            problems.append('encoding is none of "json", "form" and "query".')
        try:
            filled = str(_fill(self.fields, _values(_EXAMPLE)))
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            problems.append(f"fields cannot be filled in: {type(error).__name__} {error}.")
        else:
            if _EXAMPLE.text not in filled and _EXAMPLE.code not in filled:
                problems.append("no field has {text} or {code}.")
        return problems

    def request(self, message: Message) -> Request:
        """Fill in the fields."""
        filled = _fill(self.fields, _values(message))
        if self.encoding == "query":
            mark = "&" if "?" in self.url else "?"
            return Request("GET", f"{self.url}{mark}{urlencode(filled)}", self.headers)
        make = Request.json if self.encoding == "json" else Request.form
        return make(self.url, filled, self.headers)

    def read(self, answer: Answer) -> Receipt:
        """Look for the error, then at the status, then for the id."""
        error = answer.at(self.error)
        if error in self.no_errors:
            error = ""
        if error in self.temporary_errors:
            raise TemporarySendError(code=error)
        if answer.status >= 300:
            raise refusal(answer, error)
        if error:
            raise PermanentSendError(code=error)
        if self.error or self.message_id:
            answer.json()
        return Receipt(message_id=answer.at(self.message_id))


def _values(message: Message) -> dict[str, str]:
    """Return what may stand in braces in ``fields``."""
    return {
        "phone": message.phone,
        "digits": message.phone.lstrip("+"),
        "text": message.text,
        "code": message.code,
    }


def _fill(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return template.format_map(values)
    if isinstance(template, Mapping):
        return {name: _fill(inner, values) for name, inner in template.items()}
    if isinstance(template, list | tuple):
        return [_fill(inner, values) for inner in template]
    return template
