"""Where providers are told to report: that it is where their receipts are taken."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Warning
from django.urls import Resolver404, resolve

from django_phone_invites.checks.imports import check_sender
from django_phone_invites.senders import get_sender

_HINT = (
    'It is https://HOST/PATH/{provider}/, where path("PATH/", '
    'include("django_phone_invites.receipts.urls")) is among the URLs. If another site takes the '
    "receipts, silence this."
)


def check_callbacks(**kwargs: Any) -> list[CheckMessage]:
    """W013: the addresses that senders name lead to where receipts are taken."""
    if check_sender():
        return []
    return [
        Warning(
            f"{sender.name}: no receipt arrives at callback_url {url.partition('?')[0]!r}.",
            hint=_HINT.format(provider=sender.provider),
            id="phone_invites.W013",
        )
        for sender in get_sender().members()
        # Without a query, which may hold a secret.
        if (url := getattr(sender, "callback_url", "").partition("?")[0])
        and not _is_right(url, sender.provider)
    ]


def _is_right(url: str, provider: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        return False
    prefix = (django_settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    try:
        found = resolve(parts.path.removeprefix(prefix))
    except Resolver404:
        return False
    return found.app_names[-1:] == ["phone_invites_receipts"] and found.kwargs == {
        "provider": provider
    }
