"""SMS through an SMSC that speaks SMPP 3.4."""

from __future__ import annotations

import secrets
import ssl
import time
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error
from django.views.decorators.debug import sensitive_variables

from django_phone_invites.segments import GSM_7
from django_phone_invites.senders.base import (
    DeliveryState,
    Message,
    PermanentSendError,
    Receipt,
    Sender,
    SendError,
    TemporarySendError,
    UnclearSendError,
)
from django_phone_invites.senders.smpp_session import BROKEN, Session, consts, exceptions, gsm

#: command_status that is about the number or the message (SMPP 3.4, 5.1.3). Any other is about the
#: account, what this SMSC supports, its load or nothing in particular: another may take it.
_PERMANENT = {
    consts.SMPP_ESME_RINVMSGLEN,
    consts.SMPP_ESME_RINVDSTADR,
    consts.SMPP_ESME_RINVDSTTON,
    consts.SMPP_ESME_RINVDSTNPI,
    consts.SMPP_ESME_RX_P_APPN,
    consts.SMPP_ESME_RX_R_APPN,
}


class SMPPSender(Sender):
    """Binds as a transmitter, submits one message and unbinds.

    Fields and statuses: Short Message Peer to Peer Protocol Specification 3.4, issue 1.2
    (https://smpp.org/SMPP_v3_4_Issue1_2.pdf), 4.1.1, 4.4.1, 5.1.3 and 7.1.1; the header of a part:
    3GPP TS 23.040, 9.2.3.24.1. A status other than ESME_ROK says that the SMSC took nothing.

    Delivery receipts come over a connection of another kind, which a site would have to keep open:
    this sender has none.

    Not verified: an SMSC in service. Whether data_coding 0 is the GSM alphabet, and whether a
    relative validity period is kept, is for each SMSC to say.

    Args:
        host: of the SMSC.
        port: 2775 by custom, 3550 with TLS.
        system_id: 15 characters at most.
        password: 8 characters at most.
        source: what the phone shows.
        source_ton: type of ``source``: 5 for letters, 1 for an international number without ``+``,
            3 for a short code, or as the operator says.
        source_npi: its numbering plan: 0 for letters, 1 for a number.
        tls: False sends password and codes in the clear: for a tunnel alone.
        ca_file: PEM of the authority that signed the SMSC's certificate, if no public one did.
        system_type: as the operator says.
        ucs2: send everything as UCS-2, where the SMSC's default alphabet is not GSM 03.38.
        registered_delivery: ask for receipts, for whatever else is bound as their receiver.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        system_id: str,
        password: str,
        source: str,
        source_ton: int = consts.SMPP_TON_ALNUM,
        source_npi: int = consts.SMPP_NPI_UNK,
        tls: bool = True,
        ca_file: str = "",
        system_type: str = "",
        ucs2: bool = False,
        registered_delivery: bool = False,
    ) -> None:
        self.host = host
        self.port = port
        self.system_id = system_id
        self.password = password
        self.source = source
        self.source_ton = source_ton
        self.source_npi = source_npi
        self.tls = tls
        self.ca_file = ca_file
        self.system_type = system_type
        self.ucs2 = ucs2
        self.registered_delivery = registered_delivery

    def check(self) -> list[CheckMessage]:
        """Report what does not fit its field, for smpplib cuts it off, and a file that is not."""
        problems = [] if self.host else ["host is empty."]
        for name, length in (
            ("system_id", 15),
            ("password", 8),
            ("source", 20),
            ("system_type", 12),
        ):
            value = getattr(self, name)
            if len(value) > length or not value.isascii():
                problems.append(f"{name} is longer than {length} characters, or not ASCII.")
            elif not value and name != "system_type":
                problems.append(f"{name} is empty.")
        if self.ca_file and not Path(self.ca_file).is_file():
            problems.append("ca_file does not exist.")
        return [Error(f"SMPPSender: {problem}") for problem in problems]

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Submit the text, in parts if it is long, and return the id of the first.

        Raises:
            TemporarySendError, PermanentSendError: the SMSC did not take the message.
            UnclearSendError: it may have, or it took some parts and not all.
        """
        parts, fields = _encode(message.text, ucs2=self.ucs2)
        session = Session(self.host, self.port)
        try:
            self._bind(session)
            ids: list[str] = []
            for part in parts:
                status, message_id = self._submit(session, message, short_message=part, **fields)
                if status != consts.SMPP_ESME_ROK:
                    raise _refusal(status, begun=bool(ids))
                ids.append(message_id)
        finally:
            session.leave()
        return Receipt(message_id=ids[0], state=DeliveryState.QUEUED)

    def _bind(self, session: Session) -> None:
        """Bind. Whatever goes wrong, no message was sent yet.

        Raises:
            TemporarySendError: there is no connection, or no account.
        """
        try:
            session.open(
                ssl.create_default_context(cafile=self.ca_file or None) if self.tls else None
            )
            session.bind_transmitter(
                system_id=self.system_id, password=self.password, system_type=self.system_type
            )
        except exceptions.PDUError as error:
            raise TemporarySendError(code=_code(error.args[-1])) from None
        except BROKEN as error:
            raise TemporarySendError(code=_reason(error)) from None
        if session.state != consts.SMPP_CLIENT_STATE_BOUND_TX:
            raise TemporarySendError("The SMSC answers something else.", code="answer")

    @sensitive_variables()
    def _submit(self, session: Session, message: Message, **fields: Any) -> tuple[int, str]:
        """Submit one part and return the status and the id of the answer.

        Raises:
            UnclearSendError: there is no answer.
        """
        try:
            return session.submit(
                source_addr_ton=self.source_ton,
                source_addr_npi=self.source_npi,
                source_addr=self.source,
                dest_addr_ton=consts.SMPP_TON_INTL,
                dest_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=message.phone.lstrip("+"),
                validity_period=_validity_period(message.lifetime),
                registered_delivery=int(self.registered_delivery),
                **fields,
            )
        except BROKEN as error:
            raise UnclearSendError(code=_reason(error)) from None


