"""What is left to workers has some."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.conf import settings as django_settings

from django_phone_invites.checks.background import check_task, check_workers
from tests.checks.reports import ids, one

pytestmark = pytest.mark.django_db  # Django's checks of JSONField ask the database.

BACKENDS = f"{django_settings.TASK_FRAMEWORK}.backends"
IMMEDIATE = f"{BACKENDS}.immediate.ImmediateBackend"
DUMMY = f"{BACKENDS}.dummy.DummyBackend"


def workers_backend() -> type[Any]:
    """Return a backend as one with workers is, but for the workers."""
    from django.utils.module_loading import import_string

    return type("WorkersBackend", (import_string(DUMMY),), {})


WorkersBackend = workers_backend()


@pytest.fixture(autouse=True)
def _tasks(settings: Any) -> None:
    settings.PHONE_INVITES_SEND = "task"
    settings.TASKS = {"default": {"BACKEND": f"{__name__}.WorkersBackend"}}


def test_workers_pass() -> None:
    assert {"phone_invites.E014", "phone_invites.W011"}.isdisjoint(ids(deploy=True))


# These ask our checks alone: those of the framework end with an exception there.


def test_without_a_framework_for_tasks_there_is_no_task() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("django.tasks", "django_tasks"):
            patch.setitem(sys.modules, module, None)
        patch.delitem(sys.modules, "django_phone_invites.delivery.tasks", raising=False)
        (message,) = check_task()
        assert check_workers() == []
    assert message.id == "phone_invites.E014"
    assert message.msg == (
        'PHONE_INVITES_SEND is "task", and there is no task: ModuleNotFoundError.'
    )
    assert 'pip install "django-phone-invites[tasks]"' in str(message.hint)


@pytest.mark.parametrize(
    "configured",
    [
        {"default": {"BACKEND": "nowhere.Backend"}},
        {"other": {"BACKEND": DUMMY}},
        {"default": {"BACKEND": DUMMY, "QUEUES": ["mail"]}},
    ],
    ids=["no such backend", "no default", "no such queue"],
)
def test_a_backend_that_does_not_take_the_task_is_reported(
    configured: dict[str, Any], settings: Any
) -> None:
    settings.TASKS = configured
    (message,) = check_task()
    assert (message.id, bool(message.hint)) == ("phone_invites.E014", True)
    assert check_workers() == []


@pytest.mark.parametrize("backend", [IMMEDIATE, DUMMY])
def test_a_backend_without_workers_is_not_for_a_deployment(backend: str, settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": backend}}
    message = one("phone_invites.W011", deploy=True)
    assert backend.rpartition(".")[2] in message.msg
    assert message.hint
    assert "phone_invites.W011" not in ids()


def test_tasks_do_not_matter_to_a_site_that_sends_inline(settings: Any) -> None:
    settings.PHONE_INVITES_SEND = "inline"
    settings.TASKS = {"default": {"BACKEND": "nowhere.Backend"}}
    assert check_task() == check_workers() == []
