"""One session with an SMSC: smpplib's, over a connection that is bounded in time and size."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress
from typing import Any

from django_phone_invites.senders.clock import CONNECT_TIMEOUT, resolve, time_left

try:
    from smpplib import client, consts, exceptions, gsm, smpp
except ImportError as missing:  # pragma: no cover - tested in a process of its own
    raise ImportError(
        'SMPPSender needs smpplib: pip install "django-phone-invites[smpp]"'
    ) from missing

__all__ = ["BROKEN", "Session", "consts", "exceptions", "gsm"]

#: Seconds for the SMSC to say goodbye: the message is decided by then.
UNBIND_TIMEOUT = 1.0
#: Bytes that are read on one connection. The answers of an SMSC are some dozens each.
MAX_ANSWERS = 64 * 1024

#: What a broken connection, and bytes that are no PDU, come out of smpplib as.
BROKEN = (
    exceptions.ConnectionError,
    exceptions.PDUError,
    exceptions.UnknownCommandError,
    AttributeError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
)


class Session(client.Client):  # type: ignore[misc] # smpplib has no types
    """A client of smpplib over a connection of ours: its own knows no TLS names and no IPv6."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, logger_name="smpplib.client", allow_unknown_opt_params=True)
        # It logs every PDU: the password, the number and the text. Said for each session, because
        # a site that configures its logging anew turns loggers on again.
        self.logger.disabled = True

    def open(self, context: ssl.SSLContext | None) -> None:
        """Connect, with TLS if there is a context for it."""
        self._socket = _Connection(self.host, self.port, context)
        self.state = consts.SMPP_CLIENT_STATE_OPEN

    def submit(self, **fields: Any) -> tuple[int, str]:
        """Submit a short message and return the status and the id of the answer."""
        submitted = self.send_message(**fields)
        while True:
            pdu = self.read_pdu()
            if pdu.command == "generic_nack":
                return pdu.status, ""
            if pdu.command == "submit_sm_resp" and pdu.sequence == submitted.sequence:
                return pdu.status, (pdu.message_id or b"").decode("ascii", "replace")
            if pdu.command == "enquire_link":
                alive = smpp.make_pdu("enquire_link_resp", client=self)
                alive.sequence = pdu.sequence
                self.send_pdu(alive)

    def leave(self) -> None:
        """Unbind, if bound and if there is time, and close the connection."""
        if self.state == consts.SMPP_CLIENT_STATE_BOUND_TX:
            self._socket.hurry(UNBIND_TIMEOUT)
            with suppress(*BROKEN):
                self.unbind()
        self.disconnect()


class _Connection:
    """As much of a socket as smpplib uses. All steps share one deadline, all answers one length."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._deadline = time.monotonic() + time_left()
        self._allowed = MAX_ANSWERS
        self._socket = self._connect(host, port)
        if context is not None:
            self._socket.settimeout(self._left())
            self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def _connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first address of ``host`` that accepts."""
        error = OSError("The host has no address.")
        for address in resolve(host, port):
            try:
                return socket.create_connection((address, port), min(CONNECT_TIMEOUT, self._left()))
            except OSError as refused:
                error = refused
        raise error

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def hurry(self, seconds: float) -> None:
        """Leave no more time than this."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def recv(self, size: int) -> bytes:
        if self._allowed <= 0:
            raise OSError("The answers are too long.")
        self._socket.settimeout(self._left())
        received = self._socket.recv(min(size, self._allowed))
        self._allowed -= len(received)
        return received

    def close(self) -> None:
        self._socket.close()
