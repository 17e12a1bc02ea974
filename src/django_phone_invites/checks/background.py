"""Whether somebody sends the codes, where ``PHONE_INVITES_SEND`` leaves it to workers."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_phone_invites.conf import app_settings

#: Those that come with Django and with django-tasks: neither has workers.
WITHOUT_WORKERS = {"DummyBackend", "ImmediateBackend"}


def check_task(**kwargs: Any) -> list[CheckMessage]:
    """E014: there are tasks, and the default backend takes ours."""
    if app_settings.send != "task":
        return []
    try:
        _backend()
    except Exception as error:  # noqa: BLE001 - a backend may be anybody's code
        return [
            Error(
                f'PHONE_INVITES_SEND is "task", and there is no task: {type(error).__name__}.',
                hint='Below Django 6.0: pip install "django-phone-invites[tasks]". '
                'TASKS needs a backend "default" with the queue "default".',
                id="phone_invites.E014",
            )
        ]
    return []


def check_workers(**kwargs: Any) -> list[CheckMessage]:
    """W011: what is left to workers has some."""
    if app_settings.send != "task" or check_task():
        return []
    name = type(_backend()).__name__
    if name not in WITHOUT_WORKERS:
        return []
    return [
        Warning(
            f'PHONE_INVITES_SEND is "task", and {name} in TASKS has no workers.',
            hint="Take a backend whose tasks run in another process, for example django-tasks-db.",
            id="phone_invites.W011",
        )
    ]


def _backend() -> object:
    # Imported where it is used: django.tasks is not on every Django.
    task = import_string("django_phone_invites.delivery.tasks.send_login_code")
    backend = task.get_backend()
    backend.validate_task(task)
    return backend
