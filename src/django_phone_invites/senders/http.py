"""What senders over HTTP share: one request, bounded in time and size, and what came of it.

A connection of its own for each message: nothing is kept that a provider may have closed in the
meantime, so an error before the request went out is one that surely sent nothing.
"""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.core.checks import CheckMessage, Error
from django.views.decorators.debug import sensitive_variables

from django_phone_invites.senders.base import (
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.clock import CONNECT_TIMEOUT, resolve, time_left

try:
    import httpcore
except ImportError as missing:  # pragma: no cover - tested in a process of its own
    raise ImportError(
        'A sender over HTTP needs httpcore: pip install "django-phone-invites[http]"'
    ) from missing

#: Bytes of an answer that are read. A longer one is no provider's.
MAX_ANSWER = 64 * 1024

#: RFC 9110, 15.6.4, and RFC 6585, 4: the provider did not deal with the request, and says so. The
#: others are about the account: another provider may do.
_TEMPORARY = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
}


@dataclass(frozen=True)
class Request:
    """What is sent to a provider."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def form(cls, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Request:
        """Return a POST of form fields."""
        body = urlencode(fields).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return cls("POST", url, {**kind, **headers}, body)

    @classmethod
    def json(cls, url: str, data: object, headers: Mapping[str, str]) -> Request:
        """Return a POST of JSON."""
        kind = {"Content-Type": "application/json"}
        return cls("POST", url, {**kind, **headers}, json.dumps(data).encode())


@dataclass(frozen=True)
class Answer:
    """What a provider answered; of the body at most ``MAX_ANSWER`` bytes."""

    status: int
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        Raises:
            UnclearSendError: there is something else.
        """
        try:
            found = json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise UnclearSendError("The answer is no JSON object.", code="answer")
        return found

    def at(self, path: str) -> str:
        """Return what stands at ``path`` in the JSON object, as text; "" for nothing, or no JSON.

        Args:
            path: names and indexes, for example ``messages.0.id``.
        """
        try:
            found: Any = self.json()
        except UnclearSendError:
            return ""
        for step in path.split("."):
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                return ""
        return "" if found is None else str(found)


class HTTPSender(Sender):
    """A sender whose provider takes one HTTP request. What differs is in two methods."""

    #: Where the provider's API is.
    url: str

    @abstractmethod
    def request(self, message: Message) -> Request:
        """Return the request that sends ``message``."""

    @abstractmethod
    def read(self, answer: Answer) -> Receipt:
        """Return what an answer says, whatever its status.

        Raises:
            SendError: the provider did not take the message, and says why.
        """

    def problems(self) -> list[str]:
        """Return what is wrong with the options, a sentence each."""
        if self.url.startswith(("https://", "http://")):
            return []
        return ["url begins with neither https:// nor http://."]

    def check(self) -> list[CheckMessage]:
        """Report :meth:`problems`."""
        return [Error(f"{type(self).__name__}: {problem}") for problem in self.problems()]

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Send one request and read its answer.

        Raises:
            TemporarySendError, PermanentSendError: the provider did not take the message.
            UnclearSendError: it may have.
        """
        answer = exchange(self.request(message))
        try:
            return self.read(answer)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise UnclearSendError("The answer has another shape.", code="answer") from None


def basic_auth(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP's "Basic" scheme (RFC 7617)."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def refusal(answer: Answer, code: str = "") -> SendError:
    """Return the exception for an answer that takes no message, by its status alone.

    4xx is for good, but for 429 and what is about the account: 401, 402, 403. Of 5xx only 503 says
    that nothing was done; after any other the message may be on its way.
    """
    code = code or f"HTTP {answer.status}"
    if answer.status in _TEMPORARY:
        return TemporarySendError(code=code)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return PermanentSendError(code=code)
    return UnclearSendError(code=code)


@sensitive_variables()
def exchange(request: Request) -> Answer:
    """Send ``request`` and return the answer, within ``time_left()``. No redirect is followed.

    Resolving, connecting, TLS, request and answer share the time.

    Raises:
        TemporarySendError: there was no connection, or the URL or a header is none, so nothing was
            sent.
        UnclearSendError: the connection broke, or no whole answer came in time.
    """
    backend = _Backend(time.monotonic() + time_left())
    headers = {"Connection": "close", "Accept-Encoding": "identity", **request.headers}
    try:
        with (
            httpcore.ConnectionPool(network_backend=backend) as pool,
            pool.stream(
                request.method, request.url, headers=list(headers.items()), content=request.body
            ) as response,
        ):
            return Answer(response.status, _read_capped(response.iter_stream()))
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.UnsupportedProtocol) as error:
        raise TemporarySendError(str(error), code=type(error).__name__) from None
    except httpcore.LocalProtocolError as error:
        # Without its text, which has the header in it.
        raise TemporarySendError("A header cannot be sent.", code=type(error).__name__) from None
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise UnclearSendError(code=type(error).__name__) from None


def _read_capped(chunks: Iterable[bytes]) -> bytes:
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_ANSWER:
            raise UnclearSendError("The answer is too long.", code="answer")
    return body


class _Backend(httpcore.NetworkBackend):
    """Connects, and gives every step what is left of the time for all of them.

    A time-out for each read, which HTTP clients have, bounds nothing: a byte a second is in time.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of ``host`` that accepts."""
        error: Exception = httpcore.ConnectError()
        for address in _resolve(host, port):
            try:
                stream = self._backend.connect_tcp(
                    address,
                    port,
                    timeout=min(CONNECT_TIMEOUT, _left(self._deadline, httpcore.ConnectTimeout)),
                )
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refused:
                error = refused
        raise error


def _resolve(host: str, port: int) -> list[str]:
    try:
        return resolve(host, port)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host}: {error}") from error


def _left(deadline: float, late: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late
    return left


class _Stream(httpcore.NetworkStream):
    """A connection whose steps share one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            left = _left(self._deadline, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            # As the stream itself does when TLS fails; nobody else holds it yet.
            self.close()
            raise
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
