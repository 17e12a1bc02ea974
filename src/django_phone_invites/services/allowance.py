"""What a code counts against: its phone, the block of the number, the address, the site."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from django_phone_invites import limits, logs
from django_phone_invites.conf import app_settings
from django_phone_invites.limits import policy, rules
from django_phone_invites.services import fixed_codes, watch


class Allowance:
    """The counters that one request for a code meets, read at once."""

    def __init__(self, *, phone: str, region: str, address: str | None) -> None:
        self.now = timezone.now()
        self._fixed_length = fixed_codes.length_of(phone, self.now)
        self._limits = policy.messages(phone=phone, address=address, is_test=self.is_test)
        self._phone_failures = policy.phone_failures(phone)
        self._site_failures = policy.site_failures()
        self.reading = limits.read(
            [*self._limits, self._phone_failures, self._site_failures, *watch.counters(region)],
            self.now,
        )

    @property
    def is_test(self) -> bool:
        """Whether the phone is a test number."""
        return self._fixed_length is not None

    @property
    def code_length(self) -> int:
        """How many digits the next code has."""
        if self._fixed_length is not None:
            return self._fixed_length
        length = policy.code_length(
            phone_failures=self._count(self._phone_failures),
            site_failures=self._count(self._site_failures),
        )
        if length > app_settings.code_length:
            logs.record("code_lengthened", "The next code has %d digits, after failures.", length)
        return length

    def take(self) -> None:
        """Count the message. Call it inside ``run_durably``, before any read.

        Raises:
            RateLimited: too soon, or too often; nothing is counted.
        """
        self.reading.take(*self._limits)

    @property
    def previous(self) -> dt.datetime | None:
        """When the last message before this one was sent to the phone; right after :meth:`take`."""
        return rules.last(self.reading.events(self._limits[0]))

    @property
    def resend_at(self) -> dt.datetime:
        """When the next message can be sent to the phone, after this one."""
        phone_limit = self._limits[0]
        events = [*self.reading.events(phone_limit), rules.event(self.now)]
        return phone_limit.next_at(events) or self.now

    def _count(self, tally: rules.Tally) -> int:
        return tally.count(self.reading.events(tally), self.now)
