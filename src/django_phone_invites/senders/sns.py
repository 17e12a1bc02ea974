"""SMS through Amazon Simple Notification Service."""

from __future__ import annotations

import re
from contextlib import closing
from http import HTTPStatus
from typing import Any

from django.core.checks import CheckMessage, Error
from django.views.decorators.debug import sensitive_variables

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
from django_phone_invites.senders.clock import CONNECT_TIMEOUT, time_left

try:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
    )
    from botocore.parsers import ResponseParserError
except ImportError as missing:  # pragma: no cover - tested in a process of its own
    raise ImportError('SNSSender needs boto3: pip install "django-phone-invites[sns]"') from missing

#: Seconds for each read of the answer. One attempt: a second may be a second SMS.
READ_TIMEOUT = 5.0

#: The account or the region's service, said by the status alone (Common Errors, and Publish).
_TEMPORARY_STATUSES = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
#: The same, said with 400 (Common Errors). ParameterValueInvalid (Publish) is about an entry of the
#: attributes, and those are options of ours: a sender id that SNS does not take, for example.
_TEMPORARY = {
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "NotAuthorized",
    "ParameterValueInvalid",
    "RequestExpired",
    "Throttled",
    "Throttling",
    "ThrottlingException",
}

#: Letters, digits and inner hyphens, with a letter among them.
_SENDER_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9-]{0,9}[A-Za-z0-9])?")


class SNSSender(Sender):
    """Publishes to a phone number, once.

    Parameters and errors: Amazon SNS API Reference, "Publish" and "Common Errors"
    (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html), and the service model in
    botocore; attributes of an SMS: Amazon SNS Developer Guide, "Publishing SMS messages to a mobile
    phone" (https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html).

    SNS takes no validity period for an SMS, and reports deliveries to CloudWatch alone.

    Not verified: what an account in the SMS sandbox is answered for a number that it has not
    verified, and whether an opted-out number is refused at once (``OptedOut``) or only in the log.

    Args:
        region: for example ``eu-central-1``.
        access_key_id: with ``secret_access_key``, credentials of a user; without both, wherever
            boto3 finds some (environment, files, the role of the machine).
        sender_id: what the phone shows, where the country allows it.
        sms_type: ``Transactional``, or ``Promotional``, which is cheaper and may come late.
        max_price: the most that one message may cost, in US dollars, for example ``"0.50"``.
        endpoint_url: another address than the region's own: a VPC endpoint, a counterpart in tests.
    """

    def __init__(
        self,
        *,
        region: str,
        access_key_id: str = "",
        secret_access_key: str = "",
        sender_id: str = "",
        sms_type: str = "Transactional",
        max_price: str = "",
        endpoint_url: str = "",
    ) -> None:
        self.region = region
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.sender_id = sender_id
        self.sms_type = sms_type
        self.max_price = max_price
        self.endpoint_url = endpoint_url

    def check(self) -> list[CheckMessage]:
        """Report half of a pair of keys, and attributes that SNS would refuse."""
        problems = []
        if not self.region:
            problems.append("region is empty.")
        if bool(self.access_key_id) != bool(self.secret_access_key):
            problems.append("access_key_id and secret_access_key go together.")
        if self.sender_id and not _SENDER_ID.fullmatch(self.sender_id):
            problems.append(
                "sender_id is not up to 11 letters, digits and inner hyphens with a letter."
            )
        if self.sms_type not in {"Transactional", "Promotional"}:
            problems.append('sms_type is neither "Transactional" nor "Promotional".')
        if self.max_price and not re.fullmatch(r"[0-9]+(\.[0-9]+)?", self.max_price):
            problems.append('max_price is no amount like "0.50".')
        return [Error(f"SNSSender: {problem}") for problem in problems]

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Publish the text to the number.

        Raises:
            TemporarySendError, PermanentSendError: SNS did not take the message.
            UnclearSendError: it may have.
        """
        try:
            with closing(self._client()) as client:
                published = client.publish(
                    PhoneNumber=message.phone,
                    Message=message.text,
                    MessageAttributes=self._attributes(),
                )
            return Receipt(message_id=published["MessageId"], state=DeliveryState.QUEUED)
        except ClientError as error:
            raise _refusal(error) from None
        except (HTTPClientError, ResponseParserError, LookupError) as error:
            raise UnclearSendError(code=type(error).__name__) from None
        except BotoCoreError as error:
            # No credentials, no connection: all that botocore raises before a request is out.
            raise TemporarySendError(code=type(error).__name__) from None

    def _client(self) -> Any:
        # From a session of its own: boto3's default one must not be shared between threads.
        return Session().client(
            "sns",
            region_name=self.region,
            aws_access_key_id=self.access_key_id or None,
            aws_secret_access_key=self.secret_access_key or None,
            endpoint_url=self.endpoint_url or None,
            config=Config(
                connect_timeout=min(CONNECT_TIMEOUT, time_left()),
                read_timeout=min(READ_TIMEOUT, time_left()),
                retries={"total_max_attempts": 1, "mode": "standard"},
            ),
        )

    def _attributes(self) -> dict[str, dict[str, str]]:
        kinds = {
            "SMSType": ("String", self.sms_type),
            "SenderID": ("String", self.sender_id),
            "MaxPrice": ("Number", self.max_price),
        }
        return {
            f"AWS.SNS.SMS.{name}": {"DataType": kind, "StringValue": value}
            for name, (kind, value) in kinds.items()
            if value
        }


def _refusal(error: ClientError) -> SendError:
    """Return the exception for an answer with an error in it."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    code = error.response["Error"]["Code"]
    if status in _TEMPORARY_STATUSES or code in _TEMPORARY:
        return TemporarySendError(code=code)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return PermanentSendError(code=code)
    return UnclearSendError(code=code)
