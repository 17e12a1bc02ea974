"""What a limit is, as arithmetic on the events so far: no database, no clock.

Events are pairs ``(moment, how many)``, oldest first; a moment is in microseconds since 1970. A
window slides: N events in *any* stretch of its length, never more.

A short list holds every event of its own. A long one is coalesced: events that are close together
move to the last moment of theirs, by a hundredth of the window at most. They then count a little
too long and never too short: no window ever admits more than its limit, and what was used up comes
back up to a hundredth of the window late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django_phone_invites.exceptions import RateLimited

Events = Sequence[tuple[int, int]]

#: Lists that are longer are coalesced. Two windows leave some two hundred pairs, 4 KB of text.
MOST_PAIRS = 256
#: Events of one such part of a window may move together.
PARTS = 100

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_MICROSECOND = dt.timedelta(microseconds=1)
_DAY = dt.timedelta(days=1)


def to_number(moment: dt.datetime) -> int:
    """Return the microseconds from 1970 to ``moment``."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(number: int) -> dt.datetime:
    """Return the moment that many microseconds after 1970."""
    return _EPOCH + number * _MICROSECOND


def event(moment: dt.datetime) -> tuple[int, int]:
    """Return one event at ``moment``."""
    return to_number(moment), 1


def last(events: Events) -> dt.datetime | None:
    """Return the moment of the last event, None if there is none."""
    return to_moment(events[-1][0]) if events else None


@dataclass(frozen=True)
class Window:
    """At most ``limit`` events in any stretch of ``length``."""

    limit: int
    length: dt.timedelta


@dataclass(frozen=True)
class Cooldown:
    """A pause after each event: ``first``, doubled with each event of 24 hours, up to ``most``."""

    first: dt.timedelta
    most: dt.timedelta


class Counted(Protocol):
    """What a store keeps a counter for."""

    @property
    def name(self) -> str:
        """What is counted, for example ``phone-messages``; it stands in logs."""

    @property
    def subject(self) -> str:
        """Whose it is, for example a phone."""

    @property
    def life(self) -> dt.timedelta:
        """How long an event counts at the most."""

    def add(self, events: Events, now: dt.datetime) -> Events | None:
        """Return what the counter is to become at ``now``, None where it need not be written.

        Raises:
            RateLimited: ``now`` is too early.
        """


@dataclass(frozen=True)
class Limit:
    """How much of something is allowed to ``subject``. One without windows allows everything."""

    name: str
    subject: str
    windows: tuple[Window, ...]
    cooldown: Cooldown | None = None

    @property
    def life(self) -> dt.timedelta:
        """The longest window; the cooldown looks back over a day."""
        return max(self._lengths, default=dt.timedelta(0))

    @property
    def _lengths(self) -> list[dt.timedelta]:
        lengths = [window.length for window in self.windows]
        return [*lengths, _DAY] if self.cooldown else lengths

    def next_at(self, events: Events) -> dt.datetime | None:
        """Return the first moment at which one more is allowed; None where none was bounded yet."""
        bounds = [bound for window in self.windows for bound in _end_of_full(window, events)]
        if events and self.cooldown:
            bounds.append(to_moment(events[-1][0]) + _pause(self.cooldown, events))
        return max(bounds, default=None)

    def add(self, events: Events, now: dt.datetime) -> Events | None:
        """Return the events with one more at ``now``, without those that no longer count.

        Returns None where nothing is limited, and so nothing is counted.

        Raises:
            RateLimited: ``now`` is too early.
        """
        next_at = self.next_at(events)
        if next_at is not None and next_at > now:
            raise RateLimited(retry_at=next_at, now=now, limit=self.name)
        return _append(events, now, self._lengths) if self._lengths else None


@dataclass(frozen=True)
class Room:
    """That a limit is not reached, without counting an event.

    It is written all the same: two that find the last room at the same moment meet at the row, and
    one of them has to look again.
    """

    limit: Limit

    @property
    def name(self) -> str:
        """The limit's."""
        return self.limit.name

    @property
    def subject(self) -> str:
        """The limit's."""
        return self.limit.subject

    @property
    def life(self) -> dt.timedelta:
        """The limit's."""
        return self.limit.life

    def add(self, events: Events, now: dt.datetime) -> Events | None:
        """Return ``events`` as they are.

        Raises:
            RateLimited: ``now`` is too early.
        """
        return None if self.limit.add(events, now) is None else events


@dataclass(frozen=True)
class Tally:
    """A count that refuses nothing; it is exact up to ``most`` in the last ``life``.

    Only after a flood, of more than ``most`` in a hundredth of ``life``, does it fall too early, by
    less than such a hundredth: what came on top of ``most`` is left out.
    """

    name: str
    subject: str
    most: int
    life: dt.timedelta

    def count(self, events: Events, now: dt.datetime) -> int:
        """Return how many events of the last ``life`` there are."""
        return _count_since(events, now - self.life)

    def add(self, events: Events, now: dt.datetime) -> Events | None:
        """Return the events with one more at ``now``.

        Returns None where the last hundredth of ``life`` alone holds ``most``: more would change
        nothing, and a flood must not queue for a row.
        """
        if _count_since(events, now - self.life / PARTS) >= self.most:
            return None
        return _append(events, now, [self.life])


def _end_of_full(window: Window, events: Events) -> Iterable[dt.datetime]:
    """Yield when the event ends to count that fills ``window``, if one does."""
    room = window.limit
    for moment, number in reversed(events):
        room -= number
        if room <= 0:
            yield to_moment(moment) + window.length
            return


def _pause(cooldown: Cooldown, events: Events) -> dt.timedelta:
    recent = _count_since(events, to_moment(events[-1][0]) - _DAY)
    # 2**30 seconds are 34 years: the exponent is bounded so that the product stays a timedelta.
    doubled: dt.timedelta = cooldown.first * 2 ** min(recent - 1, 30)
    return min(doubled, max(cooldown.first, cooldown.most))


def _count_since(events: Events, since: dt.datetime) -> int:
    start = to_number(since)
    return sum(number for moment, number in events if moment > start)


def _append(events: Events, now: dt.datetime, lengths: list[dt.timedelta]) -> Events:
    """Return ``events`` with one more at ``now``, without what is older than all ``lengths``."""
    horizon = to_number(now - max(lengths))
    kept = [(moment, number) for moment, number in events if moment > horizon]
    # Sorted, since the clocks of several servers differ a little.
    added = sorted([*kept, event(now)])
    return added if len(added) <= MOST_PAIRS else _coalesce(added, now, lengths)


def _coalesce(events: Events, now: dt.datetime, lengths: list[dt.timedelta]) -> Events:
    """Join the events of each part of a window, at the last moment among them."""
    at = to_number(now)
    spans = sorted(length // _MICROSECOND for length in lengths)
    joined: dict[tuple[int, int], tuple[int, int]] = {}
    for moment, number in events:
        # The parts of the shortest window that this event still counts in.
        span = next((span for span in spans if moment > at - span), spans[-1])
        part = (span, moment // (span // PARTS))
        joined[part] = (moment, number + joined.get(part, (0, 0))[1])
    return sorted(joined.values())
