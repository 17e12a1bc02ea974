"""Counters in the database of the login codes: one row each, changed in one conditional UPDATE.

A row is changed on the condition that nobody has changed it since it was read. Who loses starts
over, holding the rows; who changes several holds them from the start, in one order. So no two
processes ever count on the same state, on any of the databases, nor wait for each other for ever.
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
        self._rows = _by_key(_selected({key_of(one) for one in counted}))
        self._raced = False

    def events(self, counted: Counted) -> Events:
        """Return the events of one counter."""
        row = self._rows.get(key_of(counted))
        return [] if row is None else json.loads(row.events)

    def take(self, *chosen: Counted) -> None:
        """Count one event on each of the counters, or on none."""
        chosen = chosen or tuple(self.counted)
        # What was read is enough to refuse: a flood that meets its limit waits for no row.
        changes = self.changes(chosen)
        if self._raced or self._are_several(changes):
            self._hold({key_of(one) for one in chosen})
            changes = self.changes(chosen)
        self._raced = True
        self._update({key: changes[key] for key in changes if key in self._rows})
        self._insert({key: changes[key] for key in sorted(changes) if key not in self._rows})

    def _are_several(self, changes: Mapping[str, Events]) -> bool:
        """Tell whether an UPDATE of these counters would lock several rows, in an order of its own.

        Two that meet in different orders wait for each other. PostgreSQL finds that out only after
        a second, and in a flood one deadlock follows another.
        """
        return _has_row_locks() and len(changes.keys() & self._rows.keys()) > 1

    def _hold(self, keys: Set[str]) -> None:
        """Read these rows again, and let nobody else change them before this transaction ends."""
        others = {key: self._rows[key] for key in self._rows.keys() - keys}
        rows = _selected(keys)
        if _has_row_locks():
            rows = rows.order_by("key").select_for_update()
        else:
            # SQLite has one writer: a transaction that begins with a write waits for its turn.
            rows.update(version=models.F("version"))
        self._rows = {**others, **_by_key(rows)}

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


def _has_row_locks() -> bool:
    return connections[router.db_for_write(LimitCounter)].features.has_select_for_update


def _selected(keys: Set[str]) -> models.QuerySet[LimitCounter]:
    return LimitCounter.objects.filter(key__in=keys)


def _by_key(rows: models.QuerySet[LimitCounter]) -> dict[str, LimitCounter]:
    return {row.key: row for row in rows}


def _to_text(events: Events) -> str:
    return json.dumps(events, separators=(",", ":"))


class DatabaseStore(Store):
    """The default. It needs nothing beside the database."""

    def read(self, counted: Sequence[Counted], now: dt.datetime) -> Reading:
        """Return the counters as they are now, by one statement."""
        return DatabaseReading(counted, now)

    def forget(self, counted: Sequence[Counted]) -> None:
        """Delete the rows, by one statement."""
        _selected({key_of(one) for one in counted}).delete()
