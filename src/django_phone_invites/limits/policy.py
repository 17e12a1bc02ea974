"""What is limited: one function for each, with its numbers from the settings."""

from __future__ import annotations

import datetime as dt
import ipaddress

from django_phone_invites.conf import app_settings
from django_phone_invites.limits.rules import Cooldown, Limit, Tally, Window
from django_phone_invites.models import SiteUser

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

#: NIST SP 800-63B-4, 3.1.3.2: a new code does not reset the count of failures.
PHONE_FAILURES_LIFE = dt.timedelta(days=30)
SITE_FAILURES_LIFE = DAY

#: Digits that the block of a number leaves out: operators are given numbers by the thousand.
BLOCK_DIGITS = 3

#: Events that no counter ever holds.
NEVER_REACHED = 10**9

#: Bits of an IPv6 network that is one customer's (RFC 6177, 2: a site is given a /64 at the least).
IPV6_PREFIX = 64


def messages(*, phone: str, address: str | None, is_test: bool = False) -> list[Limit]:
    """Return everything that a code counts against, the phone's own limit first.

    No message is sent to a test number. What is left is how many rows one address can make.
    """
    if is_test:
        return [test_codes(phone), address_messages(address)]
    return [
        phone_messages(phone),
        block_messages(phone),
        address_messages(address),
        site_messages(),
    ]


def phone_messages(phone: str) -> Limit:
    """Return the limit of messages to one phone."""
    return Limit(
        "phone-messages",
        phone,
        _windows(app_settings.phone_messages_per_hour, app_settings.phone_messages_per_day),
        Cooldown(app_settings.resend_cooldown, app_settings.resend_cooldown_max),
    )


def test_codes(phone: str) -> Limit:
    """Return the count of codes that were asked for a test number; it is never reached.

    It is kept all the same. Its row puts the requests for one number in an order, and tells when
    the last one was: that is what keeps to two live codes for a phone.
    """
    return Limit("test-codes", phone, (Window(NEVER_REACHED, HOUR),))


def of_phone(phone: str) -> list[Limit | Tally]:
    """Return all that is counted of one phone, and of nobody else's."""
    return [phone_messages(phone), test_codes(phone), phone_failures(phone)]


def requests(phone: str, *, is_test: bool) -> Limit:
    """Return what says when the next code for a phone can be asked for."""
    return test_codes(phone) if is_test else phone_messages(phone)


def block_messages(phone: str) -> Limit:
    """Return the limit of messages to all numbers that differ in their last digits only."""
    windows = _windows(app_settings.block_messages_per_hour)
    return Limit("block-messages", phone[:-BLOCK_DIGITS], windows)


def address_messages(address: str | None) -> Limit:
    """Return the limit of codes that one address may ask for."""
    return Limit(
        "address-messages",
        network_of(address),
        _windows(app_settings.address_messages_per_hour, app_settings.address_messages_per_day),
    )


def site_messages() -> Limit:
    """Return the limit of all messages of the site."""
    return Limit(
        "site-messages",
        "",
        _windows(app_settings.site_messages_per_hour, app_settings.site_messages_per_day),
    )


def address_failures(address: str | None) -> Limit:
    """Return the limit of wrong and malformed guesses from one address."""
    windows = _windows(app_settings.address_failures_per_hour)
    return Limit("address-failures", network_of(address), windows)


def invite_failures(user: SiteUser) -> Limit:
    """Return the limit of wrong invite codes from one user."""
    windows = _windows(app_settings.invite_failures_per_hour)
    return Limit("invite-failures", str(user.pk), windows)


def phone_failures(phone: str) -> Tally:
    """Return the count of wrong guesses at the codes of one phone."""
    most = max(app_settings.phone_failure_lengths, default=0)
    return Tally("phone-failures", phone, most, PHONE_FAILURES_LIFE)


def site_failures() -> Tally:
    """Return the count of all wrong guesses."""
    most = max(app_settings.site_failure_lengths, default=0)
    return Tally("site-failures", "", most, SITE_FAILURES_LIFE)


def site_step(failures: int) -> Limit:
    """Return what lets one step of the site be told once in 24 hours."""
    return Limit("site-step", str(failures), (Window(1, DAY),))


def region_watch(region: str) -> Limit:
    """Return the limit of looks at how many codes of a region are entered."""
    return Limit("region-watch", region.lower(), (Window(1, MINUTE),))


def region_alert(region: str) -> Limit:
    """Return the limit of alerts about a region."""
    return Limit("region-alert", region.lower(), (Window(1, HOUR),))


def code_length(*, phone_failures: int, site_failures: int) -> int:
    """Return the digits of the next code: more after failures on its phone or on the site.

    Longer codes instead of a lock-out: the owner can still get in, and an attacker's odds fall by a
    hundred with two digits.
    """
    return max(
        app_settings.code_length,
        _step(app_settings.phone_failure_lengths, phone_failures),
        _step(app_settings.site_failure_lengths, site_failures),
    )


def longest_code() -> int:
    """Return the most digits that a code can have under the settings in force."""
    steps = [app_settings.phone_failure_lengths, app_settings.site_failure_lengths]
    return max([app_settings.code_length, *(digits for step in steps for digits in step.values())])


def network_of(address: str | None) -> str:
    """Return who counts as one: an IPv4 address, the /64 of an IPv6 one, all unknown ones."""
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)


def _step(lengths: dict[int, int], failures: int) -> int:
    return max((digits for bound, digits in lengths.items() if failures >= bound), default=0)


def _windows(per_hour: int | None, per_day: int | None = None) -> tuple[Window, ...]:
    bounds = [(per_hour, HOUR), (per_day, DAY)]
    return tuple(Window(limit, length) for limit, length in bounds if limit is not None)
