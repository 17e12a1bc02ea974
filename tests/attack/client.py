"""Requests that reach the server at the same moment: the last byte waits until all are ready."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

_addresses = itertools.count(1)


def new_address() -> str:
    """Return an address that no request came from before."""
    number = next(_addresses)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@dataclass(frozen=True)
class Answer:
    """What the server said; status 0 if it hung up before the end."""

    status: int
    body: Mapping[str, Any]
    text: str = ""
    location: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The code of a refusal, "" for none."""
        return str(self.body.get("code", ""))

    @property
    def outcome(self) -> str:
        """The code of a refusal, else the status."""
        return self.code or str(self.status)


@dataclass(frozen=True)
class Request:
    """A request of a client of the API, or with ``cookies`` of a browser."""

    method: str
    path: str
    body: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    #: What the proxy in front tells of the client. Each request has one of its own by default.
    address: str = field(default_factory=new_address)
    cookies: Mapping[str, str] | None = None
    #: The port of the server, 0 for the one that is attacked.
    port: int = 0

    def encode(self) -> bytes:
        """Return the bytes of the request."""
        is_form = self.cookies is not None
        body = (urlencode(self.body) if is_form else json.dumps(self.body)).encode()
        kind = "application/x-www-form-urlencoded" if is_form else "application/json"
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            f"X-Forwarded-For: {self.address}",
            "Connection: close",
        ]
        if self.token:
            lines.append(f"Authorization: Token {self.token}")
        if self.cookies:
            pairs = [f"{name}={value}" for name, value in self.cookies.items()]
            lines.append("Cookie: " + "; ".join(pairs))
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Browser:
    """A browser: its cookies, and its forms with the CSRF token in them."""

    def __init__(self, cookies: Mapping[str, str] | None = None) -> None:
        self.cookies = dict(cookies or {})

    def get(self, path: str) -> Request:
        """Return a request for a page."""
        return Request("GET", path, cookies=dict(self.cookies))

    def post(self, path: str, body: Mapping[str, str]) -> Request:
        """Return a request that sends a form."""
        fields = {**body, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
        return Request("POST", path, fields, cookies=dict(self.cookies))

    def keep(self, answer: Answer) -> Answer:
        """Keep the cookies of an answer."""
        self.cookies.update(answer.cookies)
        return answer


def send(request: Request, port: int, before_last: Callable[[], object] = int) -> Answer:
    """Send one request; call ``before_last`` before its last byte."""
    encoded = request.encode()
    with socket.create_connection(("127.0.0.1", request.port or port), timeout=90) as connection:
        connection.sendall(encoded[:-1])
        before_last()
        connection.sendall(encoded[-1:])
        return _read(connection)


def send_at_once(
    port: int, requests: list[Request], meanwhile: Callable[[], object] | None = None
) -> list[Answer]:
    """Send all requests so that none is complete before every other is there but for a byte.

    Args:
        port: where to, unless a request says otherwise.
        requests: what to send.
        meanwhile: is called at the moment of the last byte, in a thread of its own.
    """
    ready = threading.Barrier(len(requests) + (meanwhile is not None), timeout=60)

    def wait_and_call() -> None:
        ready.wait()
        if meanwhile is not None:
            meanwhile()

    with ThreadPoolExecutor(len(requests) + 1) as pool:
        called = pool.submit(wait_and_call) if meanwhile is not None else None
        answers = list(pool.map(lambda request: send(request, port, ready.wait), requests))
        if called is not None:
            called.result()
        return answers


def to(port: int, request: Request) -> Request:
    """Return the same request to another server."""
    return replace(request, port=port)


def _read(connection: socket.socket) -> Answer:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    head, _, content = received.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    pairs = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in headers)]
    has_no_body = received.startswith(b"HTTP/1.1 204") and received.endswith(b"\r\n\r\n")
    if not has_no_body and ("content-length", str(len(content))) not in pairs:
        return Answer(0, {})  # The server was killed before it had said everything.
    text = content.decode()
    is_json = ("content-type", "application/json") in pairs
    return Answer(
        status=int(status.split(" ")[1]),
        body=json.loads(text) if is_json else {},
        text=text,
        location=dict(pairs).get("location", ""),
        cookies={
            name: morsel.value
            for header, value in pairs
            if header == "set-cookie"
            for name, morsel in SimpleCookie(value).items()
        },
    )
