"""Amazon SNS: against moto's server, and against the answers that moto does not give."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any
from unittest import TestCase
from urllib.parse import parse_qsl

import pytest

from django_phone_invites.senders import (
    DeliveryState,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.testing import SenderContract
from tests.senders.provider import Serve, http, raw, reset, running, silence
from tests.senders.test_http import MESSAGE

pytest.importorskip("boto3", reason="boto3 is not installed: no SNS.")

from django_phone_invites.senders import sns

#: As in the API reference's sample of an answer.
PUBLISHED = b"""<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>
<ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata>
</PublishResponse>"""


def refused(status: int, code: str) -> Serve:
    """Answer as the service model describes errors; the text of a real one names the number."""
    body = f"""<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>
    <Type>Sender</Type><Code>{code}</Code><Message>+79096869722: 012345</Message></Error>
    <RequestId>9dd01905-5012-5f99-8663-4b3ecd0dfaef</RequestId></ErrorResponse>"""
    return http(status, body.encode())


def sender(port: int = 1, **options: Any) -> sns.SNSSender:
    keys = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "5ecret"}
    url = f"http://127.0.0.1:{port}"
    return sns.SNSSender(**{"region": "eu-central-1", "endpoint_url": url, **keys, **options})


class SNSSenderTests(SenderContract, TestCase):
    def answered(self, serve: Serve) -> Sender:
        context = running(serve)
        provider = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return sender(provider.port)

    def make_sender(self) -> Sender:
        return self.answered(http(200, PUBLISHED))

    def make_failing_sender(self) -> Sender:
        return self.answered(refused(400, "InvalidParameter"))


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed.")
    running_server = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running_server.start()
    yield running_server.get_host_and_port()[1]
    running_server.stop()


def test_moto_gets_the_message(moto_port: int) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sns.models import sns_backends

    receipt = sender(moto_port, sender_id="Example", max_price="0.50").send(MESSAGE)
    assert receipt.state == DeliveryState.QUEUED
    kept = sns_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sms_messages
    assert kept == {receipt.message_id: ("+79096869722", "012345 is your code.")}


def test_the_request_is_a_signed_publish_with_the_attributes_of_an_sms() -> None:
    with running(http(200, PUBLISHED)) as provider:
        receipt = sender(provider.port, sender_id="Example", max_price="0.50").send(MESSAGE)
    assert receipt == Receipt("567910cd-659e-55d4-8ccb-5aaf14679dc0", DeliveryState.QUEUED)
    (received,) = provider.requests
    head, _, body = received.decode().partition("\r\n\r\n")
    assert head.startswith("POST / HTTP/1.1\r\n")
    assert "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" in head
    assert "/eu-central-1/sns/aws4_request" in head
    assert dict(parse_qsl(body, strict_parsing=True)) == {
        "Action": "Publish",
        "Version": "2010-03-31",
        "PhoneNumber": "+79096869722",
        "Message": "012345 is your code.",
        "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
        "MessageAttributes.entry.1.Value.DataType": "String",
        "MessageAttributes.entry.1.Value.StringValue": "Transactional",
        "MessageAttributes.entry.2.Name": "AWS.SNS.SMS.SenderID",
        "MessageAttributes.entry.2.Value.DataType": "String",
        "MessageAttributes.entry.2.Value.StringValue": "Example",
        "MessageAttributes.entry.3.Name": "AWS.SNS.SMS.MaxPrice",
        "MessageAttributes.entry.3.Value.DataType": "Number",
        "MessageAttributes.entry.3.Value.StringValue": "0.50",
    }


@pytest.mark.parametrize(
    ("serve", "error", "code"),
    [
        # Errors of Publish in botocore's service model (sns/2010-03-31).
        (refused(400, "InvalidParameter"), PermanentSendError, "InvalidParameter"),
        (refused(400, "ValidationException"), PermanentSendError, "ValidationException"),
        (refused(400, "ParameterValueInvalid"), TemporarySendError, "ParameterValueInvalid"),
        (refused(403, "AuthorizationError"), TemporarySendError, "AuthorizationError"),
        (refused(500, "InternalError"), UnclearSendError, "InternalError"),
        # Of other actions on phone numbers, there.
        (refused(400, "OptedOut"), PermanentSendError, "OptedOut"),
        (refused(429, "Throttled"), TemporarySendError, "Throttled"),
        # Common Errors in the API reference.
        (refused(400, "ThrottlingException"), TemporarySendError, "ThrottlingException"),
        (refused(400, "AccessDeniedException"), TemporarySendError, "AccessDeniedException"),
        (refused(400, "IncompleteSignature"), TemporarySendError, "IncompleteSignature"),
        (refused(400, "RequestExpired"), TemporarySendError, "RequestExpired"),
        (refused(403, "InvalidClientTokenId"), TemporarySendError, "InvalidClientTokenId"),
        (refused(403, "OptInRequired"), TemporarySendError, "OptInRequired"),
        (refused(503, "ServiceUnavailable"), TemporarySendError, "ServiceUnavailable"),
        # Nobody's.
        (http(502, b"<html>"), UnclearSendError, "502"),
        (http(200, b"<html>"), UnclearSendError, "ResponseParserError"),
        (http(200, PUBLISHED.replace(b"MessageId", b"Id")), UnclearSendError, "KeyError"),
        (raw(b""), UnclearSendError, "ConnectionClosedError"),
        (reset, UnclearSendError, "ConnectionClosedError"),
        (silence, UnclearSendError, "ReadTimeoutError"),
    ],
)
def test_an_error_is_temporary_permanent_or_unclear_and_is_met_once(
    serve: Serve, error: type[SendError], code: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(sns, "READ_TIMEOUT", 0.3)
    with running(serve) as provider, pytest.raises(error) as caught:
        sender(provider.port).send(MESSAGE)
    assert (type(caught.value), caught.value.code) == (error, code)
    assert len(provider.requests) == 1


def test_what_never_got_a_connection_was_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    with pytest.raises(TemporarySendError) as caught:
        sender(free).send(MESSAGE)
    assert caught.value.code == "EndpointConnectionError"


def test_a_server_that_speaks_no_tls_gets_nothing() -> None:
    received = []

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"SSH-2.0-OpenSSH\r\n")
            received.append(connection.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TemporarySendError) as caught:
            sender(endpoint_url=f"https://127.0.0.1:{listener.getsockname()[1]}").send(MESSAGE)
        thread.join(10)
    assert caught.value.code == "SSLError"
    assert b"012345" not in received[0]


@pytest.fixture
def no_keys(monkeypatch: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_without_keys_those_are_used_that_boto3_finds(no_keys: None, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "5ecret")
    with running(http(200, PUBLISHED)) as provider:
        sender(provider.port, access_key_id="", secret_access_key="").send(MESSAGE)
    assert b"Credential=AKIDENVIRONMENT/" in provider.requests[0]


def test_no_credentials_anywhere_is_for_another_provider(no_keys: None) -> None:
    with pytest.raises(TemporarySendError) as caught:
        sender(access_key_id="", secret_access_key="").send(MESSAGE)
    assert caught.value.code == "NoCredentialsError"


def test_all_of_it_is_within_ten_seconds() -> None:
    config = sender()._client().meta.config
    assert (config.connect_timeout + config.read_timeout) < 10
    assert config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"region": ""}, "region is empty."),
        ({"secret_access_key": ""}, "access_key_id and secret_access_key go together."),
        ({"sender_id": "12345"}, "sender_id is not"),
        ({"sender_id": "twelve-chars"}, "sender_id is not"),
        ({"sender_id": "My Shop"}, "sender_id is not"),
        ({"sender_id": "-Shop"}, "sender_id is not"),
        ({"sms_type": "transactional"}, "sms_type is neither"),
        ({"max_price": "0,50"}, "max_price is no amount"),
    ],
)
def test_wrong_options_are_reported(options: dict[str, Any], problem: str) -> None:
    (found,) = sender(**options).check()
    assert found.msg.startswith(f"SNSSender: {problem}")


def test_right_options_are_not() -> None:
    keyless = {"access_key_id": "", "secret_access_key": ""}
    assert sender(sender_id="My-Shop-24", sms_type="Promotional", max_price="1").check() == []
    assert sender(sender_id="A", **keyless).check() == []
