"""The health of senders in the admin: looked at, and failures forgotten."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.utils import timezone

from django_phone_invites.models import SenderHealth
from tests.admin.pages import changelist, page

pytestmark = pytest.mark.django_db


def make(sender="A", failures=5, minutes=1):
    until = timezone.now() + dt.timedelta(minutes=minutes)
    return SenderHealth.objects.create(sender=sender, failures=failures, skipped_until=until)


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def ask_again(client, *rows):
    data = {"action": "ask_again", "_selected_action": [row.pk for row in rows]}
    return client.post(changelist("senderhealth"), data)


def state(row):
    row.refresh_from_db()
    return row.failures, row.skipped_until


@pytest.mark.parametrize("browser", ["root", "clerk"])
def test_senders_are_asked_again_now(request, browser):
    client = request.getfixturevalue(browser)
    one, other = make("A"), make("B", failures=2, minutes=-1)
    assert said(ask_again(client, one, other)) == ["2 senders are asked again."]
    assert state(one) == state(other) == (0, None)


def test_the_history_tells_who_did_it_and_nothing_where_nothing_was_done(root):
    row = make()
    ask_again(root, row)
    assert said(ask_again(root, row))[-1] == "0 senders are asked again."
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Asked again."]
    assert "Asked again." in root.get(page("senderhealth", row, "history")).content.decode()


def test_staff_who_may_look_only_change_nothing(reader):
    row = make()
    before = state(row)
    assert reader.get(page("senderhealth", row)).status_code == 200
    ask_again(reader, row)
    assert state(row) == before
    assert not LogEntry.objects.exists()


def test_the_list_says_on_top_who_is_asked_last(root):
    row = make("A")
    make("B", failures=2, minutes=-1)
    until = timezone.localtime(row.skipped_until)
    (text,) = said(root.get(changelist("senderhealth")))
    assert text.startswith("A has failed 5 times in a row. It is asked last until ")
    assert text.endswith(f"{until:%H:%M:%S}.")


def test_the_list_says_nothing_after_a_sender_is_asked_again(root):
    row = make()
    ask_again(root, row)
    response = root.get(changelist("senderhealth"))
    assert said(response) == ["1 sender is asked again."]
