"""Counters in the database of the login codes: one row each, changed in one conditional UPDATE.

A row is changed on the condition that nobody has changed it since it was read. Who loses starts
over, holding the rows. So no two processes ever count on the same state, on any of the databases.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence, Set

from django.db import IntegrityError, connections, models, router
from django.db.models import Case, Q, Value, When

from django_phone_invites.limits.rules import Counted, Events
from django_phone_invites.limits.store import Reading, Store, key_of
from django_phone_invites.models import LimitCounter
from django_phone_invites.transactions import Conflict


class DatabaseReading(Reading):
    """Rows, and what they are to become."""

    def __init__(self, counted: Sequence[Counted], now: dt.datetime) -> None:
        super().__init__(counted, now)
        self._rows = _find({key_of(one) for one in counted})
        self._raced = False

    def events(self, counted: Counted) -> Events:
        """Return the events of one counter."""
        row = self._rows.get(key_of(counted))
        return [] if row is None else json.loads(row.events)

    def take(self, *chosen: Counted) -> None:
        """Count one event on each of the counters, or on none."""
        chosen = chosen or tuple(self.counted)
        if self._raced:
            # The race was lost once. Now the rows are held while they are read: those that are
            # counted on and no others, so that nobody waits for what is only looked at.
            keys = {key_of(one) for one in chosen}
            others = {key: self._rows[key] for key in self._rows.keys() - keys}
            self._rows = {**others, **_hold(keys)}
        self._raced = True
        changes = self.changes(chosen)
        self._update({key: changes[key] for key in changes if key in self._rows})
        self._insert({key: changes[key] for key in changes if key not in self._rows})

    def _update(self, changes: Mapping[str, Events]) -> None:
        if not changes:
            return
        unchanged = Q()
        for key in changes:
            unchanged |= Q(key=key, version=self._rows[key].version)
        events = Case(*(When(key=key, then=Value(_to_text(changes[key]))) for key in changes))
        changed = LimitCounter.objects.filter(unchanged).update(
            events=events, version=models.F("version") + 1, updated_at=self.now
        )
        if changed < len(changes):
            raise Conflict

    def _insert(self, changes: Mapping[str, Events]) -> None:
        rows = [
            LimitCounter(key=key, events=_to_text(changes[key]), updated_at=self.now)
            for key in changes
        ]
        try:
            LimitCounter.objects.bulk_create(rows)
        except IntegrityError as collision:
            raise Conflict from collision


def _selected(keys: Set[str]) -> models.QuerySet[LimitCounter]:
    return LimitCounter.objects.filter(key__in=keys)


def _find(keys: Set[str]) -> dict[str, LimitCounter]:
    return {row.key: row for row in _selected(keys)}


def _hold(keys: Set[str]) -> dict[str, LimitCounter]:
    """Return the rows, which nobody else changes before the end of this transaction."""
    using = router.db_for_write(LimitCounter)
    if connections[using].features.has_select_for_update:
        # In one order, so that two that hold several do not wait for each other.
        return {row.key: row for row in _selected(keys).order_by("key").select_for_update()}
    # SQLite has one writer: a transaction that begins with a write waits for its turn.
    _selected(keys).update(version=models.F("version"))
    return _find(keys)


def _to_text(events: Events) -> str:
    return json.dumps(events, separators=(",", ":"))


class DatabaseStore(Store):
    """The default. It needs nothing beside the database."""

    def read(self, counted: Sequence[Counted], now: dt.datetime) -> Reading:
        """Return the counters as they are now, by one statement."""
        return DatabaseReading(counted, now)
