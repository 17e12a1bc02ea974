"""The site's own rule on who may ask for a code: a CAPTCHA, a list, a contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django_phone_invites import logs
from django_phone_invites.conf import app_settings
from django_phone_invites.exceptions import GateRefused
from django_phone_invites.services import site_rules


@dataclass(frozen=True)
class Passage:
    """A request for a code, as ``PHONE_INVITES_GATE`` judges it."""

    #: E.164.
    phone: str = field(repr=False)
    #: ``web`` or ``api``.
    channel: str
    #: The address of the asker, None where it is not known.
    address: str | None
    #: The fields of the form or of the JSON body, for example the answer to a CAPTCHA.
    submitted: Mapping[str, Any] = field(repr=False)


def require_passage(
    *, phone: str, channel: str, address: str | None, submitted: Mapping[str, Any]
) -> None:
    """Ask the site's gate; without one everybody passes.

    Raises:
        GateRefused: it returned something false, or raised this with words of its own.
        Unavailable: it failed. Whoever cannot be judged is not let through.
    """
    if app_settings.gate is None:
        return
    try:
        passes = site_rules.ask(
            app_settings.gate,
            Passage(phone, channel, address, submitted),
            refuses=GateRefused,
            tell_failed=lambda name: logs.record("gate_failed", "The gate failed: %s.", name),
        )
    except GateRefused:
        _tell_refused()
        raise
    if not passes:
        _tell_refused()
        raise GateRefused


def _tell_refused() -> None:
    logs.record("gate_refused", "The gate refused a request for a code.")
