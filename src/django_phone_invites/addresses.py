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
    stands further left was written by the client itself. A port that a proxy writes beside the
    address does not count.
    """
    hops = [str(meta.get("REMOTE_ADDR", ""))]
    trusted = app_settings.trusted_proxies
    if trusted:
        forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        hops = [*forwarded, *hops][-trusted - 1 :]
    try:
        # Without the zone of a link-local address (RFC 4007, 11), which databases do not store.
        return str(ipaddress.ip_address(_without_port(hops[0].strip()).partition("%")[0]))
    except ValueError:
        return None


def _without_port(hop: str) -> str:
    """Return the host of ``192.0.2.1:80`` and ``[2001:db8::1]:80`` (RFC 3986, 3.2.2)."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
