"""SMPP: against node-smpp as the SMSC, and against a peer that behaves as no SMSC should.

node-smpp is found as node finds it, from the folder that the tests run in or through NODE_PATH:
``npm install --no-save smpp@0.5.1``. Without it the tests of it are skipped.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import TestCase

import pytest

from django_phone_invites.senders import (
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
    clock,
)
from django_phone_invites.testing import SenderContract
from tests.senders.test_http import MESSAGE

pytest.importorskip("smpplib", reason="smpplib is not installed: no SMPP.")

from django_phone_invites.senders import smpp

BIND_RESP, SUBMIT_RESP, UNBIND_RESP = 0x80000002, 0x80000004, 0x80000006
ENQUIRE_LINK, GENERIC_NACK = 0x00000015, 0x80000000


def pdu(command: int, status: int = 0, sequence: int = 1, body: bytes = b"") -> bytes:
    """SMPP 3.4, 3.2: four numbers of four octets, then the body."""
    return struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body


#: smpplib counts from 2, and in this order.
BOUND = pdu(BIND_RESP, sequence=2, body=b"smsc\0")
TAKEN = pdu(SUBMIT_RESP, sequence=3, body=b"m-1\0")


@contextlib.contextmanager
def smsc(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Answer what comes with these bytes, one after the other, then say nothing until it ends."""
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            for answer in (*answers, b""):
                received.append(connection.recv(65536))
                connection.sendall(answer)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1], received
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def sender(port: int, **options: Any) -> smpp.SMPPSender:
    account = {"system_id": "site", "password": "5ecret", "source": "Example"}
    return smpp.SMPPSender(
        **{"host": "127.0.0.1", "port": port, "tls": False, **account, **options}
    )


class SMPPSenderTests(SenderContract, TestCase):
    def answered(self, *answers: bytes) -> Sender:
        context = smsc(*answers)
        port, _ = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(port)

    def make_sender(self) -> Sender:
        return self.answered(BOUND, TAKEN, pdu(UNBIND_RESP, sequence=4))

    def make_failing_sender(self) -> Sender:
        return self.answered(BOUND, pdu(SUBMIT_RESP, status=0x0B, sequence=3))


def text(words: str) -> Message:
    return Message(**{**vars(MESSAGE), "text": words})


# An SMSC that is not ours. Of node-smpp all is as it comes, but that times stay as they were sent.
SMSC_JS = r"""
const smpp = require('smpp'), fs = require('fs'), tls = process.argv[1];
smpp.filters.time.decode = value => value;
const log = pdu => console.log(JSON.stringify(pdu));
smpp.createServer(tls ? {key: fs.readFileSync(tls), cert: fs.readFileSync(tls)} : {}, session => {
  let status;
  session.on('error', () => {});
  session.on('bind_transmitter', pdu => {
    log(pdu);
    const right = pdu.password === '5ecret';
    status = Number(pdu.system_id) || 0;
    session.send(pdu.response({command_status: right ? 0 : smpp.ESME_RINVPASWD}));
  });
  session.on('submit_sm', pdu => {
    log(pdu);
    session.send(pdu.response({command_status: status, message_id: 'node-' + pdu.sequence_number}));
  });
  session.on('unbind', pdu => { log(pdu); session.send(pdu.response()); session.close(); });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
"""


class NodeSMSC:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def received(self) -> list[dict[str, Any]]:
        """Return what came until the next unbind."""
        found = [json.loads(self._line())]
        while found[-1]["command"] != "unbind":
            found.append(json.loads(self._line()))
        return found[:-1]


