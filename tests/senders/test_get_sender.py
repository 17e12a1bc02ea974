"""``PHONE_INVITES_SENDER`` names a class and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from django_phone_invites.senders import get_sender
from django_phone_invites.senders.console import ConsoleSender
from django_phone_invites.senders.file import FileSender
from django_phone_invites.senders.memory import MemorySender


def test_the_sender_in_force_is_the_settings(settings: Any) -> None:
    assert isinstance(get_sender(), MemorySender)
    del settings.PHONE_INVITES_SENDER
    assert isinstance(get_sender(), ConsoleSender)


def test_options_are_the_arguments_of_the_class(settings: Any, tmp_path: Path) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.file.FileSender",
        "OPTIONS": {"path": str(tmp_path / "sent")},
    }
    sender = get_sender()
    assert isinstance(sender, FileSender)
    assert sender.path == tmp_path / "sent"


@pytest.mark.parametrize(
    ("configured", "error"),
    [
        ({"BACKEND": "nowhere.Sender"}, ImportError),
        ({"BACKEND": "django_phone_invites.senders.file.Nothing"}, ImportError),
        ({"BACKEND": "django_phone_invites.senders.file.FileSender"}, TypeError),
        (
            {
                "BACKEND": "django_phone_invites.senders.memory.MemorySender",
                "OPTIONS": {"speed": 1},
            },
            TypeError,
        ),
        ({"BACKEND": "builtins.int"}, TypeError),
        (
            {"BACKEND": "django_phone_invites.senders.memory.MemorySender", "NAME": "x" * 129},
            TypeError,
        ),
        ({"BACKEND": "django_phone_invites.senders.memory.MemorySender", "NAME": 7}, TypeError),
    ],
)
def test_what_cannot_be_built_is_an_error(
    configured: dict[str, Any], error: type[Exception], settings: Any
) -> None:
    settings.PHONE_INVITES_SENDER = configured
    with pytest.raises(error):
        get_sender()


def test_an_inner_sender_that_is_no_dict_is_told(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.failover.FailoverSender",
        "OPTIONS": {"senders": ["django_phone_invites.senders.memory.MemorySender"]},
    }
    with pytest.raises(TypeError, match="described by a dict, not by str"):
        get_sender()


def test_a_name_of_128_characters_can_be_kept(settings: Any) -> None:
    settings.PHONE_INVITES_SENDER = {
        "BACKEND": "django_phone_invites.senders.memory.MemorySender",
        "NAME": "x" * 128,
    }
    assert get_sender().name == "x" * 128
