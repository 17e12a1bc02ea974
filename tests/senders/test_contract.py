"""Every sender of ours holds the contract that ``django_phone_invites.testing`` ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from django_phone_invites.senders import Message, PermanentSendError, Receipt, Sender
from django_phone_invites.senders.console import ConsoleSender
from django_phone_invites.senders.file import FileSender
from django_phone_invites.senders.imitation import ImitationSender
from django_phone_invites.senders.memory import MemorySender
from django_phone_invites.testing import SenderContract


class TestConsoleSender(SenderContract):
    def make_sender(self) -> Sender:
        return ConsoleSender()


class TestMemorySender(SenderContract):
    def make_sender(self) -> Sender:
        return MemorySender()


class TestFileSender(SenderContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_sender(self) -> Sender:
        return FileSender(path=self.folder / "messages.jsonl")


class TestImitationSender(SenderContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_sender(self) -> Sender:
        return ImitationSender(delay=(0, 0), path=self.folder / "messages.jsonl")


class RefusingSender(Sender):
    """A site's own sender whose provider is out of credit."""

    def send(self, message: Message) -> Receipt:
        raise PermanentSendError("out of credit", code="17")


class TestSitesOwnSender(SenderContract):
    def make_sender(self) -> Sender:
        return MemorySender()

    def make_failing_sender(self) -> Sender:
        return RefusingSender()
