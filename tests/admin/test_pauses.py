"""The kill switch in the admin: thrown, lifted, thrown again, and never overlooked."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages

from django_phone_invites.models import NOTE_MAX_LENGTH, SendingPause
from django_phone_invites.services import pauses
from tests.admin.pages import add, changelist, page

pytestmark = pytest.mark.django_db


def paused():
    return [row.region for row in pauses.in_force()]


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def act(client, action, *rows):
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(changelist("sendingpause"), data)


@pytest.mark.parametrize(("chosen", "region"), [("RU", "RU"), ("all", pauses.EVERYWHERE)])
def test_adding_a_pause_stops_sending(root, chosen, region):
    response = root.post(add("sendingpause"), {"region": chosen, "note": "dear"})
    assert response.status_code == 302
    row = SendingPause.objects.get()
    assert (row.region, row.note, row.reason, row.lifted_at) == (region, "dear", "manual", None)
    assert LogEntry.objects.get().object_id == str(row.pk)


@pytest.mark.parametrize("chosen", ["", "UK", "ru", "001", "\0"])
def test_what_is_no_choice_stops_nothing(root, chosen):
    response = root.post(add("sendingpause"), {"region": chosen, "note": ""})
    assert response.context["adminform"].form.errors["region"]
    assert not SendingPause.objects.exists()


def test_a_long_note_is_refused(root):
    data = {"region": "RU", "note": "x" * (NOTE_MAX_LENGTH + 1)}
    assert root.post(add("sendingpause"), data).context["adminform"].form.errors["note"]


def test_what_is_paused_already_is_not_paused_twice(root):
    pauses.pause(region="RU")
    response = root.post(add("sendingpause"), {"region": "RU", "note": ""})
    assert response.context["adminform"].form.errors["region"] == [
        "Sending is paused there already."
    ]


def test_a_region_that_was_paused_before_is_paused_in_its_row(root):
    row, _ = pauses.pause(region="RU", reason=SendingPause.Reason.ALERT)
    pauses.lift(region="RU")
    response = root.post(add("sendingpause"), {"region": "RU", "note": "again"})
    assert response.status_code == 302
    again = SendingPause.objects.get()
    assert (again.pk, again.note, again.reason) == (row.pk, "again", "manual")
    assert paused() == ["RU"]
    assert LogEntry.objects.get().object_id == str(row.pk)


def test_only_the_note_of_a_pause_is_changed(root):
    row, _ = pauses.pause(region="RU", reason=SendingPause.Reason.ALERT)
    data = {"region": "KZ", "note": "dear", "reason": "manual", "lifted_at": "2026-01-01"}
    assert root.get(page("sendingpause", row)).status_code == 200
    assert root.post(page("sendingpause", row), data).status_code == 302
    row.refresh_from_db()
    assert (row.region, row.note, row.reason, row.lifted_at) == ("RU", "dear", "alert", None)


def test_pauses_are_lifted_and_made_again(root):
    alerted, _ = pauses.pause(region="RU", note="dear", reason=SendingPause.Reason.ALERT)
    by_hand, _ = pauses.pause(region="KZ")
    assert said(act(root, "lift", alerted, by_hand)) == ["2 pauses were lifted."]
    assert paused() == []
    assert said(act(root, "lift", alerted))[-1] == "0 pauses were lifted."
    assert said(act(root, "pause_again", alerted))[-1] == "1 pause is in force again."
    assert paused() == ["RU"]
    alerted.refresh_from_db()
    assert (alerted.reason, alerted.note) == ("manual", "dear")


def test_the_history_tells_who_did_it(root):
    row, _ = pauses.pause(region="RU")
    act(root, "lift", row)
    act(root, "pause_again", row)
    found = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(found) == ["Lifted.", "Paused again."]
    content = root.get(page("sendingpause", row, "history")).content.decode()
    assert "Paused again." in content


def test_staff_with_the_permissions_throw_it(clerk):
    clerk.post(add("sendingpause"), {"region": "RU", "note": ""})
    assert paused() == ["RU"]
    act(clerk, "lift", SendingPause.objects.get())
    assert paused() == []


def test_staff_who_may_look_only_do_not(reader):
    row, _ = pauses.pause(region="RU")
    pauses.pause(region="KZ")
    pauses.lift(region="KZ")
    assert reader.post(add("sendingpause"), {"region": "all", "note": ""}).status_code == 403
    assert reader.get(page("sendingpause", row)).status_code == 200
    act(reader, "lift", row)
    act(reader, "pause_again", SendingPause.objects.get(region="KZ"))
    assert paused() == ["RU"]


def test_nobody_deletes_one(root):
    row, _ = pauses.pause(region="RU")
    assert root.post(page("sendingpause", row, "delete"), {"post": "yes"}).status_code == 403
    act(root, "delete_selected", row)
    assert paused() == ["RU"]


# What the list says


def test_the_list_says_on_top_what_is_paused(root):
    pauses.pause(region="RU")
    pauses.pause(region=pauses.EVERYWHERE)
    pauses.pause(region="KZ")
    pauses.lift(region="KZ")
    response = root.get(changelist("sendingpause"))
    assert said(response) == ["Sending is paused: everywhere, RU."]
    assert "Sending is paused: everywhere, RU." in response.content.decode()


def test_the_list_says_what_cannot_be_lifted_here(root, settings):
    settings.PHONE_INVITES_PAUSED = ["KZ", "RU"]
    text = "The setting PHONE_INVITES_PAUSED pauses sending: KZ, RU."
    assert said(root.get(changelist("sendingpause"))) == [text]


def test_the_list_says_nothing_where_nothing_is_paused(root):
    pauses.pause(region="RU")
    pauses.lift(region="RU")
    assert said(root.get(changelist("sendingpause"))) == []


def test_an_action_does_not_say_it_twice(root):
    row, _ = pauses.pause(region="RU")
    pauses.pause(region="KZ")
    act(root, "lift", row)
    response = root.get(changelist("sendingpause"))
    assert said(response) == ["1 pause was lifted.", "Sending is paused: KZ."]