@contextlib.contextmanager
def node_smsc(*arguments: str) -> Iterator[NodeSMSC]:
    try:
        found = subprocess.run(["node", "-e", "require('smpp')"], capture_output=True).returncode
    except FileNotFoundError:
        pytest.skip("node is not installed: no SMSC to talk to.")
    if found != 0:
        pytest.skip("The npm package smpp is not installed: no SMSC to talk to.")
    command = ["node", "-e", SMSC_JS, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield NodeSMSC(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def node() -> Iterator[NodeSMSC]:
    with node_smsc() as running:
        yield running


def test_an_smsc_reads_every_field(node: NodeSMSC) -> None:
    receipt = sender(node.port, system_type="OTP", registered_delivery=True).send(MESSAGE)
    bound, submitted = node.received()
    assert receipt == Receipt(f"node-{submitted['sequence_number']}", DeliveryState.QUEUED)
    expected = {
        "command": "bind_transmitter",
        "system_id": "site",
        "password": "5ecret",
        "system_type": "OTP",
        "interface_version": 0x34,
    }
    assert expected.items() <= bound.items()
    expected = {
        "command": "submit_sm",
        "source_addr_ton": 5,
        "source_addr_npi": 0,
        "source_addr": "Example",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": "79096869722",
        "esm_class": 0,
        "validity_period": "000000000500000R",
        "registered_delivery": 1,
        "data_coding": 0,
        "short_message": {"message": "012345 is your code."},
    }
    assert expected.items() <= submitted.items()


@pytest.mark.parametrize(
    ("words", "options", "coding"),
    [
        ("@example.com #012345", {}, 0),
        ("012345 — €5 [^{|}~] Ω é", {}, 8),
        ("€5 [^{|}~] Ω é ü ¿", {}, 0),
        ("Ваш код: 012345", {}, 8),
        ("Code: `012345`", {}, 8),
        ("Code: 012345 \N{KEY}", {}, 8),
        ("@example.com #012345", {"ucs2": True}, 8),
        ("x" * 160, {}, 0),
        ("ж" * 70, {}, 8),
    ],
)
def test_one_message_is_read_as_it_was_written(
    node: NodeSMSC, words: str, options: dict[str, Any], coding: int
) -> None:
    sender(node.port, **options).send(text(words))
    _, submitted = node.received()
    assert submitted["short_message"] == {"message": words}
    assert (submitted["data_coding"], submitted["esm_class"]) == (coding, 0)


@pytest.mark.parametrize(
    ("words", "coding", "lengths"),
    [
        ("x" * 161, 0, [153, 8]),
        ("x" * 152 + "€" * 10, 0, [152, 10]),
        ("ж" * 71, 8, [67, 4]),
        ("ж" * 66 + "\N{KEY}" * 4, 8, [66, 4]),
        ("x" * 400, 0, [153, 153, 94]),
    ],
)
def test_a_long_message_is_joined_again(
    node: NodeSMSC, words: str, coding: int, lengths: list[int]
) -> None:
    receipt = sender(node.port).send(text(words))
    _, *parts = node.received()
    assert receipt.message_id == f"node-{parts[0]['sequence_number']}"
    assert {(part["data_coding"], part["esm_class"]) for part in parts} == {(coding, 0x40)}
    messages = [part["short_message"]["message"] for part in parts]
    assert [len(message) for message in messages] == lengths
    assert "".join(messages) == words
    headers = [bytes(part["short_message"]["udh"][0]["data"]) for part in parts]
    reference = headers[0][2]
    assert headers == [
        bytes((0, 3, reference, len(parts), number)) for number, _ in enumerate(parts, start=1)
    ]


def test_a_wrong_password_is_for_another_provider(node: NodeSMSC) -> None:
    with pytest.raises(TemporarySendError) as caught:
        sender(node.port, password="wrong").send(MESSAGE)
    assert caught.value.code == "0x0000000E"
    assert json.loads(node._line())["command"] == "bind_transmitter"


#: SMPP 3.4, 5.1.3.
STATUSES = [
    (0x01, PermanentSendError),  # ESME_RINVMSGLEN
    (0x0B, PermanentSendError),  # ESME_RINVDSTADR
    (0x50, PermanentSendError),  # ESME_RINVDSTTON
    (0x51, PermanentSendError),  # ESME_RINVDSTNPI
    (0x65, PermanentSendError),  # ESME_RX_P_APPN
    (0x66, PermanentSendError),  # ESME_RX_R_APPN
    (0x08, TemporarySendError),  # ESME_RSYSERR
    (0x0A, TemporarySendError),  # ESME_RINVSRCADR
    (0x14, TemporarySendError),  # ESME_RMSGQFUL
    (0x43, TemporarySendError),  # ESME_RINVESMCLASS
    (0x45, TemporarySendError),  # ESME_RSUBMITFAIL
    (0x58, TemporarySendError),  # ESME_RTHROTTLED
    (0x64, TemporarySendError),  # ESME_RX_T_APPN
    (0xFF, TemporarySendError),  # ESME_RUNKNOWNERR
    (0x400, TemporarySendError),  # the first of those that are the SMSC's own
]


@pytest.mark.parametrize(("status", "error"), STATUSES)
def test_a_status_is_temporary_or_permanent(
    node: NodeSMSC, status: int, error: type[SendError]
) -> None:
    with pytest.raises(error) as caught:
        sender(node.port, system_id=str(status)).send(MESSAGE)
    assert (type(caught.value), caught.value.code) == (error, f"0x{status:08X}")
    node.received()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: Any) -> str:
    """Return a file with a key and a certificate of its own for 127.0.0.1."""
    path = str(tmp_path_factory.mktemp("tls") / "smsc.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command += " -subj /CN=smsc -addext subjectAltName=IP:127.0.0.1"
    try:
        made = subprocess.run([*command.split(), "-keyout", path], capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed: no certificate for an SMSC.")
    with Path(path).open("ab") as file:
        file.write(made.stdout)
    return path


def test_tls_verifies_whom_it_speaks_to(certificate: str) -> None:
    with node_smsc(certificate) as secure:
        receipt = sender(secure.port, tls=True, ca_file=certificate).send(MESSAGE)
        assert receipt.message_id.startswith("node-")
        assert [pdu["command"] for pdu in secure.received()] == ["bind_transmitter", "submit_sm"]
        with pytest.raises(TemporarySendError) as caught:
            sender(secure.port, tls=True).send(MESSAGE)
        assert caught.value.code == "SSLCertVerificationError"
        with pytest.raises(TemporarySendError) as caught:
            sender(secure.port, host="localhost", tls=True, ca_file=certificate).send(MESSAGE)
        assert caught.value.code == "SSLCertVerificationError"


def test_an_smsc_that_speaks_no_tls_gets_nothing() -> None:
    with smsc(b"no TLS here\r\n") as (port, received), pytest.raises(TemporarySendError) as caught:
        sender(port, tls=True).send(MESSAGE)
    assert caught.value.code == "SSLError"
    assert b"5ecret" not in b"".join(received)


def test_what_never_got_a_connection_was_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    for host, code in (
        ("127.0.0.1", "ConnectionRefusedError"),
        ("nowhere.invalid", "gaierror"),
        ("x" * 70 + ".invalid", "UnicodeError"),
    ):
        with pytest.raises(TemporarySendError) as caught:
            sender(free, host=host).send(MESSAGE)
        assert caught.value.code == code


def test_the_second_address_is_tried_where_the_first_does_not_answer(monkeypatch: Any) -> None:
    with smsc(BOUND, TAKEN) as (port, _):
        found = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        nobody = [(*found[0][:4], ("127.0.0.2", port))]
        real = socket.getaddrinfo

        def both(host: str, *args: Any, **kwargs: Any) -> Any:
            return nobody + found if host == "smsc" else real(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", both)
        assert sender(port, host="smsc").send(MESSAGE).message_id == "m-1"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (pdu(BIND_RESP, status=0x0D, sequence=2), "0x0000000D"),
        (pdu(GENERIC_NACK, status=0x03, sequence=2), "0x00000003"),
        (pdu(ENQUIRE_LINK, sequence=2), "answer"),
        (b"\0\0\0\1", "answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "ConnectionError"),
        (b"\0\0\0\x10\xff\xff\xff\xff\0\0\0\0\0\0\0\2", "answer"),
        (b"", "ConnectionError"),
    ],
)
def test_before_the_submission_nothing_is_unclear(
    answer: bytes, code: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.3)
    with smsc(answer) as (port, received), pytest.raises(TemporarySendError) as caught:
        sender(port).send(MESSAGE)
    assert caught.value.code == code
    assert b"012345" not in b"".join(received)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "TimeoutError"),
        (pdu(SUBMIT_RESP, sequence=9, body=b"another's\0"), "TimeoutError"),
        (b"\0\0\0\x10\xff\xff\xff\xff\0\0\0\0\0\0\0\3", "answer"),
        (b"\0\0\0\2", "answer"),
        # A TLV that smpplib knows, but not here.
        (pdu(SUBMIT_RESP, sequence=3, body=b"m-1\0\x04\x24\0\1x"), "answer"),
        (b"\xff\xff\xff\xff" + b"x" * 100_000, "ConnectionError"),
    ],
)
def test_after_the_submission_silence_and_garbage_are_unclear(
    answer: bytes, code: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.5)
    begin = time.monotonic()
    with smsc(BOUND, answer) as (port, _), pytest.raises(UnclearSendError) as caught:
        sender(port).send(MESSAGE)
    assert caught.value.code == code
    assert time.monotonic() - begin < 3