def _refusal(status: int, *, begun: bool) -> SendError:
    """Return the exception for a status, which is unclear once a part was taken before."""
    if begun:
        return UnclearSendError("Parts of it were taken.", code=_code(status))
    if status in _PERMANENT:
        return PermanentSendError(code=_code(status))
    return TemporarySendError(code=_code(status))


def _code(status: int) -> str:
    """Return a status as the specification writes it."""
    return f"0x{status:08X}"


def _reason(error: Exception) -> str:
    """Return what to call a connection that broke, or an answer that is no PDU."""
    broken = isinstance(error, exceptions.ConnectionError | OSError | UnicodeError)
    return type(error).__name__ if broken else "answer"


def _validity_period(seconds: int) -> str:
    """Return a time from now in the SMSC's notation (SMPP 3.4, 7.1.1.2); "" for its default."""
    if seconds <= 0:
        return ""
    # Of the day: a code lives for minutes.
    return f"000000{time.strftime('%H%M%S', time.gmtime(seconds))}000R"


def _encode(text: str, *, ucs2: bool) -> tuple[list[bytes], dict[str, int]]:
    """Return the text in one part or several, and the fields that say how to read them.

    Not by smpplib's ``make_parts``, which may cut a character of two septets in half.
    """
    if ucs2 or not GSM_7.issuperset(text):
        coding, whole, size = (
            consts.SMPP_ENCODING_ISO10646,
            consts.UCS2_LENGTH,
            consts.UCS2_PART_SIZE,
        )
        units = [character.encode("utf-16-be") for character in text]
    else:
        coding, whole, size = (
            consts.SMPP_ENCODING_DEFAULT,
            consts.SEVENBIT_LENGTH,
            consts.SEVENBIT_PART_SIZE,
        )
        units = [gsm.gsm_encode(character) for character in text]
    encoded = b"".join(units)
    if len(encoded) <= whole:
        return [encoded], {"data_coding": coding, "esm_class": consts.SMPP_MSGTYPE_DEFAULT}
    return _split(units, size), {"data_coding": coding, "esm_class": consts.SMPP_GSMFEAT_UDHI}


def _split(units: list[bytes], size: int) -> list[bytes]:
    """Return parts of at most ``size`` bytes, each behind the header that joins them again."""
    chunks = [b""]
    for unit in units:
        if len(chunks[-1]) + len(unit) > size:
            chunks.append(b"")
        chunks[-1] += unit
    reference = secrets.randbelow(256)
    return [
        bytes((5, consts.SMPP_UDHIEIE_CONCATENATED, 3, reference, len(chunks), number)) + chunk
        for number, chunk in enumerate(chunks, start=1)
    ]
