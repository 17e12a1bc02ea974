"""Settings of a site whose codes are sent by workers: those of the site under attack, and a queue."""

import os

from tests.attack.settings import *  # noqa: F403
from tests.attack.settings import INSTALLED_APPS

_QUEUE = os.environ["WORKERS_QUEUE"]
_REDIS = os.environ["WORKERS_REDIS_URL"]

if _QUEUE == "db":
    INSTALLED_APPS += ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
elif _QUEUE == "rq":
    INSTALLED_APPS += ["django_rq", "django_tasks_rq"]
    TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
    RQ_QUEUES = {"default": {"URL": _REDIS}}
elif _QUEUE == "celery":
    INSTALLED_APPS += ["django_tasks_fennel"]
    TASKS = {"default": {"BACKEND": "django_tasks_fennel.CeleryBackend"}}
    CELERY_BROKER_URL = _REDIS
    # A worker of Celery knows the tasks that were imported.
    CELERY_IMPORTS = ["django_phone_invites.delivery.tasks"]
