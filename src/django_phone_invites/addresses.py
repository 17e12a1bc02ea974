"""Whose request this is, as far as an address can tell."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from django_phone_invites.conf import app_settings


def client_address(meta: Mapping[str, Any]) -> str | None:
    """Return the address of the client out of ``request.META``, or None if there is none.

    ``X-Forwarded-For`` counts only as far as ``PHONE_INVITES_TRUSTED_PROXIES`` goes: each trusted
    proxy appends the address it saw, so the client's is that many places from the right. What
    stands further left was written by the client itself.
    """
    hops = [str(meta.get("REMOTE_ADDR", ""))]
    trusted = app_settings.trusted_proxies
    if trusted:
        forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        hops = [*forwarded, *hops][-trusted - 1 :]
    try:
        # Without the zone of a link-local address (RFC 4007, 11), which databases do not store.
        return str(ipaddress.ip_address(hops[0].strip().partition("%")[0]))
    except ValueError:
        return None