def test_a_connection_that_ends_after_the_submission_is_unclear() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(BOUND)
                connection.recv(65536)

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(UnclearSendError) as caught:
            sender(listener.getsockname()[1]).send(MESSAGE)
        thread.join(10)
    assert caught.value.code == "ConnectionError"


def test_bytes_that_come_one_at_a_time_do_not_make_it_longer(monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "TIMEOUT", 0.5)
    begin = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as connection:
                for byte in b"\0\0\xff\xff" + b"x" * 1000:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.02)

        thread = threading.Thread(target=trickle)
        thread.start()
        with pytest.raises(TemporarySendError) as caught:
            sender(listener.getsockname()[1]).send(MESSAGE)
        assert time.monotonic() - begin < 2
        thread.join(10)
    assert caught.value.code == "ConnectionError"


def test_a_refusal_after_a_part_was_taken_is_unclear() -> None:
    full = pdu(SUBMIT_RESP, status=0x14, sequence=4)
    with smsc(BOUND, TAKEN, full) as (port, _), pytest.raises(UnclearSendError) as caught:
        sender(port).send(text("x" * 161))
    assert caught.value.code == "0x00000014"


def test_an_smsc_that_does_not_know_the_command_took_nothing() -> None:
    nack = pdu(GENERIC_NACK, status=0x03, sequence=0)
    with smsc(BOUND, nack) as (port, _), pytest.raises(TemporarySendError) as caught:
        sender(port).send(MESSAGE)
    assert caught.value.code == "0x00000003"


