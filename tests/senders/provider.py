"""A provider on loopback that answers with the bytes it is given, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

Serve = Callable[[socket.socket], None]


class Provider:
    """What came in, and where to send it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"


@contextlib.contextmanager
def running(serve: Serve) -> Iterator[Provider]:
    """Accept connections, read one request from each, and let ``serve`` answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    provider = Provider(listener.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                provider.requests.append(_read_request(connection))
                serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http(status: int, body: bytes, **headers: str) -> Serve:
    """Answer properly."""
    # Whoever is not told of the end may send the next request into it.
    lines = [f"HTTP/1.1 {status} Anything", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def raw(answer: bytes) -> Serve:
    """Answer with these bytes, whatever they are."""
    return lambda connection: connection.sendall(answer)


def trickle(connection: socket.socket) -> None:
    """Answer a byte at a time, well before any time-out for a single read, and never end."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def silence(connection: socket.socket) -> None:
    """Say nothing until the other side gives up."""
    connection.recv(1)


def reset(connection: socket.socket) -> None:
    """Break the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
