"""A code that is asked for arrives through real workers, and logs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_phone_invites.models import LoginCode
from tests.attack.steps import ask_now, guess, phone
from tests.workers.site import QUEUES, WorkedSite, wait_for

FILE = "django_phone_invites.senders.file.FileSender"
HICCUP = "tests.workers.senders.HiccupSender"


def is_sent(login_code: LoginCode) -> bool:
    return LoginCode.objects.filter(pk=login_code.pk, delivery="sent").exists()


def assert_it_arrives_and_logs_in(site: WorkedSite, login_code: LoginCode) -> None:
    wait_for(lambda: is_sent(login_code))
    (message,) = [found for found in site.sent() if found["phone"] == login_code.phone]
    assert site.one(guess(login_code, message["code"])).status == 200


def test_a_code_arrives_and_logs_in(serve: Callable[..., WorkedSite]) -> None:
    site = serve(FILE)
    asked = ask_now(site, phone(1))
    assert site.sent() == []
    worker = site.work()
    assert_it_arrives_and_logs_in(site, asked)
    assert_it_arrives_and_logs_in(site, ask_now(site, phone(2)))
    assert worker.stop() == 0


def test_a_code_that_was_not_sent_is_tried_again(serve: Callable[..., WorkedSite]) -> None:
    site = serve(HICCUP)
    site.work()
    asked = ask_now(site, phone(1))
    assert_it_arrives_and_logs_in(site, asked)
    tries: list[dict[str, Any]] = LoginCode.objects.get(pk=asked.pk).tries
    assert [one["error"] for one in tries] == ["TemporarySendError hiccup", ""]


@pytest.mark.parametrize("queue", QUEUES[:1], indirect=True, ids=["db"])
def test_without_workers_codes_are_swept(serve: Callable[..., WorkedSite]) -> None:
    site = serve(FILE)
    sweeper = site.sweep("--every", "0.5")
    assert_it_arrives_and_logs_in(site, ask_now(site, phone(1)))
    assert sweeper.stop() == 0
    assert site.log.read_text("utf-8").splitlines()[-1] == "Stopped."
