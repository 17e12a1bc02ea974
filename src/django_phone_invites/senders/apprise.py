"""The long tail: any SMS service that Apprise has a plugin for."""

from __future__ import annotations

import logging
import threading
from urllib.parse import quote

from django.core.checks import CheckMessage, Error
from django.views.decorators.debug import sensitive_variables

from django_phone_invites.senders.base import (
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    UnclearSendError,
)
from django_phone_invites.senders.clock import in_time

try:
    from apprise import Apprise
except ImportError as missing:  # pragma: no cover - tested in a process of its own
    raise ImportError(
        'AppriseSender needs apprise: pip install "django-phone-invites[apprise]"'
    ) from missing

#: What the threads are called that Apprise works in for this sender.
_THREAD = "phone_invites_apprise"

#: What ``check`` fills in.
_EXAMPLE_PHONE = "+79096869722"


def _is_not_ours(_record: logging.LogRecord) -> bool:
    """Keep what is logged in our threads out of every log: URLs with keys, numbers and texts."""
    return threading.current_thread().name != _THREAD


# The two that know a request: Apprise has one logger, and its plugins send through requests.
for _name in ("apprise", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_is_not_ours)


class AppriseSender(Sender):
    """Sends through the plugin that an Apprise URL names.

    URLs: https://appriseit.com/services/. Behaviour read from Apprise's source, 2.3.0: a plugin
    answers True or False, and False is a refusal, an outage and a broken connection alike. So False
    is unclear, and there are no ids, error codes or receipts. A provider that has a sender of its
    own is better served by that.

    Not verified: the plugins themselves, but for ``json://`` and ``bulksms://``.

    Args:
        url: with the number as ``{digits}``, or as ``{phone}`` with its ``+``, for example
            ``bulksms://USER:PASSWORD@{digits}``. A brace is written twice.
    """

    def __init__(self, *, url: str) -> None:
        self.url = url

    def check(self) -> list[CheckMessage]:
        """Report an URL without the number, or one that Apprise cannot load."""
        problem = self._problem()
        return [Error(f"AppriseSender: {problem}")] if problem else []

    def _problem(self) -> str:
        try:
            url = self._url_for(_EXAMPLE_PHONE)
        except (LookupError, ValueError, AttributeError) as error:
            return f"url cannot be filled in: {type(error).__name__}."
        if url == self._url_for(""):
            return "url holds neither {digits} nor {phone}."
        if in_time(lambda: Apprise.instantiate(url), thread=_THREAD) is None:
            return "Apprise cannot load url."
        return ""

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Send the text.

        Raises:
            PermanentSendError: the plugin does not take the number, so nothing was sent.
            UnclearSendError: the plugin failed, and does not say whether before or after.
        """
        url = self._url_for(message.phone)

        def notify() -> bool | None:
            service = Apprise.instantiate(url)
            return None if service is None else bool(service.notify(body=message.text))

        # A plugin's own time-outs (``cto`` and ``rto`` in its URL, 4 seconds each) count for one
        # connection and one read, and a plugin may make several requests.
        try:
            sent = in_time(notify, thread=_THREAD)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise UnclearSendError(code=type(error).__name__) from None
        if sent is None:
            raise PermanentSendError("Apprise cannot load the URL.", code="url")
        if not sent:
            raise UnclearSendError("The plugin failed.", code="plugin")
        return Receipt()

    def _url_for(self, phone: str) -> str:
        return self.url.format(phone=quote(phone, safe=""), digits=phone.lstrip("+"))
