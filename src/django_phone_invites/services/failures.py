"""What wrong guesses count against: the address they came from, the phone, the site."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from django_phone_invites import limits, logs, signals
from django_phone_invites.conf import app_settings
from django_phone_invites.limits import policy, rules
from django_phone_invites.models import LoginCode


class Failures:
    """The counters that one guess meets, read at once.

    Call ``count_...`` and ``require_room`` inside ``run_durably``, after writes only. Where the
    address has no guess left they raise ``RateLimited`` and count nothing.
    """

    def __init__(self, login_code: LoginCode, address: str | None) -> None:
        self.now = timezone.now()
        self._address = policy.address_failures(address)
        self._phone = policy.phone_failures(login_code.phone)
        self._site = policy.site_failures()
        self._requests = policy.requests(login_code.phone, is_test=login_code.is_test)
        self._reading = limits.read(
            [self._address, self._phone, self._site, self._requests], self.now
        )

    @property
    def resend_at(self) -> dt.datetime:
        """When the next code can be had."""
        return self._requests.next_at(self._reading.events(self._requests)) or self.now

    def count_malformed(self) -> None:
        """Count a guess that no code could look like: nobody comes nearer to a code by it."""
        self._reading.take(self._address)

    def count_wrong(self) -> None:
        """Count a guess that was evaluated and is wrong. No success takes it back."""
        self._reading.take(self._address, self._phone, self._site)

    def require_room(self) -> None:
        """Let a right guess pass only where a wrong one would have been evaluated too."""
        self._reading.take(rules.Room(self._address))

    def tell_step(self) -> None:
        """Tell the site when its failures have made codes longer: once a day for each step.

        Call it after the commit of :meth:`count_wrong`.
        """
        before = self._site.count(self._reading.events(self._site), self.now)
        length = app_settings.site_failure_lengths.get(before + 1)
        if length is None or not limits.take(policy.site_step(before + 1), self.now):
            return
        logs.record(
            "site_stepped_up",
            "%d failures on the site in 24 hours: the next codes have %d digits.",
            before + 1,
            length,
        )
        signals.site_stepped_up.send_robust(LoginCode, failures=before + 1, length=length)
