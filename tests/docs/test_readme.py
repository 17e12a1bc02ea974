"""The README and the reference of the API, followed on a fresh project."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from typing import Any

from tests.docs.markdown import DOCS, README, Block, needs_drf, read_blocks, section
from tests.docs.project import LOG_IN, Project


def test_readme_takes_at_most_ten_lines() -> None:
    blocks = re.findall(r"```python\n(.*?)```", section(README, "Add it to your site"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert 0 < len(lines) <= 10


def test_readme_adds_it_to_a_site(site: Project) -> None:
    assert "no issues" in site.manage("check")
    site.script(LOG_IN)


def _read_curl(text: str) -> dict[str, Any]:
    """Return the request that a line with curl makes."""
    words = shlex.split(text.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    request: dict[str, Any] = {"method": "", "headers": {}, "body": ""}
    while words:
        word = words.pop(0)
        if word == "-H":
            header, _, value = words.pop(0).partition(": ")
            request["headers"][header] = value
        elif word == "-d":
            request["body"] = words.pop(0)
        elif word == "-X":
            request["method"] = words.pop(0)
        else:
            request["path"] = re.sub("^http://127.0.0.1:8000", "", word)
    request["method"] = request["method"] or ("POST" if request["body"] else "GET")
    return request


CURL = """
import contextlib, io, re
from django.test import Client
from django_phone_invites.testing import sign_up

client = Client(SERVER_NAME="localhost")
known = {"$INVITE": sign_up("+79096869723").invite_code.code}

def fill(text):
    for word, value in known.items():
        text = text.replace(word, value)
    return text

for request, shown in exchanges:
    headers = {
        "HTTP_" + header.upper().replace("-", "_"): fill(value)
        for header, value in request["headers"].items()
    }
    content_type = headers.pop("HTTP_CONTENT_TYPE", "application/json")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        answer = client.generic(
            request["method"], fill(request["path"]), fill(request["body"]), content_type, **headers
        )
    assert answer.status_code in (200, 201), (request, answer.content)
    assert not answer.cookies
    body = answer.json()
    types = {key: type(value).__name__ for key, value in body.items()}
    assert types == {key: type(value).__name__ for key, value in shown.items()}, (request, body)
    if answer.status_code == 201:
        known["$ID"] = body["id"]
        sent = re.search(r"([+][0-9]+) ([0-9]{6})", printed.getvalue())
        assert sent.group(1) == body["phone"]
        known["$CODE"] = sent.group(2)
        assert known["$ID"] in answer["Location"]
    known["$TOKEN"] = body.get("token", known.get("$TOKEN", ""))
print(len(exchanges), "exchanges")
"""


def _exchanges(blocks: list[Block], mark: str) -> list[tuple[dict[str, Any], Any]]:
    return [
        (_read_curl(block.text), json.loads(answer.text))
        for block, answer in itertools.pairwise(blocks)
        if mark in block.marks
    ]


@needs_drf
def test_readme_adds_the_api(site: Project) -> None:
    blocks = read_blocks(README)
    site.follow(blocks, prefix="api ")
    assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "3 exchanges" in site.script(CURL, exchanges=_exchanges(blocks, "api curl"))


SKIN = """
from django.test import Client, override_settings
from django_phone_invites.testing import last_code

memory = {"BACKEND": "django_phone_invites.senders.memory.MemorySender"}
client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
with override_settings(PHONE_INVITES_SENDER=memory):
    token = client.post("/sign-in/", {"phone": "+79096869725"}).json()["token"]
    code = last_code("+79096869725")
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    for given, status, refusal in (
        ({"phone": "12"}, 400, "phone_invalid"),
        ({"phone": "+79096869725"}, 429, "rate_limited"),
        ({"token": token}, 400, "code_malformed"),
        ({"code": code}, 404, "code_not_found"),
        ({"token": token, "code": wrong}, 400, "code_invalid"),
    ):
        answer = client.post("/sign-in/", given)
        assert (answer.status_code, answer.json()) == (status, {"code": refusal}), answer.content
    key = client.post("/sign-in/", {"token": token, "code": code}).json()["key"]
profile = client.get("/api/profile/", HTTP_AUTHORIZATION=f"Token {key}")
assert profile.json()["phone"] == "+79096869725", profile.content
"""


@needs_drf
def test_reference_of_the_api(site: Project) -> None:
    blocks = read_blocks(DOCS / "reference/api.md")
    site.follow(blocks)
    assert "no issues" in site.manage("check")
    site.manage("migrate")
    assert "6 exchanges" in site.script(CURL, exchanges=_exchanges(blocks, "curl"))
    site.script(SKIN)


@needs_drf
def test_reference_and_readme_add_the_same_api() -> None:
    lines = [
        (mark.removeprefix("api "), block.text)
        for block in read_blocks(README)
        for mark in block.marks
        if mark.startswith("api append: ")
    ]
    page = read_blocks(DOCS / "reference/api.md")
    assert [(mark, block.text) for block in page for mark in block.marks][:2] == lines


def test_tutorial_and_readme_add_the_same() -> None:
    lines = {
        mark: block.text
        for block in read_blocks(README)
        for mark in block.marks
        if mark.startswith("append: ")
    }
    tutorial = [
        (mark, block.text) for block in read_blocks(DOCS / "tutorial.md") for mark in block.marks
    ]
    assert len(lines) == 2
    assert set(lines.items()) <= set(tutorial)
