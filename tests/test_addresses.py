"""An address counts as far as the site's own proxies vouch for it, and no further."""

from __future__ import annotations

from typing import Any

import pytest

from django_phone_invites.addresses import client_address


def meta(forwarded: str | None = None, remote: str = "10.0.0.1") -> dict[str, str]:
    return {
        "REMOTE_ADDR": remote,
        **({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}),
    }


def test_without_proxies_the_header_is_ignored() -> None:
    assert client_address(meta("203.0.113.9")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66,203.0.113.9 ", "203.0.113.9"),
        (2, "198.51.100.66, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (3, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66, garbage", None),
        (1, "garbage, 203.0.113.9", "203.0.113.9"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "[2001:db8::1%eth0]", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "garbage:4711", None),
        (1, "[garbage", None),
        (1, "203.0.113.9,", None),
        (1, "", None),
        (1, None, None),
    ],
)
def test_each_trusted_proxy_counts_one_place_from_the_right(
    trusted: int, forwarded: str | None, address: str | None, settings: Any
) -> None:
    settings.PHONE_INVITES_TRUSTED_PROXIES = trusted
    assert client_address(meta(forwarded)) == address


def test_an_ipv6_address_has_one_form() -> None:
    assert client_address(meta(remote="2001:DB8:0:0::1")) == "2001:db8::1"


@pytest.mark.parametrize("remote", ["", "unix:", "localhost", "1.2.3", "1.2.3.4\x00", "01.2.3.4"])
def test_what_is_no_address_is_none(remote: str) -> None:
    assert client_address(meta(remote=remote)) is None


def test_a_socket_has_no_address() -> None:
    assert client_address({}) is None


def test_the_zone_of_an_address_is_dropped() -> None:
    assert client_address(meta(remote="fe80::1%eth0")) in {"fe80::1", None}