def test_an_smsc_that_asks_meanwhile_is_answered() -> None:
    with smsc(BOUND, pdu(ENQUIRE_LINK, sequence=77), TAKEN) as (port, received):
        assert sender(port).send(MESSAGE).message_id == "m-1"
    assert received[2] == pdu(0x80000015, sequence=77)


def test_what_gsm_cannot_say_goes_out_as_ucs2() -> None:
    with smsc(BOUND, TAKEN) as (port, received):
        sender(port).send(text("код"))
    # data_coding, sm_default_msg_id, sm_length, short_message
    assert received[1].endswith(b"\x08\0\x06" + "код".encode("utf-16-be"))


def test_no_validity_is_asked_for_a_message_without_one() -> None:
    with smsc(BOUND, TAKEN) as (port, received):
        sender(port).send(Message(**{**vars(MESSAGE), "lifetime": 0}))
    assert b"R\0" not in received[1] and b"012345" not in received[0]


def test_nothing_of_it_is_logged(caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG), smsc(BOUND, TAKEN) as (port, _):
        logging.getLogger("smpplib.client").disabled = False
        sender(port).send(MESSAGE)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"host": ""}, "host is empty."),
        ({"system_id": "x" * 16}, "system_id is longer than 15 characters, or not ASCII."),
        ({"password": "ninechars"}, "password is longer than 8 characters, or not ASCII."),
        ({"password": ""}, "password is empty."),
        ({"source": "Пример"}, "source is longer than 20 characters, or not ASCII."),
        ({"system_type": "x" * 13}, "system_type is longer than 12 characters, or not ASCII."),
        ({"ca_file": "nowhere.pem"}, "ca_file does not exist."),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    assert [found.msg for found in sender(2775, **options).check()] == [f"SMPPSender: {problem}"]
