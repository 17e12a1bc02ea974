"""The task that sends a code, for ``PHONE_INVITES_SEND = "task"``.

Imported only then: it needs Django 6.0, or django-tasks below it.
"""

from __future__ import annotations

import datetime as dt

from django_phone_invites.delivery import queue

try:
    from django.tasks import task
except ImportError:  # Django below 6.0
    from django_tasks import task  # type: ignore[no-redef]


@task()
def send_login_code(pk: int) -> None:
    """Send the message of a login code, and others that are overdue.

    Only the row's key travels: no code, no number.
    """
    next_at = queue.take(pk)
    if next_at is not None:
        enqueue(pk, run_after=next_at)
    queue.sweep()


def enqueue(pk: int, *, run_after: dt.datetime | None = None) -> None:
    """Tell a worker of a waiting code; where the queue cannot wait, a sweep finds it in time."""
    if run_after is None:
        send_login_code.enqueue(pk)
    elif send_login_code.get_backend().supports_defer:
        send_login_code.using(run_after=run_after).enqueue(pk)
