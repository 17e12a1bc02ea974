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
            in ``no_errors``.
        no_errors: what stands there when the message was taken, for example ``["0"]``.
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
        self.no_errors = set(no_errors)
        self.temporary_errors = set(temporary_errors)

    def problems(self) -> list[str]:
        """Report a URL without a scheme, another encoding, and braces that hold something else."""
        problems = super().problems()
        if self.encoding not in {"json", "form", "query"}:
            problems.append('encoding is none of "json", "form" and "query".')
        try:
            _fill(self.fields, _values(_EXAMPLE))
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            problems.append(f"fields cannot be filled in: {type(error).__name__} {error}.")
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
        if error not in {"", *self.no_errors}:
            kind = TemporarySendError if error in self.temporary_errors else PermanentSendError
            raise kind(code=error)
        if answer.status >= 300:
            raise refusal(answer)
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
