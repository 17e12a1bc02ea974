"""Requests that reach the server at the same moment: the last byte waits until all are ready."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The code of a refusal, "" for none."""
        return str(self.body.get("code", ""))


@dataclass(frozen=True)
class Request:
    """A request with a JSON body."""

    method: str
    path: str
    body: dict[str, Any]
    token: str = ""

    def encode(self, host: str) -> bytes:
        """Return the bytes of the request."""
        body = json.dumps(self.body).encode()
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {host}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        if self.token:
            lines.append(f"Authorization: Token {self.token}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send_at_once(port: int, requests: list[Request]) -> list[Answer]:
    """Send all requests so that none is complete before every other is there but for a byte."""
    ready = threading.Barrier(len(requests), timeout=60)

    def send(request: Request) -> Answer:
        encoded = request.encode("127.0.0.1")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(encoded[:-1])
            ready.wait()
            connection.sendall(encoded[-1:])
            return _read(connection)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


def _read(connection: socket.socket) -> Answer:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return Answer(status=int(head.split(b" ")[1]), body=json.loads(body))
