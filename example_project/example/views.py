"""A start page, and a phone that shows the messages sent (development only)."""

import json
from itertools import islice

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime

SHOWN = 20


def start(request: HttpRequest) -> HttpResponse:
    """Show where everything is."""
    return render(request, "example/start.html", {"debug": settings.DEBUG})


def phone(request: HttpRequest) -> HttpResponse:
    """Show the newest messages that the sender has written to its file."""
    path = settings.PHONE_INVITES_SENDER["OPTIONS"]["path"]
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    messages = [json.loads(line) for line in islice(reversed(lines), SHOWN)]
    for message in messages:
        message["sent_at"] = parse_datetime(message["sent_at"])
    return render(request, "example/phone.html", {"messages_sent": messages})
