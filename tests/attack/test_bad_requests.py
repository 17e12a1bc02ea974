"""What only a real server sees: bytes that are no HTTP, lengths that lie, and how much memory it takes."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest
from django.conf import settings

from tests.attack.server import Server
from tests.bad_input import kept

pytestmark = pytest.mark.skipif(not settings.HAS_DRF, reason="the attacks go through the API")

MEGABYTE = 1024 * 1024
BODY = b'{"phone": "x"}'
API, PAGE = "POST /api/codes/ HTTP/1.1", "POST /user/ HTTP/1.1"
# Without it Django refuses a form before it reads a byte.
COOKIE = f"Cookie: csrftoken={'a' * 32}"
JSON = "Content-Type: application/json"
PARTS = "Content-Type: multipart/form-data; boundary=x"
FORM = "Content-Type: application/x-www-form-urlencoded"

#: What is sent, and the statuses it may have. None: the server may hang up without a word.
REQUESTS: dict[str, tuple[list[str], bytes, set[int | None]]] = {
    "chunks": ([API, JSON, "Transfer-Encoding: chunked"], b"e\r\n" + BODY + b"\r\n0\r\n\r\n", {400}),
    "broken chunks": ([API, JSON, "Transfer-Encoding: chunked"], b"zz\r\n" + BODY, {400, None}),
    "endless chunks": ([API, JSON, "Transfer-Encoding: chunked"], b"f" * 40 + b"\r\n", {400, None}),
    "chunks and a length": (
        [API, JSON, "Transfer-Encoding: chunked", "Content-Length: 14"], BODY, {400, None},
    ),
    "less than the length": ([API, JSON, "Content-Length: 100"], BODY, {400}),
    "less than the length, for a page": ([PAGE, FORM, COOKIE, "Content-Length: 100"], b"phone=1", {403}),
    "more than the length": ([API, JSON, "Content-Length: 5"], BODY, {400}),
    "a negative length": ([API, JSON, "Content-Length: -5"], BODY, {400}),
    "a length of letters": ([API, JSON, "Content-Length: x"], BODY, {400}),
    "a length of 5,000 digits": ([API, JSON, f"Content-Length: {'9' * 5_000}"], BODY, {400, 413}),
    "two lengths": ([API, JSON, "Content-Length: 14", "Content-Length: 5"], BODY, {400}),
    "a NUL in a header": (["GET /api/profile/ HTTP/1.1", "Authorization: Token a\0b"], b"", {400, 401}),
    "bytes in a header": (["GET /api/profile/ HTTP/1.1", "Authorization: Token \xff\xfe"], b"", {401}),
    "10 KB of a header": (["GET /user/ HTTP/1.1", f"Accept-Language: {'ru,' * 4_000}"], b"", {400, 431}),
    "a NUL in a path": (["GET /api/codes/%00/ HTTP/1.1"], b"", {405}),
    "bytes in a path": (["POST /api/codes/\xff\xfe/ HTTP/1.1", "Content-Length: 0"], b"", {400, 404}),
    "bytes in a query": (["GET /user/?next=\xff&invite=%ff HTTP/1.1"], b"", {200, 400}),
}  # fmt: skip


@pytest.fixture
def atomic_requests() -> bool:
    return True


@pytest.fixture
def isolation() -> str:
    return ""


def send(server: Server, lines: list[str], body: bytes) -> int | None:
    """Send a request as it is, and no more; return the status, None if the server hung up."""
    head = "\r\n".join([*lines, "Host: 127.0.0.1", "Connection: close"]).encode("latin-1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        try:
            connection.sendall(head + b"\r\n\r\n" + body)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It does not read what it refuses, but may have said so.
        try:
            answer = connection.recv(65536)
        except OSError:
            return None
    return int(answer.split(b" ")[1]) if answer else None


def hang_up(server: Server, lines: list[str], body: bytes) -> None:
    """Send half a request and reset the connection."""
    head = "\r\n".join([*lines, "Host: 127.0.0.1"]).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(head + b"\r\n\r\n" + body)


def peaks(server: Server) -> list[int]:
    """Return the most memory that each worker has held, in bytes (proc(5): VmHWM)."""
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc")
    found = []
    for pid in server.workers():
        status = Path(f"/proc/{pid}/status").read_text()
        found.append(int(status.split("VmHWM:")[1].split()[0]) * 1024)
    return found


def test_what_is_no_request_is_refused_and_changes_nothing(server: Server) -> None:
    before = kept()
    wrong = {}
    for name, (lines, body, expected) in REQUESTS.items():
        status = send(server, lines, body)
        if status not in expected:
            wrong[name] = status
    assert wrong == {}
    assert kept() == before


def test_clients_that_go_away_break_nothing(server: Server) -> None:
    before = kept()
    for _ in range(20):
        hang_up(server, [API, JSON, "Content-Length: 100"], BODY)
        hang_up(server, [PAGE, FORM, COOKIE, "Content-Length: 100"], b"phone=1")
    assert send(server, [API, JSON, f"Content-Length: {len(BODY)}"], BODY) == 400
    assert kept() == before


def test_bodies_of_20_mb_are_refused_and_take_no_memory(server: Server) -> None:
    """The server may hang up on whoever goes on sending what it does not read."""
    before = kept()
    small = [JSON, f"Content-Length: {len(BODY)}"]
    multipart = b'--x\r\nContent-Disposition: form-data; name="phone"; filename="a"\r\n\r\n'
    large = [
        ([API, JSON], b'{"phone": "', {413, None}),
        (["POST /api/codes/x/ HTTP/1.1", JSON], b"[" * MEGABYTE, {413, None}),
        ([PAGE, FORM, COOKIE], b"phone=", {400, None}),
        ([PAGE, PARTS, COOKIE], multipart, {403, None}),
    ]
    for _ in range(10):
        assert send(server, [API, *small], BODY) == 400
        assert send(server, [PAGE, FORM, COOKIE, "Content-Length: 7"], b"phone=1") == 403
    warm = peaks(server)
    for lines, start, expected in large:
        body = start + b"1" * (20 * MEGABYTE - len(start))
        statuses = {send(server, [*lines, f"Content-Length: {len(body)}"], body) for _ in range(6)}
        assert statuses <= expected, lines
        assert statuses != {None}, lines
    grown = [after - worker for worker, after in zip(warm, peaks(server), strict=True)]
    print("grown by", grown)
    # One body that was held whole would take as much and more.
    assert max(grown) < 20 * MEGABYTE
    assert kept() == before
