"""How long a message may take, through however many senders it goes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

#: Seconds from the first step of the first sender to the last byte of the last.
TIMEOUT = 10.0
#: Seconds for one address of a host to accept a connection; then the next one is tried.
CONNECT_TIMEOUT = 3.0

_deadline: ContextVar[float | None] = ContextVar("phone_invites_deadline", default=None)


@contextmanager
def time_limit() -> Iterator[None]:
    """Let everything inside end within ``TIMEOUT``, or when an outer limit does."""
    inner = time.monotonic() + TIMEOUT
    outer = _deadline.get()
    token = _deadline.set(inner if outer is None else min(inner, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left() -> float:
    """Return the seconds that are left, below 0 after the end; ``TIMEOUT`` outside any limit."""
    deadline = _deadline.get()
    return TIMEOUT if deadline is None else deadline - time.monotonic()


def in_time(work: Callable[[], T], *, thread: str = "phone_invites") -> T:
    """Return what ``work`` returns, for what has no time-out of its own.

    It runs in a thread. One that is late goes on there, and is not waited for, not even by the end
    of the process: so it is no executor's.

    Raises:
        TimeoutError: the time is up.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised again by result()
            future.set_exception(error)

    threading.Thread(target=run, name=thread, daemon=True).start()
    if not wait([future], max(0.0, time_left())).done:
        raise TimeoutError
    return future.result()


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of ``host``.

    Raises:
        OSError, UnicodeError: it has none.
        TimeoutError: the resolver does not answer in time.
    """
    found = in_time(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return [str(address[0]) for *_, address in found]
